//! `files`: what a component may read.
//!
//! The matching files are copied below the state directory at start and mounted read-only at `/`, so that a component
//! sees exactly the listed files, and sees them as they were at start.

use std::fs;
use std::path::{Component as PathPart, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use wasmtime_wasi::FsPerms;

use super::interface::{Declaration, Interface, Request, Site, link_nothing};
use crate::instance::grants::{Grant, Preparation};

pub(super) static INTERFACE: Interface = Interface {
    key: "files",
    more_keys: &[EXCLUDE],
    stores: None,
    wit: &["wasi:filesystem/preopens"],
    check,
    link: link_nothing,
};

/// Key of the patterns that take files away again.
const EXCLUDE: &str = "exclude_files";

/// What a component asks for.
#[derive(Debug)]
struct Files {
    component: String,
    /// The application's folder.
    root: PathBuf,
    files: Vec<Item>,
    exclude: Vec<String>,
}

/// One item of `files`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
enum Item {
    Pattern(String),
    Placement(Placement),
}

/// The table form of an item of `files`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Placement {
    source: String,
    destination: String,
}

// Decided by looking, because serde's untagged enums lose the name of the offending key.
impl TryFrom<toml::Value> for Item {
    type Error = toml::de::Error;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        match value {
            toml::Value::String(text) => Ok(Item::Pattern(text)),
            other => Ok(Item::Placement(other.try_into()?)),
        }
    }
}

fn check(declared: &Declaration<'_>) -> Result<Box<dyn Request>> {
    Ok(Box::new(Files {
        component: declared.component.to_owned(),
        root: declared.root.to_owned(),
        files: declared.read(INTERFACE.key)?,
        exclude: declared.read(EXCLUDE).context(EXCLUDE)?,
    }))
}

impl Request for Files {
    fn open(&self, site: &mut Site<'_>) -> Result<Box<dyn Grant>> {
        Ok(Box::new(self.copy_to(&site.state_dir.join("assets").join(&self.component))?))
    }
}

impl Grant for Mounts {
    fn prepare(&self, instance: &mut Preparation) -> Result<()> {
        for (host, guest) in &self.0 {
            instance
                .wasi
                .preopened_dir(host, guest, FsPerms::ReadOnly)
                .map_err(anyhow::Error::from)
                .with_context(|| format!("cannot open the mounted folder {}", host.display()))?;
        }
        Ok(())
    }
}

/// Pairs of a folder of the host and its name in the component.
#[derive(Debug, Default)]
struct Mounts(Vec<(PathBuf, &'static str)>);

impl Files {
    /// Copies the files to `folder`, which is replaced.
    fn copy_to(&self, folder: &Path) -> Result<Mounts> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot replace {}", folder.display()));
            }
            _ => {}
        }
        if self.files.is_empty() {
            return Ok(Mounts::default());
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let exclude = self
            .exclude
            .iter()
            .map(|pattern| glob::Pattern::new(pattern).with_context(|| format!("exclude_files: {pattern:?}")))
            .collect::<Result<Vec<_>>>()?;
        let copier = Copier { root: &self.root, folder, exclude };
        for mount in &self.files {
            match mount {
                Item::Pattern(pattern) => {
                    copier.pattern(pattern).with_context(|| format!("{pattern:?}"))?;
                }
                Item::Placement(Placement { source, destination }) => {
                    copier.placement(source, destination).with_context(|| format!("source = {source:?}"))?;
                }
            }
        }
        Ok(Mounts(vec![(folder.to_owned(), "/")]))
    }
}

struct Copier<'a> {
    root: &'a Path,
    folder: &'a Path,
    exclude: Vec<glob::Pattern>,
}

impl Copier<'_> {
    /// A file, a folder with all below it, or a glob pattern; each keeps its path.
    fn pattern(&self, pattern: &str) -> Result<()> {
        let last = Path::new(pattern).components().next_back();
        ensure!(
            !matches!(last, None | Some(PathPart::ParentDir | PathPart::CurDir)) && !pattern.ends_with("/."),
            "a pattern cannot end in `.` or `..`; use {{ source, destination }} for a folder"
        );
        let path = self.root.join(pattern);
        if path.is_dir() {
            self.glob(&path.join("**/*"), self.root, self.folder)
        } else if path.exists() {
            self.copy(&path, &self.folder.join(pattern))
        } else if pattern.contains(['*', '[', '?']) {
            self.glob(&path, self.root, self.folder)
        } else {
            bail!("does not exist and is no pattern")
        }
    }

    /// `source`, file or folder, under another name.
    fn placement(&self, source: &str, destination: &str) -> Result<()> {
        let inside = Path::new(destination).components().all(|part| part != PathPart::ParentDir);
        ensure!(inside, "destination {destination:?} must not contain `..`");
        let source = self.root.join(source);
        let destination = self.folder.join(destination.trim_start_matches('/'));
        ensure!(source.exists(), "does not exist");
        if source.is_dir() {
            self.glob(&source.join("**/*"), &source, &destination)
        } else {
            self.copy(&source, &destination)
        }
    }

    fn glob(&self, pattern: &Path, prefix: &Path, destination: &Path) -> Result<()> {
        fs::create_dir_all(destination)?;
        let pattern = pattern.to_str().context("the path is not UTF-8")?;
        for path in glob::glob(pattern)? {
            let path = path?;
            let Ok(relative) = path.strip_prefix(self.root) else {
                bail!("{} lies outside the application's folder", path.display());
            };
            if path.is_file() && !self.exclude.iter().any(|pattern| pattern.matches_path(relative)) {
                self.copy(&path, &destination.join(path.strip_prefix(prefix)?))?;
            }
        }
        Ok(())
    }

    fn copy(&self, source: &Path, destination: &Path) -> Result<()> {
        let real = source.canonicalize()?;
        ensure!(real.starts_with(self.root), "{} lies outside the application's folder", source.display());
        if let Some(parent) = destination.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&real, destination)
            .map(drop)
            .with_context(|| format!("cannot copy {} to {}", source.display(), destination.display()))
    }
}
