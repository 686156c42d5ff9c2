//! `ai_models`: language models. This host runs none, so that a component may ask for none.

use anyhow::{Result, ensure};

use super::interface::{Declaration, Interface, Request, Site, link_nothing};
use crate::instance::grants::Grant;

/// Nothing to ask for, nothing to grant.
#[derive(Debug)]
struct NoModels;

pub(super) static INTERFACE: Interface = Interface {
    key: "ai_models",
    more_keys: &[],
    stores: None,
    wit: &["fermyon:spin/llm"],
    check,
    link: link_nothing,
};

fn check(declared: &Declaration<'_>) -> Result<Box<dyn Request>> {
    let models: Vec<String> = declared.read(INTERFACE.key)?;
    ensure!(models.is_empty(), "the key is not supported; this host runs no models");
    Ok(Box::new(NoModels))
}

impl Request for NoModels {
    fn open(&self, _site: &mut Site<'_>) -> Result<Box<dyn Grant>> {
        Ok(Box::new(NoModels))
    }
}

impl Grant for NoModels {}
