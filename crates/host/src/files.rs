//! `files` of a component: what it may read.
//!
//! The matching files are copied below the state directory at start and mounted read-only at `/`, so that a component
//! sees exactly the listed files, and sees them as they were at start.

use std::fs;
use std::path::{Component as PathPart, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::manifest::{Component, FilesMount, Placement};

/// Pairs of a folder of the host and its name in the component.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mounts(Vec<(PathBuf, String)>);

impl Mounts {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.0.iter().map(|(host, guest)| (host.as_path(), guest.as_str()))
    }
}

/// Copies the files of `component` from the application folder `root` to `folder`, which is replaced.
pub(crate) fn mount(component: &Component, root: &Path, folder: &Path) -> Result<Mounts> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", folder.display()));
        }
        _ => {}
    }
    if component.files.is_empty() {
        return Ok(Mounts::default());
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let exclude = component
        .exclude_files
        .iter()
        .map(|pattern| glob::Pattern::new(pattern).with_context(|| format!("exclude_files: {pattern:?}")))
        .collect::<Result<Vec<_>>>()?;
    let copier = Copier { root, folder, exclude };
    for mount in &component.files {
        match mount {
            FilesMount::Pattern(pattern) => {
                copier.pattern(pattern).with_context(|| format!("files: {pattern:?}"))?;
            }
            FilesMount::Placement(Placement { source, destination }) => {
                copier
                    .placement(source, destination)
                    .with_context(|| format!("files: source = {source:?}"))?;
            }
        }
    }
    Ok(Mounts(vec![(folder.to_owned(), "/".to_owned())]))
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
