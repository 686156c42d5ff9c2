//! `wasi:config/store`: the same variables under the name of the WASI proposal.

use super::bindings::wasi::config::store::{Error, Host};
use crate::instance::state::State;

impl Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        Ok(Ok(self.grants.variables.get(&key).cloned()))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        Ok(Ok(self.grants.variables.iter().map(|(key, value)| (key.clone(), value.clone())).collect()))
    }
}
