//! `environment`: environment variables, as the manifest gives them. None of the host's own are passed on.

use anyhow::Result;
use indexmap::IndexMap;

use super::interface::{Declaration, Interface, Request, Site, link_nothing};
use crate::instance::grants::{Grant, Preparation};

/// Names and values, in the order of the manifest.
#[derive(Clone, Debug)]
struct Environment(Vec<(String, String)>);

pub(super) static INTERFACE: Interface = Interface {
    key: "environment",
    more_keys: &[],
    stores: None,
    wit: &["wasi:cli/environment"],
    check,
    link: link_nothing,
};

fn check(declared: &Declaration<'_>) -> Result<Box<dyn Request>> {
    let variables: IndexMap<String, String> = declared.read(INTERFACE.key)?;
    Ok(Box::new(Environment(variables.into_iter().collect())))
}

impl Request for Environment {
    fn open(&self, _site: &mut Site<'_>) -> Result<Box<dyn Grant>> {
        Ok(Box::new(self.clone()))
    }
}

impl Grant for Environment {
    fn prepare(&self, instance: &mut Preparation) -> Result<()> {
        instance.wasi.envs(&self.0);
        Ok(())
    }
}
