//! The handle of a database: takes a statement, gives its result.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};

use anyhow::{Context as _, Result};
use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::connection;
use super::desk::Desk;
use super::durability::{self, Durability, Log, Sync};
use super::failure::Failure;
use super::file::{Files, MainFile};
use super::readers::{Read, Readers};
use super::statement::{Kind, Plan, Plans, Rows};
use super::writer::{AtOnce, Durable, Job, Status, Writer};

/// Moves the log into the database as far as no reader is in the way.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// A database file.
pub(crate) struct Database {
    queue: Sender<Job>,
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
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let context = || format!("cannot open the database {}", path.display());
        let log = Log::new();
        let (connection, interrupt) = connection::writer(path, log.clone()).with_context(context)?;
        connection.execute_batch(setup).with_context(context)?;
        let file = MainFile::opened(path).with_context(context)?;
        let readers = Readers::new(file.clone());
        let status = Arc::new(Status::default());
        let (queue, jobs) = channel();
        let syncing =
            durability::start(log.clone(), sync, path.display().to_string()).with_context(context)?;
        durability.add(log.clone());
        let durable = Durable::new(durability.clone(), log.clone(), syncing);
        let writer =
            Writer::new(connection, interrupt, readers.clone(), status.clone(), Files::new(file), durable);
        let desk = Desk::new(writer);
        let served = desk.clone();
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || served.serve(jobs))
            .with_context(context)?;
        Ok(Arc::new(Database { queue, desk, readers, status, log, plans: Plans::default() }))
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
                    // Nobody waits for it: what it would have done is done by the next one.
                    self.send(self.plans.of(CHECKPOINT), Arc::default(), Arc::default())?;
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
        let answer = self.send(plan, parameters, cancel.0.clone())?;
        answer.await.map_err(|_| Failure::Closed)?
    }

    /// Leaves a statement to the writer's thread.
    fn send(
        &self,
        plan: Plan,
        parameters: Arc<[Value]>,
        cancelled: Arc<AtomicBool>,
    ) -> Result<oneshot::Receiver<Result<Rows, Failure>>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.desk.expect_one();
        self.queue.send(Job { plan, parameters, cancelled, reply }).map_err(|_| Failure::Closed)?;
        Ok(answer)
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
