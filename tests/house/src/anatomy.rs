//! The files that every component has.

use crate::error::Error;
use crate::finding::{Finding, Rule};
use crate::modules::{Meaning, Modules, roots};
use crate::settings::{family, names};
use crate::tree::{Crate, Tree, package, table};

/// Findings of the repository.
///
/// # Errors
/// spin.toml is not TOML.
pub fn check(tree: &Tree) -> Result<Vec<Finding>, Error> {
    let manifest = table("spin.toml", &tree.manifest)?;
    let tables = manifest.get("component").and_then(toml::Value::as_table);
    let mut findings = Vec::new();
    for component in tables.into_iter().flat_map(toml::Table::values) {
        let Some(own) = package(component).and_then(|name| tree.crates.iter().find(|own| own.name == name))
        else {
            continue;
        };
        let parts: Vec<&Crate> = family(tree, own).collect();
        let mut lacks = |part: &Crate, name: &str, remedy| {
            findings.push(Finding {
                rule: Rule::Anatomy,
                owner: part.name.clone(),
                path: format!("{}/src/{name}", part.folder),
                line: 1,
                what: format!("{} has no {name}", part.name),
                remedy,
            });
        };
        if !own.has_file("lib.rs") {
            lacks(own, "lib.rs", "It says what the component is, and has the table of its routes");
        }
        if !parts.iter().any(|part| part.has_folder("routes")) {
            lacks(own, "routes/", "HTTP stands there, a file for each noun");
        }
        let settings = |part: &&Crate| part.has_file("settings.rs") || part.has_folder("settings");
        if !names(component).is_empty() && !parts.iter().any(settings) {
            lacks(own, "settings.rs", "Every variable of spin.toml stands there with its default");
        }
        for part in parts.iter().filter(|part| uses_store(part)) {
            for name in ["store/mod.rs", "store/schema.rs"] {
                if !part.has_file(name) {
                    lacks(part, name, "The tables and every statement stand in store/");
                }
            }
        }
    }
    findings.extend(tree.files.iter().filter(|file| file.ends_with(".sql")).filter_map(|file| {
        let in_store = file.split_once("/src/").is_none_or(|(_, inside)| inside.starts_with("store/sql/"));
        (!in_store).then(|| Finding {
            rule: Rule::Anatomy,
            owner: tree.owner(file).to_owned(),
            path: file.clone(),
            line: 1,
            what: "an SQL file outside of store/sql/".into(),
            remedy: "Move it there",
        })
    }));
    Ok(findings)
}

/// Whether a crate names shell's store.
fn uses_store(own: &Crate) -> bool {
    roots(&own.folder, &own.sources).into_iter().any(|root| {
        let modules = Modules::new(root, &own.sources);
        (0..modules.0.len()).any(|at| {
            let scope = &modules.0[at].scope;
            let paths = scope.imports.iter().map(|import| &import.path);
            paths.chain(scope.paths.iter().map(|used| &used.path)).any(|path| {
                matches!(modules.resolve(at, path), Meaning::Outside(known)
                    if known.first().is_some_and(|name| name == "ramanujan_shell")
                        && known.get(1).is_some_and(|name| name == "Store" || name == "store"))
            })
        })
    })
}
