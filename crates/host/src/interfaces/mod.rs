//! What components import beyond computing: stores, variables, files and outbound HTTP, with the names, rules and
//! errors of Spin. No interface is offered here that Spin lacks.
//!
//! Each interface is one file with one constant, its [`Interface`]: manifest keys and their check, the stores behind
//! it, the WIT bindings and their functions, what an instance gets. This file lists them; everything else in the host
//! goes through the list. `interface` is their common shape; `labels`, `stores` and `template` are what several of them need.

mod environment;
mod files;
mod interface;
mod key_value;
mod labels;
mod models;
pub(crate) mod outbound;
mod sqlite;
pub(crate) mod stores;
mod template;
pub(crate) mod variables;

use wasmtime::component::Linker;

use crate::instance::state::State;
pub(crate) use interface::{Declaration, Interface, Request, Site};
use stores::StoreTable;

/// Every interface there is, by key: a new one gets its line here.
static ALL: [&Interface; 7] = [
    &models::INTERFACE,
    &outbound::INTERFACE,
    &environment::INTERFACE,
    &files::INTERFACE,
    &key_value::INTERFACE,
    &sqlite::INTERFACE,
    &variables::INTERFACE,
];

/// Every interface there is.
pub(crate) fn all() -> impl Iterator<Item = &'static Interface> {
    ALL.iter().copied()
}

/// Whether `key` of `[component.<id>]` belongs to an interface.
pub(crate) fn owns(key: &str) -> bool {
    all().any(|interface| interface.key == key || interface.more_keys.contains(&key))
}

/// The capability that the import `import` of a component gives it, versions aside. `None`: it gives none, and any
/// component may have it.
pub(crate) fn behind(import: &str) -> Option<&'static Interface> {
    let name = import.split_once('@').map_or(import, |(name, _)| name);
    all().find(|interface| interface.wit.contains(&name))
}

/// The tables that the runtime configuration may have.
pub(crate) fn store_tables() -> impl Iterator<Item = &'static StoreTable> {
    all().filter_map(|interface| interface.stores.as_ref())
}

/// Adds WASI 0.2 and every interface to `linker`.
///
/// # Errors
/// When two interfaces define the same function.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    all().try_for_each(|interface| (interface.link)(linker))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_interfaces_claim_the_same_name() {
        let mut names = BTreeSet::new();
        for interface in all() {
            let keys = interface.more_keys.iter().chain([&interface.key]);
            let tables = interface.stores.iter().map(|table| &table.name);
            for name in keys.chain(tables).chain(interface.wit) {
                assert!(names.insert(*name), "{name} belongs to {} and to another", interface.key);
            }
        }
    }

    #[test]
    fn the_list_is_in_the_order_of_the_keys() {
        assert!(ALL.is_sorted_by_key(|interface| interface.key));
    }

    #[test]
    fn an_import_is_known_by_its_name_without_version() {
        let key = |import| behind(import).map(|interface| interface.key);
        assert_eq!(key("fermyon:spin/sqlite@2.0.0"), Some("sqlite_databases"));
        assert_eq!(key("wasi:cli/environment@0.2.6"), Some("environment"));
        assert_eq!(key("wasi:random/random@0.2.0"), None);
    }
}
