//! A database's writing connection.
//!
//! Statements that come together are committed as one transaction, each in its own savepoint, and answered after the
//! commit. In WAL mode the log is synced behind it (`durability`), else with each commit. A statement that cannot share a
//! transaction runs by itself. If a shared transaction is lost (a deferred constraint, a full disk), its statements run
//! again one by one, so that nobody suffers for another's error.
//!
//! Before it begins and before it answers, it looks whether the files are still there (`file`): what goes into a deleted
//! file is not acknowledged.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::Sender;

use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::connection::{self, Interrupt};
use super::durability::{Durability, Log, Pending};
use super::failure::{Failure, MAX_BRIEF_BYTES};
use super::file::{Files, Missing};
use super::readers::Readers;
use super::statement::{self, Kind, Plan, Rows};
use crate::output::{self, Trouble};

/// Commits after which the thread moves the log into the database; with the pages of small ones it comes before SQLite
/// does it by itself, within a commit.
const COMMITS_PER_CHECKPOINT: u64 = 512;

/// A statement, and who waits for it.
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

/// What became of a statement that was to run at once.
pub(super) enum AtOnce {
    /// Its result; and whether the log is to be moved into the database.
    Done(Result<Rows, Failure>, bool),
    /// It has not happened: it takes longer than the executor may be kept.
    TooLong,
    /// It has not happened: others are first, or it is for the thread.
    NotNow,
}

/// The writing connection, and what is known of its files.
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
    /// Commits at the last checkpoint.
    moved: u64,
}

impl Writer {
    /// Looks how the file is kept, and notes what has been committed to it so far.
    pub(super) fn new(
        connection: Connection,
        interrupt: Interrupt,
        readers: Arc<Readers>,
        status: Arc<Status>,
        files: Files,
        durable: Durable,
    ) -> Self {
        let (missing, trouble, moved) = (None, Trouble::default(), 0);
        let mut writer =
            Writer { connection, interrupt, readers, status, files, missing, trouble, durable, moved };
        writer.refresh_journal_mode();
        // The statements that made the file fit for use.
        writer.note_commits();
        writer
    }

    /// Whether a transaction is open: between two tasks, one that a component has begun and not ended.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// A statement by itself, without the thread.
    pub(super) fn at_once(&mut self, plan: &Plan, parameters: &[Value]) -> AtOnce {
        if self.is_in_transaction() {
            return AtOnce::NotNow;
        }
        if plan.kind == Kind::Read {
            return self.read_at_once(plan, parameters);
        }
        if self.durable.deferred.is_none() || !self.look() {
            return AtOnce::NotNow;
        }
        let before = self.connection.total_changes();
        let result = self.run(plan, parameters, Arc::default());
        let result = self.noted(before, result);
        let result = if self.look() { result } else { Err(Failure::Lost) };
        self.note_answered();
        AtOnce::Done(result, self.is_checkpoint_due())
    }

    /// Once when so many commits have come together.
    pub(super) fn is_checkpoint_due(&mut self) -> bool {
        let due =
            self.durable.deferred.is_some() && self.durable.ended - self.moved >= COMMITS_PER_CHECKPOINT;
        if due {
            self.moved = self.durable.ended;
        }
        due
    }

    fn read_at_once(&self, plan: &Plan, parameters: &[Value]) -> AtOnce {
        // Else what is read is not what those see who only read, or the file is not there.
        if !self.readers.is_open() || self.status.reads_tied.load(Relaxed) {
            return AtOnce::NotNow;
        }
        self.interrupt.watch_brief(Arc::default());
        match statement::run_if_read_only(&self.connection, &plan.sql, parameters, MAX_BRIEF_BYTES) {
            Ok(Some(rows)) => AtOnce::Done(Ok(rows), false),
            Ok(None) => AtOnce::NotNow,
            Err(Failure::ResultTooLarge) => AtOnce::TooLong,
            Err(_) if self.interrupt.overran() => AtOnce::TooLong,
            Err(failure) => AtOnce::Done(Err(failure), false),
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

    /// Runs statements that came together, and answers them.
    pub(super) fn group(&mut self, mut group: Vec<Job>) {
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
                let result = self.run_job(job);
                if result.is_err() && self.is_in_transaction() {
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
        if self.is_in_transaction() {
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

    /// Runs a statement that shares no transaction of the host's, and answers it.
    pub(super) fn alone(&mut self, job: Job) {
        let pragma = job.plan.sql.to_ascii_lowercase().contains("journal_mode");
        if job.plan.ties_reads {
            self.status.reads_tied.store(true, Relaxed);
        }
        if pragma {
            self.readers.close();
        }
        let result = self.run_if_kept(&job);
        // Reads of a component with an open transaction see what is in it.
        if self.is_in_transaction() {
            self.readers.close();
        }
        self.answer(job, result);
    }

    /// Runs a statement by itself. Inside a component's transaction nothing is acknowledged before its end.
    fn run_if_kept(&mut self, job: &Job) -> Result<Rows, Failure> {
        if !self.is_in_transaction() && !self.look() {
            return Err(Failure::Lost);
        }
        let before = self.connection.total_changes();
        let result = self.run_job(job);
        let result = self.noted(before, result);
        if !self.is_in_transaction() {
            if job.plan.kind == Kind::Alone {
                self.refresh_journal_mode();
            }
            if !self.look() {
                return Err(Failure::Lost);
            }
        }
        result
    }

    /// The result of a statement, of which the operator has learned what concerns the disk.
    fn noted(&mut self, before: u64, result: Result<Rows, Failure>) -> Result<Rows, Failure> {
        match &result {
            Ok(_) => self.note_written(before),
            Err(failure) => self.note_refused(failure),
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
        if !self.is_in_transaction() && self.connection.total_changes() != before && self.trouble.ends() {
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

    /// Moves the log into the database as far as no reader is in the way; the rest waits for the next time, as all does
    /// while a transaction is open or a file is missing.
    pub(super) fn move_log(&mut self) {
        if self.is_in_transaction() || !self.look() {
            return;
        }
        self.interrupt.watch(Arc::default());
        // What goes wrong with the disk is seen, and told, by the next write.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }

    /// Moves what is in the deleted log, which is still open, into the database's own file; says whether it could.
    fn rescue(&self) -> bool {
        self.interrupt.watch(Arc::default());
        // The first column says whether somebody was in the way.
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        busy == Ok(0)
    }

    fn run(&self, plan: &Plan, parameters: &[Value], cancelled: Arc<AtomicBool>) -> Result<Rows, Failure> {
        if plan.ties_reads {
            self.status.reads_tied.store(true, Relaxed);
        }
        self.interrupt.watch(cancelled);
        statement::run(&self.connection, plan, parameters)
    }

    fn run_job(&self, job: &Job) -> Result<Rows, Failure> {
        self.run(&job.plan, &job.parameters, job.cancelled.clone())
    }

    /// What has to be known before a statement is answered.
    fn note_answered(&mut self) {
        self.note_commits();
        self.status.changes.store(self.connection.changes(), Relaxed);
        self.status.last_insert_rowid.store(self.connection.last_insert_rowid(), Relaxed);
    }

    fn answer(&mut self, job: Job, result: Result<Rows, Failure>) {
        self.note_answered();
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
