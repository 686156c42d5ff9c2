//! `sqlite_databases`: SQL statements on a named database, through `fermyon:spin/sqlite` and `spin:sqlite/sqlite`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::interface::{Declaration, Interface, Request, Site};
use super::labels::Labels;
use super::stores::StoreTable;
use crate::instance::grants::Grant;
use crate::instance::state::{State, TooManyHandles};
use crate::storage::{Database, Failure, Rows, Value};

use bindings::fermyon::spin::sqlite as v2;
use bindings::spin::sqlite::sqlite as v3;

mod bindings {
    #![allow(unsafe_code, unreachable_pub, reason = "generated")]

    wasmtime::component::bindgen!({
        path: ["wit/spin", "wit/spin-sqlite"],
        interfaces: "
            import fermyon:spin/sqlite@2.0.0;
            import spin:sqlite/sqlite@3.0.0;
        ",
        imports: { default: async | trappable },
        with: {
            "fermyon:spin/sqlite.connection": crate::interfaces::sqlite::Connection,
            "spin:sqlite/sqlite.connection": crate::interfaces::sqlite::Connection,
        },
    });
}

/// Components choose the journal mode of these files.
const STORES: StoreTable = StoreTable { name: "sqlite_database", default_file: "sqlite_db.db", setup: "" };

pub(super) static INTERFACE: Interface = Interface {
    key: "sqlite_databases",
    more_keys: &[],
    stores: Some(STORES),
    wit: &["fermyon:spin/sqlite", "spin:sqlite/sqlite"],
    check,
    link,
};

fn check(declared: &Declaration<'_>) -> Result<Box<dyn Request>> {
    Labels::read(declared, &INTERFACE, open)
}

/// The databases a component may open, by label.
struct Granted(BTreeMap<String, Arc<Database>>);

fn open(site: &mut Site<'_>, labels: &[String]) -> Result<Box<dyn Grant>> {
    Ok(Box::new(Granted(site.stores.open(&STORES, labels)?)))
}

impl Grant for Granted {}

fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    v2::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    v3::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// An open connection: a share in the database.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection(Arc<Database>);

/// Why a connection cannot be opened; both versions of the interface know these.
enum OpenError {
    AccessDenied,
    TooMany,
}

impl State {
    fn open_database(&mut self, label: &str) -> Result<Resource<Connection>, OpenError> {
        let database = self.grant().and_then(|Granted(databases)| databases.get(label));
        let connection = Connection(database.ok_or(OpenError::AccessDenied)?.clone());
        self.hold(connection).map_err(|TooManyHandles| OpenError::TooMany)
    }

    async fn execute_statement(
        &mut self,
        connection: &Resource<Connection>,
        statement: &str,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Failure>> {
        let database = self.held(connection)?.0.clone();
        Ok(database.execute(statement, parameters).await)
    }
}

const TOO_MANY: &str = "too many connections opened";

// The two versions have the same records and functions under different types; one of them has some functions `more`.
macro_rules! serve {
    ($version:ident { $($more:tt)* }) => {
        impl From<$version::Value> for Value {
            fn from(value: $version::Value) -> Self {
                match value {
                    $version::Value::Integer(integer) => Value::Integer(integer),
                    $version::Value::Real(real) => Value::Real(real),
                    $version::Value::Text(text) => Value::Text(text),
                    $version::Value::Blob(blob) => Value::Blob(blob),
                    $version::Value::Null => Value::Null,
                }
            }
        }

        impl From<Value> for $version::Value {
            fn from(value: Value) -> Self {
                match value {
                    Value::Integer(integer) => $version::Value::Integer(integer),
                    Value::Real(real) => $version::Value::Real(real),
                    Value::Text(text) => $version::Value::Text(text),
                    Value::Blob(blob) => $version::Value::Blob(blob),
                    Value::Null => $version::Value::Null,
                }
            }
        }

        impl From<Rows> for $version::QueryResult {
            fn from(rows: Rows) -> Self {
                let row = |values: Vec<Value>| $version::RowResult {
                    values: values.into_iter().map(Into::into).collect(),
                };
                $version::QueryResult {
                    columns: rows.columns,
                    rows: rows.rows.into_iter().map(row).collect(),
                }
            }
        }

        impl From<OpenError> for $version::Error {
            fn from(error: OpenError) -> Self {
                match error {
                    OpenError::AccessDenied => $version::Error::AccessDenied,
                    OpenError::TooMany => $version::Error::Io(TOO_MANY.into()),
                }
            }
        }

        impl $version::Host for State {}

        impl $version::HostConnection for State {
            async fn open(
                &mut self,
                database: String,
            ) -> wasmtime::Result<Result<Resource<Connection>, $version::Error>> {
                Ok(self.open_database(&database).map_err(Into::into))
            }

            async fn execute(
                &mut self,
                connection: Resource<Connection>,
                statement: String,
                parameters: Vec<$version::Value>,
            ) -> wasmtime::Result<Result<$version::QueryResult, $version::Error>> {
                let parameters = parameters.into_iter().map(Into::into).collect();
                let result = self.execute_statement(&connection, &statement, parameters).await?;
                Ok(result.map(Into::into).map_err(|failure| $version::Error::Io(failure.to_string())))
            }

            async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
                self.release(connection)
            }

            $($more)*
        }
    };
}

serve!(v2 {});
serve!(v3 {
    async fn last_insert_rowid(&mut self, connection: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(self.held(&connection)?.0.last_insert_rowid())
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(self.held(&connection)?.0.changes())
    }
});
