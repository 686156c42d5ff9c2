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
    for (id, component) in tables.into_iter().flatten() {
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
        findings.extend(parts.iter().filter_map(|part| unwatched(tree, id, component, part)));
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

/// That `spin watch` would not build a component anew where the statements of a part of it change.
fn unwatched(tree: &Tree, id: &str, component: &toml::Value, part: &Crate) -> Option<Finding> {
    let below = format!("{}/src/store/sql/", part.folder);
    let wanted = format!("{}/src/**/*.sql", part.folder);
    let watched = component.get("build").and_then(|build| build.get("watch")).and_then(toml::Value::as_array);
    let is_watched = watched.into_iter().flatten().any(|pattern| pattern.as_str() == Some(&wanted));
    if is_watched || !tree.files.iter().any(|file| file.starts_with(&below)) {
        return None;
    }
    let table = format!("[component.{id}.build]");
    let line = tree.manifest.lines().position(|line| line.starts_with(&table)).map_or(1, |at| at + 1);
    Some(Finding {
        rule: Rule::Anatomy,
        owner: part.name.clone(),
        path: "spin.toml".into(),
        line,
        what: format!("the watch list of {id} lacks {wanted}"),
        remedy: "Add it, or a change of a statement builds nothing anew",
    })
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
