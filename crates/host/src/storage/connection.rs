//! Opening a connection: cache sizes, waiting for other processes, interruption, and no way to other files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags};

/// How long to wait for another process that holds the file, e.g. a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Distinct statements kept compiled per connection; the eleven components use some hundred in all.
const CACHED_STATEMENTS: usize = 256;
/// Virtual machine steps between two looks at whether the statement is still wanted, well under a millisecond.
const STEPS_PER_CHECK: i32 = 10_000;
/// Page cache of the writing connection in KiB.
const WRITER_CACHE_KIB: i32 = 64 * 1024;
/// Page cache of each reading connection in KiB.
const READER_CACHE_KIB: i32 = 32 * 1024;

/// Tells a connection to stop the running statement. One statement runs at a time.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<Mutex<Arc<AtomicBool>>>);

impl Interrupt {
    /// From now on `cancelled` decides.
    pub(super) fn watch(&self, cancelled: Arc<AtomicBool>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cancelled;
    }

    fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).load(Relaxed)
    }
}

/// The connection that writes; creates the file.
pub(super) fn writer(path: &Path) -> rusqlite::Result<(Connection, Interrupt)> {
    prepare(Connection::open(path)?, WRITER_CACHE_KIB)
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
