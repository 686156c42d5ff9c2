//! What components import beyond WASI: stores, variables and outbound HTTP, with the names, rules and errors of Spin.
//!
//! `Grants` says what one component may use; each module implements one interface on it. No interface is offered here
//! that Spin lacks.

mod config;
pub(crate) mod key_value;
pub(crate) mod outbound;
mod sqlite;
mod variables;

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker};

use crate::instance::state::State;
use crate::storage::Database;
use outbound::allowed_hosts::AllowedHosts;

/// Bindings of the interfaces in `wit/`.
mod bindings {
    #![allow(unsafe_code, unreachable_pub, reason = "generated")]

    wasmtime::component::bindgen!({
        path: "wit",
        world: "ramanujan:host/imports",
        imports: { default: async | trappable },
        with: {
            "fermyon:spin/key-value.store": crate::interfaces::key_value::Store,
            "fermyon:spin/sqlite.connection": crate::interfaces::sqlite::Connection,
            "spin:sqlite/sqlite.connection": crate::interfaces::sqlite::Connection,
        },
    });
}

/// What a component may use, fixed by the manifest.
pub(crate) struct Grants {
    pub(crate) component: String,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) allowed_hosts: AllowedHosts,
    /// By label.
    pub(crate) key_value: BTreeMap<String, KeyValueStore>,
    /// By label.
    pub(crate) sqlite: BTreeMap<String, Arc<Database>>,
}

/// One label's part of a database of keys and values.
#[derive(Clone)]
pub(crate) struct KeyValueStore {
    pub(crate) name: Arc<str>,
    pub(crate) database: Arc<Database>,
}

/// Most stores or connections an instance may hold open at once.
const MAX_OPEN_HANDLES: usize = 256;

/// Adds every interface of this module and of WASI 0.2 to `linker`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use bindings::{fermyon::spin as fermyon, spin::sqlite, wasi::config};

    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    outbound::add_to_linker(linker)?;
    fermyon::key_value::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    fermyon::sqlite::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    fermyon::variables::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    sqlite::sqlite::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    config::store::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}
