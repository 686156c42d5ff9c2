//! Reading connections, for as long as the file is in WAL mode: then a read neither waits for the writer nor stops it,
//! and sees everything committed before it began.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::sync::Semaphore;

use super::connection::{self, Interrupt};
use super::failure::{Failure, MAX_BRIEF_BYTES, MAX_RESULT_BYTES};
use super::file::MainFile;
use super::statement::{self, Rows};

/// Reads at once per database; more would only take turns on the few cores of a small machine.
const MAX_READERS: usize = 4;

/// What became of a statement that was taken for a read.
pub(super) enum Read {
    /// Its rows.
    Rows(Rows),
    /// It writes.
    Writes,
    /// Reads must go to the writer now.
    Closed,
}

/// The reading connections of one database.
pub(super) struct Readers {
    file: MainFile,
    permits: Semaphore,
    open: AtomicBool,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<(Connection, Interrupt)>,
    busy: usize,
}

impl Readers {
    pub(super) fn new(file: MainFile) -> Arc<Self> {
        Arc::new(Readers {
            file,
            permits: Semaphore::new(MAX_READERS),
            open: AtomicBool::new(false),
            pool: Mutex::default(),
            returned: Condvar::new(),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(SeqCst)
    }

    /// Reads may run here from now on.
    pub(super) fn open(&self) {
        self.open.store(true, SeqCst);
    }

    /// Waits until no read runs and closes every connection, so that the journal mode can change.
    pub(super) fn close(&self) {
        self.open.store(false, SeqCst);
        let mut pool = self.lock();
        while pool.busy > 0 {
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        pool.idle.clear();
    }

    /// Runs a read: at once where it proves to be short, which nearly all are, else off the executor's threads. `long`: it
    /// is known not to be.
    pub(super) async fn run(
        self: &Arc<Self>,
        sql: Arc<str>,
        parameters: Arc<[Value]>,
        cancelled: Arc<AtomicBool>,
        long: bool,
    ) -> Result<Read, Failure> {
        let Ok(_permit) = self.permits.acquire().await else { return Ok(Read::Closed) };
        if !long
            && statement::is_small(&parameters)
            && let Some(result) = self.run_brief(&sql, &parameters, &cancelled)
        {
            return result;
        }
        let readers = self.clone();
        tokio::task::spawn_blocking(move || readers.run_blocking(&sql, &parameters, cancelled)).await?
    }

    /// `None` if it takes longer than the executor may be kept.
    fn run_brief(
        &self,
        sql: &str,
        parameters: &[Value],
        cancelled: &Arc<AtomicBool>,
    ) -> Option<Result<Read, Failure>> {
        let (connection, interrupt) = match self.take() {
            Ok(Some(reader)) => reader,
            Ok(None) => return Some(Ok(Read::Closed)),
            Err(failure) => return Some(Err(failure)),
        };
        interrupt.watch_brief(cancelled.clone());
        let result = read(&connection, sql, parameters, MAX_BRIEF_BYTES);
        let overran = interrupt.overran() || matches!(result, Err(Failure::ResultTooLarge));
        self.put_back((connection, interrupt));
        (!overran).then_some(result)
    }

    fn run_blocking(
        &self,
        sql: &str,
        parameters: &[Value],
        cancelled: Arc<AtomicBool>,
    ) -> Result<Read, Failure> {
        let Some((connection, interrupt)) = self.take()? else { return Ok(Read::Closed) };
        interrupt.watch(cancelled);
        let result = read(&connection, sql, parameters, MAX_RESULT_BYTES);
        self.put_back((connection, interrupt));
        result
    }

    fn take(&self) -> Result<Option<(Connection, Interrupt)>, Failure> {
        let mut pool = self.lock();
        if !self.is_open() {
            return Ok(None);
        }
        let reader = match pool.idle.pop() {
            Some(reader) => reader,
            // What else has the name now must not be read as if it were the database; the writer says what is wrong.
            None if !self.file.is_there() => return Ok(None),
            None => connection::reader(self.file.path())?,
        };
        pool.busy += 1;
        Ok(Some(reader))
    }

    fn put_back(&self, reader: (Connection, Interrupt)) {
        let mut pool = self.lock();
        if self.is_open() {
            pool.idle.push(reader);
        } else {
            // Closed before it is counted as returned: whoever waits takes the file for unused then.
            drop(reader);
        }
        pool.busy -= 1;
        self.returned.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(connection: &Connection, sql: &str, parameters: &[Value], max_bytes: usize) -> Result<Read, Failure> {
    let rows = statement::run_if_read_only(connection, sql, parameters, max_bytes)?;
    Ok(rows.map_or(Read::Writes, Read::Rows))
}
