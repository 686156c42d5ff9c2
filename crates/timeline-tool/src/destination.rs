//! Where a command writes.
//!
//! A regular file is written under a temporary name beside its own, which it takes when it is complete: a file that is
//! there is whole. Nothing else may be replaced in that way: to do so to a device, a pipe or a symbolic link would put
//! a file into its place for everybody. Devices and pipes are written as the data comes, what a symbolic link leads to
//! is written and the link stays, folders and links to nothing are refused. `-` is standard output.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::ToolError;

/// Names of standard output. The file that it may be redirected to is the shell's and is not replaced.
const STANDARD_OUTPUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
/// Names below these are of open files, too.
const OPEN_FILES: [&str; 4] = ["/dev/fd", "/dev/stdin", "/dev/stderr", "/proc"];

/// What a command writes to.
#[derive(Debug)]
pub enum Destination {
    /// A file that appears when it is complete.
    File {
        /// What is written meanwhile.
        temporary: NamedTempFile,
        /// Its place, with links resolved.
        place: PathBuf,
    },
    /// A device, a pipe or an open file.
    Through(File),
    /// Standard output.
    Standard,
}

/// What stands at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// A regular file, or a link to one.
    File,
    /// A device, a pipe, a socket, or a link to one.
    Special,
}

/// Looks at what stands at `path`.
///
/// # Errors
/// It is a folder or a symbolic link to nothing, or cannot be looked at.
pub(crate) fn look(path: &Path) -> Result<Found, ToolError> {
    let refuse = |reason| Err(ToolError::Destination { path: path.display().to_string(), reason });
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Found::File),
        Ok(metadata) if metadata.is_dir() => refuse("is a folder; name a file in it"),
        Ok(_) => Ok(Found::Special),
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => refuse("is a symbolic link to nothing; remove it or name another file"),
            Err(_) => Ok(Found::Nothing),
        },
        Err(error) => Err(ToolError::File { what: format!("cannot look at {}", path.display()), error }),
    }
}

impl Destination {
    /// Prepares to write to `path`. A pipe is waited for until somebody reads it.
    ///
    /// # Errors
    /// As the module says, or nothing can be written there.
    pub fn open(path: &Path) -> Result<Self, ToolError> {
        let failed = |what: &str| {
            let what = format!("cannot write {what}{}", path.display());
            move |error| ToolError::File { what, error }
        };
        if STANDARD_OUTPUT.iter().any(|name| path == Path::new(name)) {
            return Ok(Destination::Standard);
        }
        let is_open = OPEN_FILES.iter().any(|folder| path.starts_with(folder));
        let place = match look(path)? {
            Found::Special => {
                let file = OpenOptions::new().write(true).open(path).map_err(failed(""))?;
                return Ok(Destination::Through(file));
            }
            Found::File if is_open => {
                // After what the file holds already, as the shell's `>>` is meant.
                let file = OpenOptions::new().append(true).open(path).map_err(failed(""))?;
                return Ok(Destination::Through(file));
            }
            Found::File => fs::canonicalize(path).map_err(failed(""))?,
            Found::Nothing => path.to_owned(),
        };
        let temporary = NamedTempFile::new_in(folder(&place)).map_err(failed("beside "))?;
        Ok(Destination::File { temporary, place })
    }

    /// Whether this is no file of its own, so that what is said about it must not be printed among its data.
    pub fn is_stream(&self) -> bool {
        !matches!(self, Destination::File { .. })
    }

    /// Something to write with, unbuffered.
    ///
    /// # Errors
    /// The system has no more open files to give.
    pub fn writer(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Destination::File { temporary, .. } => Box::new(temporary.reopen()?),
            Destination::Through(file) => Box::new(file.try_clone()?),
            Destination::Standard => Box::new(io::stdout()),
        })
    }

    /// All is written and flushed: brings a file to the disk and gives it its name.
    ///
    /// # Errors
    /// The disk does not take it; then an older file is as it was.
    pub fn complete(self) -> io::Result<()> {
        match self {
            Destination::File { temporary, place } => {
                temporary.as_file().sync_all()?;
                temporary.persist(place).map_err(|error| error.error)?;
                Ok(())
            }
            Destination::Through(_) => Ok(()),
            Destination::Standard => io::stdout().flush(),
        }
    }
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
#[path = "destination_tests.rs"]
mod tests;
