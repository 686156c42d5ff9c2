//! `fermyon:spin/sqlite` and `spin:sqlite/sqlite`: SQL statements on a named database.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::MAX_OPEN_HANDLES;
use super::bindings::fermyon::spin::sqlite as v2;
use super::bindings::spin::sqlite::sqlite as v3;
use crate::instance::state::State;
use crate::storage::{Database, Rows, Value};

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
        let database = self.grants.sqlite.get(label).ok_or(OpenError::AccessDenied)?;
        let connection = Connection(database.clone());
        self.open_handles += 1;
        if self.open_handles > MAX_OPEN_HANDLES {
            self.open_handles -= 1;
            return Err(OpenError::TooMany);
        }
        self.table.push(connection).map_err(|_| OpenError::TooMany)
    }

    async fn execute_statement(
        &mut self,
        connection: &Resource<Connection>,
        statement: &str,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, String>> {
        let database = self.table.get(connection)?.0.clone();
        Ok(database.execute(statement, parameters).await)
    }

    fn close_database(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        self.open_handles -= 1;
        Ok(())
    }
}

const TOO_MANY: &str = "too many connections opened";

// The two versions have the same records under different types.
macro_rules! conversions {
    ($version:ident) => {
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
    };
}

conversions!(v2);
conversions!(v3);

impl v2::HostConnection for State {
    async fn open(&mut self, database: String) -> wasmtime::Result<Result<Resource<Connection>, v2::Error>> {
        Ok(self.open_database(&database).map_err(Into::into))
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<v2::Value>,
    ) -> wasmtime::Result<Result<v2::QueryResult, v2::Error>> {
        let parameters = parameters.into_iter().map(Into::into).collect();
        let result = self.execute_statement(&connection, &statement, parameters).await?;
        Ok(result.map(Into::into).map_err(v2::Error::Io))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.close_database(connection)
    }
}

impl v3::HostConnection for State {
    async fn open(&mut self, database: String) -> wasmtime::Result<Result<Resource<Connection>, v3::Error>> {
        Ok(self.open_database(&database).map_err(Into::into))
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<v3::Value>,
    ) -> wasmtime::Result<Result<v3::QueryResult, v3::Error>> {
        let parameters = parameters.into_iter().map(Into::into).collect();
        let result = self.execute_statement(&connection, &statement, parameters).await?;
        Ok(result.map(Into::into).map_err(v3::Error::Io))
    }

    async fn last_insert_rowid(&mut self, connection: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(self.table.get(&connection)?.0.last_insert_rowid())
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&connection)?.0.changes())
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.close_database(connection)
    }
}
