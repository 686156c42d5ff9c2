//! What an interface is: one constant that says everything the host must know of it.
//!
//! A capability goes through four stages, and an interface has a say in each. The manifest asks for it (`check` gives
//! a [`Request`]), the start opens what was asked for (`Request::open` gives a [`Grant`]), a new instance gets what
//! was granted (`Grant::prepare`), and the instance calls the host (what `link` has added).

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use anyhow::Result;
use serde::de::DeserializeOwned;
use wasmtime::component::Linker;

use super::outbound::chaining::AppRef;
use super::stores::{StoreTable, Stores};
use super::template;
use crate::instance::grants::Grant;
use crate::instance::state::State;

/// One capability of components with all that belongs to it.
pub(crate) struct Interface {
    /// Key of `[component.<id>]` that asks for it; also its name in `inherit_configuration`.
    pub(crate) key: &'static str,
    /// Further keys of `[component.<id>]` that are its own.
    pub(crate) more_keys: &'static [&'static str],
    /// The table of the runtime configuration that says where its stores are, if it has any.
    pub(crate) stores: Option<StoreTable>,
    /// The WIT interfaces through which a component uses it, without versions: all versions give the same. A
    /// dependency that does not inherit it gets refusals in their place, whether the host has them or not.
    pub(crate) wit: &'static [&'static str],
    /// Reads and checks what the manifest says under the keys; called whether they are there or not.
    pub(crate) check: fn(&Declaration<'_>) -> Result<Box<dyn Request>>,
    /// Adds the functions that this host offers beyond WASI.
    pub(crate) link: fn(&mut Linker<State>) -> wasmtime::Result<()>,
}

/// For interfaces that are WASI's own or that this host does not offer.
pub(super) fn link_nothing(_linker: &mut Linker<State>) -> wasmtime::Result<()> {
    Ok(())
}

/// What a component asks for, checked and with every variable resolved.
pub(crate) trait Request: Any + Debug + Send + Sync {
    /// Opens what is asked for.
    ///
    /// # Errors
    /// When the machine or the runtime configuration does not have it.
    fn open(&self, site: &mut Site<'_>) -> Result<Box<dyn Grant>>;
}

/// The manifest as far as an interface reads it.
pub(crate) struct Declaration<'a> {
    /// Id of the component.
    pub(crate) component: &'a str,
    /// The component's keys that belong to interfaces.
    pub(crate) keys: &'a toml::Table,
    /// Folder of the manifest, which relative paths start from.
    pub(crate) root: &'a Path,
    /// Ids of all components of the application.
    pub(crate) components: &'a [&'a str],
    /// Values of the application's variables.
    pub(crate) values: &'a BTreeMap<String, String>,
}

impl Declaration<'_> {
    /// What stands under `key`; the type's default where the key is missing.
    ///
    /// # Errors
    /// When it has another shape.
    pub(super) fn read<T: DeserializeOwned + Default>(&self, key: &str) -> Result<T> {
        Ok(match self.keys.get(key) {
            Some(value) => value.clone().try_into()?,
            None => T::default(),
        })
    }

    /// Replaces every `{{ name }}` in `text` by the value of the application's variable.
    ///
    /// # Errors
    /// When there is no such variable, or a bracket is not closed.
    pub(super) fn resolve(&self, text: &str) -> Result<String> {
        template::resolve(text, self.values)
    }
}

/// Where an application runs: what requests are opened from.
pub(crate) struct Site<'a> {
    /// Folder for databases, logs and copies of files.
    pub(crate) state_dir: &'a Path,
    /// The files behind the labels.
    pub(crate) stores: Stores,
    /// The application, for calls among its components.
    pub(crate) app: AppRef,
}
