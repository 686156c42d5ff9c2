//! `variables`: read-only configuration of a component, through `fermyon:spin/variables` and, under the name of the
//! WASI proposal, `wasi:config/store`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use wasmtime::component::{HasSelf, Linker};

use super::interface::{Declaration, Interface, Request, Site};
use crate::instance::grants::Grant;
use crate::instance::state::State;

use bindings::fermyon::spin::variables as spin;
use bindings::wasi::config::store as wasi;

mod bindings {
    #![allow(unsafe_code, unreachable_pub, reason = "generated")]

    wasmtime::component::bindgen!({
        path: ["wit/spin", "wit/wasi-config"],
        interfaces: "
            import fermyon:spin/variables@2.0.0;
            import wasi:config/store@0.2.0-draft-2024-09-27;
        ",
        imports: { default: async | trappable },
    });
}

/// The variables of one component.
#[derive(Clone, Debug)]
pub(crate) struct Variables {
    component: String,
    values: BTreeMap<String, String>,
}

pub(super) static INTERFACE: Interface = Interface {
    key: "variables",
    more_keys: &[],
    stores: None,
    wit: &["fermyon:spin/config", "fermyon:spin/variables", "spin:variables/variables", "wasi:config/store"],
    check,
    link,
};

fn check(declared: &Declaration<'_>) -> Result<Box<dyn Request>> {
    let templates: BTreeMap<String, String> = declared.read(INTERFACE.key)?;
    let mut values = BTreeMap::new();
    for (name, template) in templates {
        check_name(&name)?;
        let value = declared.resolve(&template).with_context(|| name.clone())?;
        values.insert(name, value);
    }
    Ok(Box::new(Variables { component: declared.component.to_owned(), values }))
}

/// Names are lower-case snake case: `a`, `a_b2`.
///
/// # Errors
/// When `name` is anything else.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !name.contains("__")
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    ensure!(well_formed, "variable name {name:?} must be lower-case letters, digits and single underscores");
    Ok(())
}

impl Variables {
    /// The value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

impl Request for Variables {
    fn open(&self, _site: &mut Site<'_>) -> Result<Box<dyn Grant>> {
        Ok(Box::new(self.clone()))
    }
}

impl Grant for Variables {}

fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    spin::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    wasi::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

impl spin::Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, spin::Error>> {
        if let Err(error) = check_name(&name) {
            return Ok(Err(spin::Error::InvalidName(error.to_string())));
        }
        let variables = self.grant::<Variables>();
        Ok(match variables.and_then(|variables| variables.get(&name)) {
            Some(value) => Ok(value.to_owned()),
            None => {
                let component = variables.map_or("", |variables| &variables.component);
                Err(spin::Error::Undefined(format!("no variable for {component:?}.{name:?}")))
            }
        })
    }
}

impl wasi::Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, wasi::Error>> {
        Ok(Ok(self.grant::<Variables>().and_then(|variables| variables.get(&key)).map(str::to_owned)))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, wasi::Error>> {
        let all = self.grant::<Variables>().map(|variables| variables.values.clone());
        Ok(Ok(all.into_iter().flatten().collect()))
    }
}
