//! The thread that owns a database's writing connection.
//!
//! It takes what is queued and commits it as one transaction, each statement in its own savepoint, and answers after
//! the commit. In WAL mode the log is synced behind it (`durability`), else with each commit. A statement that cannot share a
//! transaction runs by itself. If a shared transaction is lost (a deferred constraint, a full disk), its statements
//! run again one by one, so that nobody suffers for another's error.
//!
//! Before it begins and before it answers, it looks whether the files are still there (`file`): what goes into a deleted
//! file is not acknowledged.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender};

use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::connection::{self, Interrupt};
use super::durability::{Durability, Log, Pending};
use super::failure::Failure;
use super::file::{Files, Missing};
use super::readers::Readers;
use super::statement::{self, Kind, Plan, Rows};
use crate::output::{self, Trouble};

/// Most statements of one transaction: bounds how long the first of them waits for the others.
const MAX_GROUP: usize = 256;

/// A statement in the queue.
pub(super) struct Job {
    pub(super) plan: Plan,
    pub(super) parameters: Arc<[Value]>,
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

/// Who learns of commits, and makes them durable.
pub(super) struct Durable {
    durability: Arc<Durability>,
    log: Arc<Log>,
    syncing: Sender<Pending>,
    /// Commits that have ended.
    ended: u64,
    /// The write-ahead log, while it is synced behind the commits.
    deferred: Option<Arc<File>>,
}

impl Durable {
    pub(super) fn new(durability: Arc<Durability>, log: Arc<Log>, syncing: Sender<Pending>) -> Self {
        Durable { durability, log, syncing, ended: 0, deferred: None }
    }
}

pub(super) struct Writer {
    connection: Connection,
    interrupt: Interrupt,
    readers: Arc<Readers>,
    status: Arc<Status>,
    files: Files,
    /// The file that was missing at the last look, of which the operator has been told.
    missing: Option<Missing>,
    /// Writes that fail because of the disk.
    trouble: Trouble,
    durable: Durable,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        interrupt: Interrupt,
        readers: Arc<Readers>,
        status: Arc<Status>,
        files: Files,
        durable: Durable,
    ) -> Self {
        let trouble = Trouble::default();
        Writer { connection, interrupt, readers, status, files, missing: None, trouble, durable }
    }

