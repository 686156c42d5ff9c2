//! Whether the path of a database still names the file that is open.
//!
//! SQLite keeps files open: if somebody deletes or replaces one, it goes on writing to what nobody will find again. So
//! the writer looks before and after each transaction, which costs a few calls of the system beside an fsync.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(fs::metadata(path)?.into())
    }
}

impl From<Metadata> for Identity {
    fn from(metadata: Metadata) -> Self {
        Identity { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// The database's own file.
#[derive(Clone, Debug)]
pub(super) struct MainFile {
    path: PathBuf,
    opened: Identity,
}

impl MainFile {
    /// The file that has just been opened at `path`.
    ///
    /// # Errors
    /// When it is gone already.
    pub(super) fn opened(path: &Path) -> io::Result<Self> {
        Ok(MainFile { path: path.to_owned(), opened: Identity::of(path)? })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still names it.
    pub(super) fn is_there(&self) -> bool {
        Identity::of(&self.path).is_ok_and(|found| found == self.opened)
    }
}

/// A file that is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The database's own.
    Main,
    /// Its write-ahead log: what was committed and is not yet in the database's own file.
    Log,
}

/// The files that hold what is acknowledged.
#[derive(Debug)]
pub(super) struct Files {
    main: MainFile,
    log_path: PathBuf,
    /// Whether the database has a write-ahead log.
    wal: bool,
    /// The log, since it was seen first.
    log: Option<Identity>,
}

impl Files {
    pub(super) fn new(main: MainFile) -> Self {
        let mut log_path = main.path().as_os_str().to_owned();
        log_path.push("-wal");
        Files { main, log_path: log_path.into(), wal: false, log: None }
    }

    /// Whether the database is in WAL mode from now on.
    pub(super) fn set_wal(&mut self, wal: bool) {
        self.wal = wal;
        if !wal {
            self.log = None;
        }
    }

    /// The first file whose path names another one or none.
    pub(super) fn missing(&mut self) -> Option<Missing> {
        if !self.main.is_there() {
            return Some(Missing::Main);
        }
        if !self.wal {
            return None;
        }
        let found = Identity::of(&self.log_path).ok();
        // SQLite makes it with the first statement.
        self.log = self.log.or(found);
        (self.log != found).then_some(Missing::Log)
    }

    /// The write-ahead log, if the database has one and the path names it.
    pub(super) fn open_log(&self) -> Option<File> {
        let known = self.log.filter(|_| self.wal)?;
        let file = File::open(&self.log_path).ok()?;
        (known == file.metadata().ok()?.into()).then_some(file)
    }

    /// Where the database is.
    pub(super) fn path(&self) -> &Path {
        self.main.path()
    }

    /// What the operator should know of it, and do; `rescued` says whether what the deleted log held is in the
    /// database's own file now.
    pub(super) fn explain(&self, missing: Missing, rescued: bool) -> String {
        let database = self.main.path().display();
        let refused =
            format!("under the running host; the database {database} is neither read nor written any more");
        match missing {
            Missing::Main => format!(
                "the file {database} was deleted or replaced {refused}. Put it back; or end the host, put in its place \
                 what is to be served, and start again"
            ),
            Missing::Log => {
                let log = self.log_path.display();
                let moved = if rescued { "was moved" } else { "could not be moved" };
                format!(
                    "the file {log} was deleted or replaced {refused}. What it held {moved} into {database}. End the \
                     host, delete {log} if it is there, and start again"
                )
            }
        }
    }
}
