//! The workspace: its crates with their kinds and sources, and the text files that belong to the repository.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// What may stand where in a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A component of spin.toml, or a library that components alone are made of.
    Component,
    /// A library without I/O, HTTP and clock.
    Pure,
    /// The library that defines requests, responses and the store.
    Shell,
    /// A program, a client, tests.
    Other,
}

/// Folders below `crates/` with pure libraries, by the layers in docs/architecture.md.
const PURE: [&str; 8] = ["core", "crdt", "egraph", "verification", "timeline", "sync", "fep", "agents"];

/// A source file of a crate, `path` relative to the repository with `/` between folders.
pub struct Source {
    pub path: String,
    pub text: String,
    pub ast: syn::File,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl Source {
    /// # Errors
    /// The text is not Rust.
    pub fn new(path: &str, text: &str) -> Result<Self, Error> {
        let ast = syn::parse_file(text).map_err(|error| Error::Syntax {
            path: path.to_owned(),
            line: error.span().start().line,
            error: error.to_string(),
        })?;
        Ok(Source { path: path.to_owned(), text: text.to_owned(), ast })
    }
}

/// A member of the workspace.
#[derive(Debug)]
pub struct Crate {
    /// The package's name.
    pub name: String,
    /// Its folder, relative to the repository.
    pub folder: String,
    pub kind: Kind,
    /// Names of the packages of this workspace that it is made of; not what its tests need.
    pub dependencies: BTreeSet<String>,
    /// What is below `src/`.
    pub sources: Vec<Source>,
}

impl Crate {
    /// The path below `src/` of one of its sources.
    pub fn inside<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(&self.folder).and_then(|rest| rest.strip_prefix("/src/")).unwrap_or(path)
    }

    /// Whether some source lies in the folder `src/<name>/`.
    pub fn has_folder(&self, name: &str) -> bool {
        self.sources.iter().any(|source| {
            self.inside(&source.path).strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    pub fn has_file(&self, name: &str) -> bool {
        self.sources.iter().any(|source| self.inside(&source.path) == name)
    }
}

/// The repository as the rules see it.
#[derive(Debug)]
pub struct Tree {
    pub root: PathBuf,
    pub crates: Vec<Crate>,
    /// Text files of the repository, relative to it, in order.
    pub files: Vec<String>,
    /// spin.toml as text.
    pub manifest: String,
}

impl Tree {
    /// Reads the repository at `root`.
    ///
    /// # Errors
    /// A file cannot be read, or is not what its name says.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let files = files(root)?;
        let manifest = read(root, "spin.toml")?;
        let components = components(&table("spin.toml", &manifest)?);
        let workspace = table("Cargo.toml", &read(root, "Cargo.toml")?)?;
        let patterns = workspace["workspace"]["members"].as_array().cloned().unwrap_or_default();
        let patterns: Vec<&str> = patterns.iter().filter_map(toml::Value::as_str).collect();
        let mut crates = Vec::new();
        for folder in files.iter().filter_map(|file| file.strip_suffix("/Cargo.toml")) {
            if patterns.iter().any(|pattern| is_member(pattern, folder)) {
                crates.push(member(root, folder, &files)?);
            }
        }
        let of_components: BTreeSet<String> = crates
            .iter()
            .filter(|own| components.contains(&own.name))
            .flat_map(|own| own.dependencies.iter().cloned())
            .collect();
        for own in &mut crates {
            let uses_shell = own.dependencies.contains("ramanujan-shell");
            own.kind = match own.folder.strip_prefix("crates/") {
                Some("shell") => Kind::Shell,
                Some(name) if PURE.contains(&name) => Kind::Pure,
                _ if components.contains(&own.name) => Kind::Component,
                _ if uses_shell && of_components.contains(&own.name) => Kind::Component,
                _ => Kind::Other,
            };
        }
        Ok(Tree { root: root.to_owned(), crates, files, manifest })
    }

    /// The text of a file of the repository; `None` if it is not UTF-8 or not there.
    pub fn text(&self, file: &str) -> Option<String> {
        String::from_utf8(fs::read(self.root.join(file)).ok()?).ok()
    }

    /// The package in whose folder a file lies, the innermost one; `repository` for the others.
    pub fn owner(&self, file: &str) -> &str {
        let holds = |own: &&Crate| file.strip_prefix(&own.folder).is_some_and(|rest| rest.starts_with('/'));
        let owner = self.crates.iter().filter(holds).max_by_key(|own| own.folder.len());
        owner.map_or("repository", |own| &own.name)
    }
}

fn read(root: &Path, file: &str) -> Result<String, Error> {
    fs::read_to_string(root.join(file)).map_err(|error| Error::Read { path: file.to_owned(), error })
}

/// Reads a TOML file's text.
///
/// # Errors
/// It is not TOML.
pub fn table(path: &str, text: &str) -> Result<toml::Table, Error> {
    text.parse().map_err(|error: toml::de::Error| Error::Toml {
        path: path.to_owned(),
        error: error.message().to_owned(),
    })
}

/// Whether a folder is meant by a member of the workspace: a path, or one that ends in `/*`.
fn is_member(pattern: &str, folder: &str) -> bool {
    match pattern.strip_suffix("/*") {
        None => pattern == folder,
        Some(parent) => folder
            .strip_prefix(parent)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|name| !name.contains('/')),
    }
}

/// The packages that spin.toml's components are built from.
fn components(manifest: &toml::Table) -> BTreeSet<String> {
    let tables = manifest.get("component").and_then(toml::Value::as_table);
    tables.into_iter().flat_map(toml::Table::values).filter_map(package).collect()
}

/// The package of a component of spin.toml, by the name of its file.
pub fn package(component: &toml::Value) -> Option<String> {
    let source = component.get("source")?.as_str()?;
    Some(source.rsplit('/').next()?.strip_suffix(".wasm")?.replace('_', "-"))
}

fn member(root: &Path, folder: &str, files: &[String]) -> Result<Crate, Error> {
    let file = format!("{folder}/Cargo.toml");
    let manifest = table(&file, &read(root, &file)?)?;
    let name = manifest["package"]["name"].as_str().unwrap_or_default().to_owned();
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let dependencies = dependencies.map(|table| table.keys().cloned().collect()).unwrap_or_default();
    let below = format!("{folder}/src/");
    let mut sources = Vec::new();
    for path in files.iter().filter(|path| path.starts_with(&below) && path.ends_with(".rs")) {
        sources.push(Source::new(path, &read(root, path)?)?);
    }
    Ok(Crate { name, folder: folder.to_owned(), kind: Kind::Other, dependencies, sources })
}

/// What git knows or would add; where git does not answer, all that is not built or hidden.
fn files(root: &Path) -> Result<Vec<String>, Error> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    let mut files = match listed {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned).collect()
        }
        _ => {
            let mut found = Vec::new();
            walk(root, "", &mut found)?;
            found
        }
    };
    files.retain(|file| root.join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(root: &Path, folder: &str, found: &mut Vec<String>) -> Result<(), Error> {
    let failed = |error| Error::Read { path: folder.to_owned(), error };
    for entry in fs::read_dir(root.join(folder)).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') && !matches!(name.as_str(), ".ci" | ".github" | ".gitignore");
        if hidden || name == "target" || name == "node_modules" {
            continue;
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(root, &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