    /// Serves until every sender is gone.
    pub(super) fn serve(mut self, queue: Receiver<Job>) {
        self.refresh_journal_mode();
        // The statements that made the file fit for use.
        self.note_commits();
        let mut next = None;
        while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
            // Inside a transaction that a component opened, everything belongs to it, as on any one connection.
            if job.plan.kind == Kind::Alone || !self.connection.is_autocommit() {
                self.alone(job);
                continue;
            }
            let mut group = vec![job];
            while group.len() < MAX_GROUP
                && let Ok(job) = queue.try_recv()
            {
                if job.plan.kind == Kind::Alone {
                    next = Some(job);
                    break;
                }
                group.push(job);
            }
            self.group(group);
        }
    }

    /// Sees to it that what has been committed gets to the disk, and that it is known when it is there.
    fn note_commits(&mut self) {
        let begun = self.durable.log.begun();
        if begun == self.durable.ended {
            return;
        }
        self.durable.ended = begun;
        match &self.durable.deferred {
            Some(file) => {
                // The other end goes away when the disk has failed, which is known then.
                let _ = self.durable.syncing.send(Pending { file: file.clone(), commits: begun });
            }
            None => {
                self.durable.log.set_on_disk(begun);
                self.defer();
            }
        }
    }

    /// From now on commits are synced behind their answers, if that is possible: the log file must be known.
    fn defer(&mut self) {
        if self.missing.is_some() || self.durable.durability.is_immediate() {
            return;
        }
        if let Some(file) = self.files.open_log()
            && connection::sync_each_commit(&self.connection, false).is_ok()
        {
            self.durable.deferred = Some(Arc::new(file));
        }
    }

    /// From now on every commit is on disk before its answer.
    fn be_immediate(&mut self) {
        if self.durable.deferred.take().is_some() {
            // Fails only where the connection is of no use any more.
            let _ = connection::sync_each_commit(&self.connection, true);
        }
    }

    fn group(&mut self, mut group: Vec<Job>) {
        group.retain(|job| !job.cancelled.load(Relaxed));
        if group.len() < 2 {
            group.into_iter().for_each(|job| self.single(job));
            return;
        }
        if !self.look() {
            group.into_iter().for_each(|job| self.answer(job, Err(Failure::Lost)));
            return;
        }
        let before = self.connection.total_changes();
        match self.transaction(&group) {
            Some(results) => {
                self.note_written(before);
                let kept = self.look();
                for (job, result) in group.into_iter().zip(results) {
                    self.answer(job, if kept { result } else { Err(Failure::Lost) });
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
        let result = self.run_if_kept(&job);
        self.answer(job, result);
    }

    fn alone(&mut self, job: Job) {
        let pragma = job.plan.sql.to_ascii_lowercase().contains("journal_mode");
        if job.plan.ties_reads {
            self.status.reads_tied.store(true, Relaxed);
        }
        if pragma {
            self.readers.close();
        }
        let result = self.run_if_kept(&job);
        // Reads of a component with an open transaction see what is in it.
        if !self.connection.is_autocommit() {
            self.readers.close();
        }
        self.answer(job, result);
    }

    /// Runs a statement by itself. Inside a component's transaction nothing is acknowledged before its end.
    fn run_if_kept(&mut self, job: &Job) -> Result<Rows, Failure> {
        if self.connection.is_autocommit() && !self.look() {
            return Err(Failure::Lost);
        }
        let before = self.connection.total_changes();
        let result = self.run(job);
        match &result {
            Ok(_) => self.note_written(before),
            Err(failure) => self.note_refused(failure),
        }
        if self.connection.is_autocommit() {
            if job.plan.kind == Kind::Alone {
                self.refresh_journal_mode();
            }
            if !self.look() {
                return Err(Failure::Lost);
            }
        }
        result
    }

    /// Tells the operator if the disk is to blame, the first time.
    fn note_refused(&mut self, failure: &Failure) {
        if let Some(remedy) = failure.remedy()
            && self.trouble.begins()
        {
            let database = self.files.path().display();
            output::event(format_args!("the database {database} cannot be written: {failure}; {remedy}"));
        }
    }

    /// Tells the operator if the disk takes again what it refused. `before` counts the rows that had been changed
    /// before: a statement that changes none says nothing about the disk.
    fn note_written(&mut self, before: u64) {
        if self.connection.is_autocommit() && self.connection.total_changes() != before && self.trouble.ends()
        {
            output::event(format_args!("the database {} is written again", self.files.path().display()));
        }
    }

    /// Whether the files are still there. If they are no more, or again, readers and the operator learn of it.
    fn look(&mut self) -> bool {
        let missing = self.files.missing();
        if missing == self.missing {
            return missing.is_none();
        }
        self.missing = missing;
        match missing {
            None => {
                let database = self.files.path().display();
                output::event(format_args!("the database {database} is back; it is read and written again"));
                self.refresh_journal_mode();
            }
            Some(which) => {
                self.readers.close();
                self.be_immediate();
                let rescued = which == Missing::Log && self.rescue();
                output::event(format_args!("{}", self.files.explain(which, rescued)));
            }
        }
        missing.is_none()
    }

    /// Moves what is in the deleted log, which is still open, into the database's own file; says whether it could.
    fn rescue(&self) -> bool {
        self.interrupt.watch(Arc::default());
        // The first column says whether somebody was in the way.
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        busy == Ok(0)
    }

    fn run(&self, job: &Job) -> Result<Rows, Failure> {
        if job.plan.ties_reads {
            self.status.reads_tied.store(true, Relaxed);
        }
        self.interrupt.watch(job.cancelled.clone());
        statement::run(&self.connection, &job.plan.sql, &job.parameters)
    }

    fn answer(&mut self, job: Job, result: Result<Rows, Failure>) {
        self.note_commits();
        self.status.changes.store(self.connection.changes(), Relaxed);
        self.status.last_insert_rowid.store(self.connection.last_insert_rowid(), Relaxed);
        // The component may have been ended meanwhile; the statement has happened all the same.
        let _ = job.reply.send(result);
    }

    fn steer(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn refresh_journal_mode(&mut self) {
        let mode = self.connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        match mode.as_deref() {
            Ok("wal") if self.missing.is_none() => {
                self.files.set_wal(true);
                self.readers.open();
            }
            mode => {
                self.be_immediate();
                self.files.set_wal(mode == Ok("wal"));
                self.readers.close();
            }
        }
    }
}
