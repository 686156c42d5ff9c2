//! The application as its manifest describes it: read, checked and with every variable resolved.
//!
//! `schema` is the shape of the file, `app` what is made of it, `checks` the way from one to the other, on which it
//! refuses what this host does not serve; `variables` gives the variables their values, `dependency` reads names of
//! WIT dependencies, `runtime_config` is the second file, which maps store labels to places. Nothing here starts
//! anything.

mod app;
mod checks;
pub(crate) mod dependency;
pub(crate) mod runtime_config;
mod schema;
#[cfg(test)]
mod tests;
mod variables;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub(crate) use app::{App, Component, Dependency, Target, Trigger};
pub(crate) use schema::{Inherit, StaticResponse};

/// Reads and checks the manifest at `path` (or `spin.toml` in it, for a folder).
///
/// `given` are the command line's variables.
///
/// # Errors
/// When it cannot be read, or names what this host does not serve; the message says what and where.
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
