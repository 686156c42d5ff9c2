//! The handle of a database: takes a statement, gives its result.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::connection;
use super::desk::{Desk, Task};
use super::durability::{self, Durability, Log, Sync};
use super::failure::Failure;
use super::file::{Files, MainFile};
use super::readers::{Read, Readers};
use super::statement::{Kind, Plans, Rows};
use super::writer::{AtOnce, Durable, Job, Status, Writer};

/// A database file.
pub(crate) struct Database {
    queue: Sender<Task>,
    desk: Arc<Desk>,
    readers: Arc<Readers>,
    status: Arc<Status>,
    log: Arc<Log>,
    plans: Plans,
}

impl Database {
    /// Opens the file, creating it and its folder where needed, runs the statements of `setup`, and starts its writer.
    /// `durability` tells what of it is on disk.
    ///
    /// # Errors
    /// When the file cannot be opened or a statement of `setup` fails.
    pub(crate) fn open(path: &Path, setup: &str, durability: &Arc<Durability>) -> Result<Arc<Self>> {
        Self::open_with(path, setup, durability, Box::new(File::sync_data))
    }

    /// As [`Database::open`], with another way to sync.
    pub(super) fn open_with(
        path: &Path,
        setup: &str,
        durability: &Arc<Durability>,
        sync: Sync,
    ) -> Result<Arc<Self>> {
        let (database, tasks) = Self::open_unserved(path, setup, durability, sync)?;
        database.serve(tasks).with_context(|| cannot_open(path))?;
        Ok(Arc::new(database))
    }

    /// As [`Database::open_with`], without a thread that does what is queued; that is to be [served](Database::serve).
    pub(super) fn open_unserved(
        path: &Path,
        setup: &str,
        durability: &Arc<Durability>,
        sync: Sync,
    ) -> Result<(Self, Receiver<Task>)> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let context = || cannot_open(path);
        let log = Log::new();
        let (connection, interrupt) = connection::writer(path, log.clone()).with_context(context)?;
        connection.execute_batch(setup).with_context(context)?;
        let file = MainFile::opened(path).with_context(context)?;
        let readers = Readers::new(file.clone());
        let status = Arc::new(Status::default());
        let (queue, tasks) = channel();
        let syncing =
            durability::start(log.clone(), sync, path.display().to_string()).with_context(context)?;
        durability.add(log.clone());
        let durable = Durable::new(durability.clone(), log.clone(), syncing);
        let writer =
            Writer::new(connection, interrupt, readers.clone(), status.clone(), Files::new(file), durable);
        let desk = Desk::new(writer);
        Ok((Database { queue, desk, readers, status, log, plans: Plans::default() }, tasks))
    }

    /// Starts the thread that does what is queued.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn serve(&self, tasks: Receiver<Task>) -> io::Result<JoinHandle<()>> {
        let desk = self.desk.clone();
        std::thread::Builder::new().name("sqlite-writer".into()).spawn(move || desk.serve(tasks))
    }

    /// Runs one statement. Dropping the future stops a statement that still runs.
    ///
    /// # Errors
    /// Mostly SQLite's own: see [`Failure`].
    pub(crate) async fn execute(&self, sql: &str, parameters: Vec<Value>) -> Result<Rows, Failure> {
        self.log.check()?;
        let parameters: Arc<[Value]> = parameters.into();
        let mut plan = self.plans.of(sql);
        let long = match self.desk.at_once(&plan, &parameters) {
            AtOnce::Done(result, checkpoint) => {
                if checkpoint {
                    // The statement has happened, whatever becomes of this; the next one does what it would have done.
                    let _ = self.desk.leave(Task::MoveLog, &self.queue);
                }
                return result;
            }
            AtOnce::TooLong => true,
            AtOnce::NotNow => false,
        };
        let cancel = SetOnDrop(Arc::default());
        if plan.kind == Kind::Read {
            plan.kind = Kind::Write;
            if self.readers.is_open() && !self.status.reads_tied.load(Relaxed) {
                match self.readers.run(plan.sql.clone(), parameters.clone(), cancel.0.clone(), long).await? {
                    Read::Rows(rows) => return Ok(rows),
                    Read::Writes => self.plans.keep(plan.clone()),
                    Read::Closed => {}
                }
            }
        }
        let (reply, answer) = oneshot::channel();
        let job = Job { plan, parameters, cancelled: cancel.0.clone(), reply };
        self.desk.leave(Task::Run(job), &self.queue)?;
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

fn cannot_open(path: &Path) -> String {
    format!("cannot open the database {}", path.display())
}

/// Tells a running statement that nobody waits for it.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}
