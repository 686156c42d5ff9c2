//! The application as its manifest describes it: read, checked and with every variable resolved.
//!
//! `schema` is the shape of the file, `checks` turns it into the types below and refuses what this host does not
//! serve, `variables` and `template` give the variables their values, `dependency` reads names of WIT dependencies,
//! `runtime_config` is the second file, which maps store labels to places. Nothing here starts anything.

mod checks;
pub(crate) mod dependency;
pub(crate) mod runtime_config;
mod schema;
mod template;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use indexmap::IndexMap;

pub(crate) use schema::{FilesMount, Inherit, Placement, StaticResponse};
pub(crate) use variables::check_name as check_variable_name;

use dependency::DependencyName;

/// A checked application.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    /// Empty where the manifest gives none.
    pub(crate) version: String,
    /// Folder of the manifest, which relative paths start from.
    pub(crate) root: PathBuf,
    pub(crate) components: IndexMap<String, Component>,
    pub(crate) triggers: Vec<Trigger>,
}

/// A component with its capabilities.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) source: PathBuf,
    pub(crate) description: String,
    /// Values of the component's variables, templates resolved.
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) files: Vec<FilesMount>,
    pub(crate) exclude_files: Vec<String>,
    /// Templates resolved; not yet parsed.
    pub(crate) allowed_outbound_hosts: Vec<String>,
    pub(crate) key_value_stores: Vec<String>,
    pub(crate) sqlite_databases: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A component that is composed into another one.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: DependencyName,
    pub(crate) path: PathBuf,
    /// Export that satisfies the import; the import's own name where absent.
    pub(crate) export: Option<String>,
    pub(crate) inherit: Inherit,
}

/// One HTTP trigger.
#[derive(Debug)]
pub(crate) struct Trigger {
    /// `None` for a private trigger, reachable by service chaining only.
    pub(crate) route: Option<String>,
    pub(crate) target: Target,
}

/// Who answers a trigger.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Component(String),
    Static(StaticResponse),
}

/// Reads and checks the manifest at `path` (or `spin.toml` in it, for a folder).
///
/// `given` are the command line's variables.
pub(crate) fn load(path: &Path, given: &[(String, String)]) -> Result<App> {
    let path = if path.is_dir() { path.join("spin.toml") } else { path.to_owned() };
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read the manifest {}; name it with --manifest", path.display()))?;
    let root = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let root = root.canonicalize().with_context(|| format!("cannot find the folder {}", root.display()))?;
    parse(&text, root, given, |name| std::env::var(name).ok())
        .with_context(|| format!("the manifest {} cannot be served", path.display()))
}

fn parse(
    text: &str,
    root: PathBuf,
    given: &[(String, String)],
    env: impl Fn(&str) -> Option<String>,
) -> Result<App> {
    let manifest: schema::Manifest = toml::from_str(text)?;
    let values = variables::resolve(&manifest.variables, given, env)?;
    checks::check(manifest, root, &values)
}
