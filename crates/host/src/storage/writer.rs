//! The thread that owns a database's writing connection.
//!
//! It takes what is queued and commits it as one transaction, each statement in its own savepoint, and answers after
//! the commit: concurrent writes share one fsync and an answered write is durable. A statement that cannot share a
//! transaction runs by itself. If a shared transaction is lost (a deferred constraint, a full disk), its statements
//! run again one by one, so that nobody suffers for another's error.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::connection::Interrupt;
use super::failure::Failure;
use super::readers::Readers;
use super::statement::{self, Kind, Rows};

/// Most statements of one transaction: bounds how long the first of them waits for the others.
const MAX_GROUP: usize = 256;

/// A statement in the queue.
pub(super) struct Job {
    pub(super) sql: Arc<str>,
    pub(super) parameters: Arc<[Value]>,
    pub(super) kind: Kind,
    /// Set when nobody waits for the answer any more.
    pub(super) cancelled: Arc<AtomicBool>,
    pub(super) reply: oneshot::Sender<Result<Rows, Failure>>,
}

/// What the writing connection last did, for those who ask.
#[derive(Default)]
pub(super) struct Status {
    pub(super) changes: AtomicU64,
    pub(super) last_insert_rowid: AtomicI64,
    /// Reads must go through the writing connection, because it knows things that others do not.
    pub(super) reads_tied: AtomicBool,
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) interrupt: Interrupt,
    pub(super) readers: Arc<Readers>,
    pub(super) status: Arc<Status>,
}

impl Writer {
    /// Serves until every sender is gone.
    pub(super) fn serve(mut self, queue: Receiver<Job>) {
        self.refresh_journal_mode();
        let mut next = None;
        while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
            // Inside a transaction that a component opened, everything belongs to it, as on any one connection.
            if job.kind == Kind::Alone || !self.connection.is_autocommit() {
                self.alone(job);
                continue;
            }
            let mut group = vec![job];
            while group.len() < MAX_GROUP
                && let Ok(job) = queue.try_recv()
            {
                if job.kind == Kind::Alone {
                    next = Some(job);
                    break;
                }
                group.push(job);
            }
            self.group(group);
        }
    }

    fn group(&mut self, mut group: Vec<Job>) {
        group.retain(|job| !job.cancelled.load(Relaxed));
        if group.len() < 2 {
            group.into_iter().for_each(|job| self.single(job));
            return;
        }
        match self.transaction(&group) {
            Some(results) => {
                for (job, result) in group.into_iter().zip(results) {
                    self.answer(job, result);
                }
            }
            None => group.into_iter().for_each(|job| self.single(job)),
        }
    }

    /// Runs all of `group` and commits. `None` if the transaction could not be kept; then nothing has happened.
    fn transaction(&self, group: &[Job]) -> Option<Vec<Result<Rows, Failure>>> {
        self.steer("BEGIN IMMEDIATE").ok()?;
        let mut results = Vec::with_capacity(group.len());
        for job in group {
            let result = self.steer("SAVEPOINT one").and_then(|()| {
                let result = self.run(job);
                if result.is_err() && !self.connection.is_autocommit() {
                    self.steer("ROLLBACK TO one")?;
                }
                self.steer("RELEASE one")?;
                Ok(result)
            });
            match result {
                Ok(result) => results.push(result),
                Err(_) => return self.give_up(),
            }
        }
        self.interrupt.watch(Arc::default());
        match self.steer("COMMIT") {
            Ok(()) => Some(results),
            Err(_) => self.give_up(),
        }
    }

    fn give_up<T>(&self) -> Option<T> {
        if !self.connection.is_autocommit() {
            // Fails only where SQLite has rolled back by itself.
            let _ = self.steer("ROLLBACK");
        }
        None
    }

    fn single(&mut self, job: Job) {
        if job.cancelled.load(Relaxed) {
            return;
        }
        let result = self.run(&job);
        self.answer(job, result);
    }

    fn alone(&mut self, job: Job) {
        let ties = statement::ties_reads_to_writer(&job.sql);
        let pragma = job.sql.to_ascii_lowercase().contains("journal_mode");
        if ties {
            self.status.reads_tied.store(true, Relaxed);
        }
        if pragma {
            self.readers.close();
        }
        let result = self.run(&job);
        // Reads of a component with an open transaction see what is in it.
        if self.connection.is_autocommit() {
            self.refresh_journal_mode();
        } else {
            self.readers.close();
        }
        self.answer(job, result);
    }

    fn run(&self, job: &Job) -> Result<Rows, Failure> {
        if statement::ties_reads_to_writer(&job.sql) {
            self.status.reads_tied.store(true, Relaxed);
        }
        self.interrupt.watch(job.cancelled.clone());
        statement::run(&self.connection, &job.sql, &job.parameters)
    }

    fn answer(&self, job: Job, result: Result<Rows, Failure>) {
        self.status.changes.store(self.connection.changes(), Relaxed);
        self.status.last_insert_rowid.store(self.connection.last_insert_rowid(), Relaxed);
        // The component may have been ended meanwhile; the statement has happened all the same.
        let _ = job.reply.send(result);
    }

    fn steer(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn refresh_journal_mode(&self) {
        let mode = self.connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        match mode.as_deref() {
            Ok("wal") => self.readers.open(),
            _ => self.readers.close(),
        }
    }
}
