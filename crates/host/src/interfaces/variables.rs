//! `fermyon:spin/variables`: read-only configuration of a component.

use super::bindings::fermyon::spin::variables::{Error, Host};
use crate::instance::state::State;
use crate::manifest::check_variable_name;

impl Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        if let Err(error) = check_variable_name(&name) {
            return Ok(Err(Error::InvalidName(error.to_string())));
        }
        Ok(match self.grants.variables.get(&name) {
            Some(value) => Ok(value.clone()),
            None => Err(Error::Undefined(format!("no variable for {:?}.{name:?}", self.grants.component))),
        })
    }
}
