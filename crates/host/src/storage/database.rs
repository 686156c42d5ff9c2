//! The handle of a database: takes a statement, gives its result.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};

use anyhow::{Context as _, Result};
use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::connection;
use super::failure::Failure;
use super::file::{Files, MainFile};
use super::readers::Readers;
use super::statement::{Kind, Rows, classify};
use super::writer::{Job, Status, Writer};

/// A database file.
pub(crate) struct Database {
    queue: Sender<Job>,
    readers: Arc<Readers>,
    status: Arc<Status>,
}

impl Database {
    /// Opens the file, creating it and its folder where needed, runs the statements of `setup`, and starts its writer.
    ///
    /// # Errors
    /// When the file cannot be opened or a statement of `setup` fails.
    pub(crate) fn open(path: &Path, setup: &str) -> Result<Arc<Self>> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let context = || format!("cannot open the database {}", path.display());
        let (connection, interrupt) = connection::writer(path).with_context(context)?;
        connection.execute_batch(setup).with_context(context)?;
        let file = MainFile::opened(path).with_context(context)?;
        let readers = Readers::new(file.clone());
        let status = Arc::new(Status::default());
        let (queue, jobs) = channel();
        let writer = Writer::new(connection, interrupt, readers.clone(), status.clone(), Files::new(file));
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || writer.serve(jobs))
            .with_context(context)?;
        Ok(Arc::new(Database { queue, readers, status }))
    }

    /// Runs one statement. Dropping the future stops a statement that still runs.
    ///
    /// # Errors
    /// Mostly SQLite's own: see [`Failure`].
    pub(crate) async fn execute(&self, sql: &str, parameters: Vec<Value>) -> Result<Rows, Failure> {
        let sql: Arc<str> = sql.into();
        let parameters: Arc<[Value]> = parameters.into();
        let mut kind = classify(&sql);
        let cancel = SetOnDrop(Arc::default());
        if kind == Kind::Read && self.readers.is_open() && !self.status.reads_tied.load(Relaxed) {
            if let Some(rows) = self.readers.run(sql.clone(), parameters.clone(), cancel.0.clone()).await? {
                return Ok(rows);
            }
            kind = Kind::Write;
        }
        let (reply, answer) = oneshot::channel();
        let job = Job { sql, parameters, kind, cancelled: cancel.0.clone(), reply };
        self.queue.send(job).map_err(|_| Failure::Closed)?;
        answer.await.map_err(|_| Failure::Closed)?
    }

    /// Rows the last writing statement changed.
    pub(crate) fn changes(&self) -> u64 {
        self.status.changes.load(Relaxed)
    }

    /// Row id of the last insert.
    pub(crate) fn last_insert_rowid(&self) -> i64 {
        self.status.last_insert_rowid.load(Relaxed)
    }
}

/// Tells a running statement that nobody waits for it.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}
