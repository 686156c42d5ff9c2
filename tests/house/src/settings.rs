//! Variables: what `spin.toml` sets for a component, its `settings.rs` reads, and the reverse.
//!
//! A component is read together with the libraries that only components are made of. What shell reads itself
//! (`MAX_BODY_BYTES`, …) may be set for any component and need not be.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::finding::{Finding, Rule};
use crate::modules::{Meaning, Modules, roots};
use crate::scan::{Scope, is_variable};
use crate::tree::{Crate, Kind, Tree, package, table};

/// Variables with the place where they are read.
type Reads = BTreeMap<String, (String, usize)>;

/// Findings of the repository.
///
/// # Errors
/// spin.toml is not TOML.
pub fn check(tree: &Tree) -> Result<Vec<Finding>, Error> {
    let manifest = table("spin.toml", &tree.manifest)?;
    let mut findings = Vec::new();
    let shared = tree.crates.iter().find(|own| own.kind == Kind::Shell).map(by_shell).unwrap_or_default();
    let reads: BTreeMap<&str, Reads> = components(tree)
        .map(|own| {
            findings.extend(elsewhere(own));
            (own.name.as_str(), reads(own))
        })
        .collect();
    // For each package, what is set for the components that it is a part of.
    let mut set: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let tables = manifest.get("component").and_then(toml::Value::as_table);
    for (id, component) in tables.into_iter().flatten() {
        let Some(own) = package(component).and_then(|name| components(tree).find(|own| own.name == name))
        else {
            continue;
        };
        let family: Vec<&Crate> = family(tree, own).collect();
        for name in names(component) {
            let read = |part: &&Crate| reads[part.name.as_str()].contains_key(&name.to_uppercase());
            if !shared.contains(&name) && !family.iter().any(read) {
                findings.push(Finding {
                    rule: Rule::Settings,
                    owner: own.name.clone(),
                    path: "spin.toml".into(),
                    line: line_of(&tree.manifest, id, &name),
                    what: format!("{name} is set for {id}, and nothing reads it"),
                    remedy: "Read it in the component's settings.rs, or leave it out",
                });
            }
            for part in &family {
                set.entry(&part.name).or_default().insert(name.to_uppercase());
            }
        }
    }
    for (owner, reads) in &reads {
        for (name, (path, line)) in reads {
            if !shared.contains(name) && !set.get(owner).is_some_and(|set| set.contains(name)) {
                findings.push(Finding {
                    rule: Rule::Settings,
                    owner: (*owner).to_owned(),
                    path: path.clone(),
                    line: *line,
                    what: format!("{name} is read, and spin.toml does not set it"),
                    remedy: "Set it in spin.toml with its default",
                });
            }
        }
    }
    Ok(findings)
}

fn components(tree: &Tree) -> impl Iterator<Item = &Crate> {
    tree.crates.iter().filter(|own| own.kind == Kind::Component)
}

/// A component with the libraries of components that it is made of.
pub fn family<'t>(tree: &'t Tree, own: &'t Crate) -> impl Iterator<Item = &'t Crate> {
    components(tree).filter(|part| part.name == own.name || own.dependencies.contains(&part.name))
}

/// The variables that spin.toml sets for a component.
pub fn names(component: &toml::Value) -> Vec<String> {
    let table = |name: &str| component.get(name).and_then(toml::Value::as_table);
    let tables = ["environment", "variables"].into_iter().filter_map(table);
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// The line of spin.toml that sets a variable of a component.
fn line_of(manifest: &str, component: &str, name: &str) -> usize {
    let tables = ["environment", "variables"].map(|table| format!("[component.{component}.{table}]"));
    let mut inside = false;
    for (at, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = tables.iter().any(|table| line.starts_with(table.as_str()));
        } else if inside && line.split('=').next().is_some_and(|key| key.trim() == name) {
            return at + 1;
        }
    }
    1
}

fn is_settings(own: &Crate, path: &str) -> bool {
    let inside = own.inside(path);
    inside == "settings.rs" || inside.starts_with("settings/")
}

/// Whether a name of another crate reads variables.
fn is_reader(known: &[String]) -> bool {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    matches!(
        known.as_slice(),
        ["ramanujan_shell", "setting", "text" | "number"]
            | ["ramanujan_shell", "setting", "Setting", "new"]
            | ["std", "env", "var" | "var_os" | "vars"]
    )
}

fn reads(own: &Crate) -> Reads {
    let mut found = Reads::new();
    for root in roots(&own.folder, &own.sources) {
        let modules = Modules::new(root, &own.sources);
        for (at, module) in modules.0.iter().enumerate() {
            let path = &module.source.path;
            if !is_settings(own, path) {
                continue;
            }
            let Scope { settings, calls, .. } = &module.scope;
            let read = calls.iter().filter(|call| match modules.resolve(at, &call.path) {
                Meaning::Outside(known) => is_reader(&known),
                _ => false,
            });
            let called = read.map(|call| (call.argument.to_uppercase(), call.line));
            let declared = settings.iter().map(|name| (name.value.clone(), name.line));
            for (name, line) in declared.chain(called) {
                found.entry(name).or_insert((path.clone(), line));
            }
        }
    }
    found
}

/// What reads variables outside of `settings.rs`.
fn elsewhere(own: &Crate) -> Vec<Finding> {
    let mut findings = Vec::new();
    for root in roots(&own.folder, &own.sources) {
        let modules = Modules::new(root, &own.sources);
        for (at, module) in modules.0.iter().enumerate() {
            let path = &module.source.path;
            let readers = module.scope.paths.iter().filter(|used| {
                matches!(modules.resolve(at, &used.path), Meaning::Outside(known) if is_reader(&known))
            });
            for used in readers.filter(|_| !is_settings(own, path)) {
                findings.push(Finding {
                    rule: Rule::Settings,
                    owner: own.name.clone(),
                    path: path.clone(),
                    line: used.line,
                    what: format!("{} reads a variable here", used.path.join("::")),
                    remedy: "Read every variable in settings.rs, and pass what it says",
                });
            }
        }
    }
    findings
}

/// The variables that shell reads for every component.
fn by_shell(shell: &Crate) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for root in roots(&shell.folder, &shell.sources) {
        for module in Modules::new(root, &shell.sources).0 {
            let calls = module.scope.calls.into_iter().map(|call| call.argument);
            let declared = module.scope.settings.into_iter().map(|name| name.value);
            found.extend(calls.chain(declared).filter(|name| is_variable(name)));
        }
    }
    found
}
