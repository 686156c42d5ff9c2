//! Where statements come to be run: at once if nobody else waits or writes, else in a queue that a thread serves.
//!
//! A short statement runs where it is asked for: handing it to a thread and back takes as long as it does, and reading on
//! the writing connection finds the pages that it wrote still in memory, which the others read anew after each commit.
//! Everything else is queued, and the thread leaves to the writer together what it finds in the queue together. Moving the
//! log into the database is queued too, as a task of its own that nobody waits for: it takes longer than a statement.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;

use super::failure::Failure;
use super::statement::{self, Kind, Plan};
use super::writer::{AtOnce, Job, Writer};

/// Most statements of one transaction: bounds how long the first of them waits for the others.
const MAX_GROUP: usize = 256;

/// What the thread is to do.
pub(super) enum Task {
    /// Run a statement and answer it.
    Run(Job),
    /// Move the log into the database.
    MoveLog,
}

/// The writing connection, for whoever comes first, and those who wait for the thread.
pub(super) struct Desk {
    writer: Mutex<Writer>,
    queued: AtomicUsize,
}

impl Desk {
    pub(super) fn new(writer: Writer) -> Arc<Self> {
        Arc::new(Desk { writer: Mutex::new(writer), queued: AtomicUsize::new(0) })
    }

    /// Leaves something to the thread, which takes it from the other end of `queue`.
    ///
    /// # Errors
    /// [`Failure::Closed`] if the thread has ended; then nothing of it happens.
    pub(super) fn leave(&self, task: Task, queue: &Sender<Task>) -> Result<(), Failure> {
        self.queued.fetch_add(1, SeqCst);
        queue.send(task).map_err(|_| {
            self.queued.fetch_sub(1, SeqCst);
            Failure::Closed
        })
    }

    /// Runs a statement here and now, if it is free to.
    pub(super) fn at_once(&self, plan: &Plan, parameters: &[Value]) -> AtOnce {
        if plan.kind == Kind::Alone
            || plan.ties_reads
            || self.queued.load(SeqCst) > 0
            || !match plan.kind {
                Kind::Read => statement::is_small(parameters),
                _ => plan.pace.is_brisk() && statement::is_tiny(parameters),
            }
        {
            return AtOnce::NotNow;
        }
        match self.writer.try_lock() {
            Ok(mut writer) => writer.at_once(plan, parameters),
            // Held by another, or lost in a panic, which the thread tells.
            Err(_) => AtOnce::NotNow,
        }
    }

    /// Serves until every sender is gone.
    pub(super) fn serve(&self, queue: Receiver<Task>) {
        let mut next = None;
        while let Some(task) = next.take().or_else(|| queue.recv().ok()) {
            let Ok(mut writer) = self.writer.lock() else { return };
            match task {
                Task::MoveLog => {
                    writer.move_log();
                    self.queued.fetch_sub(1, SeqCst);
                }
                // Inside a transaction that a component opened, everything belongs to it, as on any one connection.
                Task::Run(job) if job.plan.kind == Kind::Alone || writer.is_in_transaction() => {
                    writer.alone(job);
                    self.queued.fetch_sub(1, SeqCst);
                }
                Task::Run(job) => {
                    let group;
                    (group, next) = gather(job, &queue);
                    let taken = group.len();
                    writer.group(group);
                    self.queued.fetch_sub(taken, SeqCst);
                    if writer.is_checkpoint_due() {
                        writer.move_log();
                    }
                }
            }
        }
    }
}

/// A statement with those behind it in the queue that may share its transaction, and the first task that may not.
fn gather(first: Job, queue: &Receiver<Task>) -> (Vec<Job>, Option<Task>) {
    let mut group = vec![first];
    while group.len() < MAX_GROUP {
        match queue.try_recv() {
            Ok(Task::Run(job)) if job.plan.kind != Kind::Alone => group.push(job),
            other => return (group, other.ok()),
        }
    }
    (group, None)
}
