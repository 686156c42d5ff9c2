//! `fermyon:spin/key-value`: keys and values in a table of an SQLite file.

use anyhow::Result as AnyResult;
use wasmtime::component::Resource;

use super::bindings::fermyon::spin::key_value::{Error, Host, HostStore};
use super::{KeyValueStore, MAX_OPEN_HANDLES};
use crate::instance::state::State;
use crate::storage::{Database, Rows, Value};

/// An open store.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Store(KeyValueStore);

const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (store, key) DO UPDATE SET value = ?3";

/// Creates the table in a new file. The file is the host's own, so the host chooses its journal mode.
pub(crate) async fn prepare(database: &Database) -> AnyResult<()> {
    let statements = [
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE IF NOT EXISTS spin_key_value \
         (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))",
    ];
    for statement in statements {
        database.execute(statement, vec![]).await.map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

impl Store {
    async fn run(&self, sql: &str, key: Option<String>, value: Option<Vec<u8>>) -> Result<Rows, Error> {
        let mut parameters = vec![Value::Text(self.0.name.to_string())];
        parameters.extend(key.map(Value::Text));
        parameters.extend(value.map(Value::Blob));
        self.0.database.execute(sql, parameters).await.map_err(Error::Other)
    }
}

fn first(rows: Rows) -> Option<Value> {
    rows.rows.into_iter().next()?.into_iter().next()
}

impl State {
    fn store(&self, store: &Resource<Store>) -> wasmtime::Result<Store> {
        Ok(Store(self.table.get(store)?.0.clone()))
    }
}

impl Host for State {}

impl HostStore for State {
    async fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<Store>, Error>> {
        let Some(store) = self.grants.key_value.get(&label) else { return Ok(Err(Error::AccessDenied)) };
        if self.open_handles >= MAX_OPEN_HANDLES {
            return Ok(Err(Error::StoreTableFull));
        }
        let handle = self.table.push(Store(store.clone()))?;
        self.open_handles += 1;
        Ok(Ok(handle))
    }

    async fn get(
        &mut self,
        store: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let sql = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
        let rows = self.store(&store)?.run(sql, Some(key), None).await;
        Ok(rows.map(|rows| match first(rows) {
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
        Ok(self.store(&store)?.run(SET, Some(key), Some(value)).await.map(drop))
    }

    async fn delete(&mut self, store: Resource<Store>, key: String) -> wasmtime::Result<Result<(), Error>> {
        let sql = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
        Ok(self.store(&store)?.run(sql, Some(key), None).await.map(drop))
    }

    async fn exists(&mut self, store: Resource<Store>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        let sql = "SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2";
        let rows = self.store(&store)?.run(sql, Some(key), None).await;
        Ok(rows.map(|rows| !rows.rows.is_empty()))
    }

    async fn get_keys(&mut self, store: Resource<Store>) -> wasmtime::Result<Result<Vec<String>, Error>> {
        let rows =
            self.store(&store)?.run("SELECT key FROM spin_key_value WHERE store = ?1", None, None).await;
        let key = |row: Vec<Value>| match row.into_iter().next() {
            Some(Value::Text(key)) => Some(key),
            _ => None,
        };
        Ok(rows.map(|rows| rows.rows.into_iter().filter_map(key).collect()))
    }

    async fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        self.open_handles -= 1;
        Ok(())
    }
}
