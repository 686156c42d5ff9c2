//! `key_value_stores`: keys and values in a table of an SQLite file, through `fermyon:spin/key-value`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::interface::{Declaration, Interface, Request, Site};
use super::labels::Labels;
use super::stores::StoreTable;
use crate::instance::grants::Grant;
use crate::instance::state::{State, TooManyHandles};
use crate::storage::{Database, Rows, Value};

use bindings::fermyon::spin::key_value::{self, Error};

mod bindings {
    #![allow(unsafe_code, unreachable_pub, reason = "generated")]

    wasmtime::component::bindgen!({
        path: "wit/spin",
        interfaces: "import fermyon:spin/key-value@2.0.0;",
        imports: { default: async | trappable },
        with: { "fermyon:spin/key-value.store": crate::interfaces::key_value::Store },
    });
}

const STORES: StoreTable = StoreTable {
    name: "key_value_store",
    default_file: "sqlite_key_value.db",
    // The file is the host's own, so the host chooses its journal mode.
    setup: "PRAGMA journal_mode = WAL; \
            CREATE TABLE IF NOT EXISTS spin_key_value \
            (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))",
};

const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (store, key) DO UPDATE SET value = ?3";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
const EXISTS: &str = "SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store = ?1";

pub(super) static INTERFACE: Interface = Interface {
    key: "key_value_stores",
    more_keys: &[],
    stores: Some(STORES),
    wit: &["fermyon:spin/key-value", "spin:key-value/key-value", "wasi:keyvalue/store"],
    check,
    link,
};

fn check(declared: &Declaration<'_>) -> Result<Box<dyn Request>> {
    Labels::read(declared, &INTERFACE, open)
}

/// The stores a component may open, by label.
struct Granted(BTreeMap<String, Store>);

fn open(site: &mut Site<'_>, labels: &[String]) -> Result<Box<dyn Grant>> {
    let databases = site.stores.open(&STORES, labels)?;
    let store = |(label, database): (String, _)| {
        let store = Store { label: label.as_str().into(), database };
        (label, store)
    };
    Ok(Box::new(Granted(databases.into_iter().map(store).collect())))
}

impl Grant for Granted {}

/// An open store: one label's part of a database.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Store {
    label: Arc<str>,
    database: Arc<Database>,
}

impl Store {
    async fn run(&self, sql: &str, key: Option<String>, value: Option<Vec<u8>>) -> Result<Rows, Error> {
        let mut parameters = vec![Value::Text(self.label.to_string())];
        parameters.extend(key.map(Value::Text));
        parameters.extend(value.map(Value::Blob));
        self.database.execute(sql, parameters).await.map_err(|failure| Error::Other(failure.to_string()))
    }
}

fn first(row: Vec<Value>) -> Option<Value> {
    row.into_iter().next()
}

fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    key_value::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

impl key_value::Host for State {}

impl key_value::HostStore for State {
    async fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<Store>, Error>> {
        let store = self.grant().and_then(|Granted(stores)| stores.get(&label).cloned());
        let Some(store) = store else { return Ok(Err(Error::AccessDenied)) };
        Ok(self.hold(store).map_err(|TooManyHandles| Error::StoreTableFull))
    }

    async fn get(
        &mut self,
        store: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let rows = self.held(&store)?.clone().run(GET, Some(key), None).await;
        Ok(rows.map(|rows| match rows.rows.into_iter().next().and_then(first) {
            Some(Value::Blob(value)) => Some(value),
            Some(Value::Text(value)) => Some(value.into_bytes()),
            _ => None,
        }))
    }

    async fn set(
        &mut self,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.held(&store)?.clone().run(SET, Some(key), Some(value)).await.map(drop))
    }

    async fn delete(&mut self, store: Resource<Store>, key: String) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.held(&store)?.clone().run(DELETE, Some(key), None).await.map(drop))
    }

    async fn exists(&mut self, store: Resource<Store>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        let rows = self.held(&store)?.clone().run(EXISTS, Some(key), None).await;
        Ok(rows.map(|rows| !rows.rows.is_empty()))
    }

    async fn get_keys(&mut self, store: Resource<Store>) -> wasmtime::Result<Result<Vec<String>, Error>> {
        let rows = self.held(&store)?.clone().run(KEYS, None, None).await;
        let key = |row| match first(row) {
            Some(Value::Text(key)) => Some(key),
            _ => None,
        };
        Ok(rows.map(|rows| rows.rows.into_iter().filter_map(key).collect()))
    }

    async fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.release(store)
    }
}
