//! Opening a connection: cache sizes, waiting for other processes, interruption, and no way to other files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags};

use super::durability::Log;

/// How long to wait for another process that holds the file, e.g. a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Distinct statements kept compiled per connection; the eleven components use some hundred in all.
const CACHED_STATEMENTS: usize = 256;
/// Virtual machine steps between two looks at whether the statement is still wanted, well under a millisecond.
const STEPS_PER_CHECK: i32 = 10_000;
/// Page cache of the writing connection in KiB.
const WRITER_CACHE_KIB: i32 = 64 * 1024;
/// Pages of the log after which they are moved into the database, 32 MB, if the writer has not seen to it before.
const DEFERRED_CHECKPOINT_PAGES: u32 = 8000;
/// Page cache of each reading connection in KiB.
const READER_CACHE_KIB: i32 = 32 * 1024;

/// Whether each commit waits for the disk, which is SQLite's own choice. Otherwise only checkpoints do; as they then find
/// more that was written over in the meantime, they come less often.
pub(super) fn sync_each_commit(connection: &Connection, each: bool) -> rusqlite::Result<()> {
    let (synchronous, pages) = if each { ("FULL", 1000) } else { ("NORMAL", DEFERRED_CHECKPOINT_PAGES) };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", pages)
}

/// Tells a connection to stop the running statement. One statement runs at a time.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    cancelled: Arc<AtomicBool>,
    /// Whether the statement must be short.
    brief: bool,
    /// Whether it was not.
    overran: bool,
}

impl Interrupt {
    /// From now on `cancelled` decides.
    pub(super) fn watch(&self, cancelled: Arc<AtomicBool>) {
        *self.lock() = Watched { cancelled, brief: false, overran: false };
    }

    /// As [`Interrupt::watch`], and the statement is stopped after some [`STEPS_PER_CHECK`] as well.
    pub(super) fn watch_brief(&self, cancelled: Arc<AtomicBool>) {
        *self.lock() = Watched { cancelled, brief: true, overran: false };
    }

    /// Whether the statement was stopped because it was not brief.
    pub(super) fn overran(&self) -> bool {
        self.lock().overran
    }

    fn is_set(&self) -> bool {
        let mut watched = self.lock();
        watched.overran = watched.brief;
        watched.brief || watched.cancelled.load(Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection that writes; creates the file. Each of its commits is counted in `log` as it begins.
pub(super) fn writer(path: &Path, log: Arc<Log>) -> rusqlite::Result<(Connection, Interrupt)> {
    let (mut connection, interrupt) = prepare(Connection::open(path)?, WRITER_CACHE_KIB)?;
    let goes_ahead = false;
    connection.commit_hook(Some(move || {
        log.begin();
        goes_ahead
    }))?;
    Ok((connection, interrupt))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<(Connection, Interrupt)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags)?, READER_CACHE_KIB)
}

fn prepare(mut connection: Connection, cache_kib: i32) -> rusqlite::Result<(Connection, Interrupt)> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    // Else SQLite compiles a statement anew whenever a value is bound to its LIMIT.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.authorizer(Some(authorize))?;
    let interrupt = Interrupt::default();
    let watched = interrupt.clone();
    connection.progress_handler(STEPS_PER_CHECK, Some(move || watched.is_set()))?;
    Ok((connection, interrupt))
}

/// A component may attach temporary and in-memory databases, but no files: those are not in its manifest.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => Authorization::Deny,
        _ => Authorization::Allow,
    }
}
