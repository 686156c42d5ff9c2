//! When what is stored may be told: once it is on disk.
//!
//! A commit goes into the write-ahead log and is answered to the component at once; a thread syncs the log behind it.
//! In return nothing leaves the application, no response to a client and no request to another host, before everything
//! that had been committed when it was made is on disk. For those outside it is as if every commit had been synced
//! before its answer, and the commits of a request, one after the other in several components, wait for one sync
//! instead of one each (external synchrony: Nightingale and others, "Rethink the Sync", OSDI 2006).

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

use crate::output;

/// How long a commit stays out of the disk that nobody waits for: a request that commits several times waits once, at its end.
const PATIENCE: Duration = Duration::from_millis(10);

/// The disk has not taken what was committed, and will not: after a failed sync nobody knows what is in the file.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the disk did not keep what was written last; the host's log says what to do")]
pub(crate) struct NotDurable;

/// The commits of all databases of the application up to some moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mark(Vec<u64>);

/// What is on disk of all databases of the application.
#[derive(Default)]
pub(crate) struct Durability {
    logs: RwLock<Vec<Arc<Log>>>,
    immediate: AtomicBool,
}

impl Durability {
    /// From now on no commit is answered before it is on disk: for components that reach the outside by ways that cannot
    /// be made to wait.
    pub(crate) fn be_immediate(&self) {
        self.immediate.store(true, SeqCst);
    }

    /// Whether every commit must be on disk before its answer.
    pub(super) fn is_immediate(&self) -> bool {
        self.immediate.load(SeqCst)
    }

    pub(super) fn add(&self, log: Arc<Log>) {
        self.logs.write().unwrap_or_else(PoisonError::into_inner).push(log);
    }

    fn logs(&self) -> impl std::ops::Deref<Target = Vec<Arc<Log>>> {
        self.logs.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that anybody can have read by now.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.logs().iter().map(|log| log.begun.load(SeqCst)).collect())
    }

    /// Whether all of `mark` is on disk.
    ///
    /// # Errors
    /// When it never will be.
    pub(crate) fn has(&self, mark: &Mark) -> Result<bool, NotDurable> {
        let logs = self.logs();
        let mut each = logs.iter().zip(&mark.0);
        each.try_fold(true, |all, (log, mark)| Ok(all & (log.on_disk.borrow().up_to? >= *mark)))
    }

    /// Waits until all of `mark` is on disk.
    ///
    /// # Errors
    /// When it never will be.
    pub(crate) async fn wait(&self, mark: &Mark) -> Result<(), NotDurable> {
        if self.has(mark)? {
            return Ok(());
        }
        let logs: Vec<Arc<Log>> = self.logs().clone();
        for (log, mark) in logs.iter().zip(&mark.0) {
            log.wait(*mark).await?;
        }
        Ok(())
    }
}

/// The commits of one database that are on disk: their number.
#[derive(Clone, Copy)]
struct OnDisk {
    up_to: Result<u64, NotDurable>,
}

/// What is known of the commits of one database.
pub(super) struct Log {
    /// Commits that have begun, and can be read from the moment at which they end.
    begun: AtomicU64,
    on_disk: watch::Sender<OnDisk>,
    /// Commits that somebody waits for.
    wanted: Mutex<u64>,
    asked: Condvar,
}

impl Log {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Log {
            begun: AtomicU64::new(0),
            on_disk: watch::Sender::new(OnDisk { up_to: Ok(0) }),
            wanted: Mutex::new(0),
            asked: Condvar::new(),
        })
    }

    /// A commit begins.
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
    }

    /// How many have begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(SeqCst)
    }

    /// That many commits are on disk.
    pub(super) fn set_on_disk(&self, commits: u64) {
        self.on_disk.send_if_modified(|on_disk| {
            let grows = on_disk.up_to.is_ok_and(|up_to| up_to < commits);
            if grows {
                on_disk.up_to = Ok(commits);
            }
            grows
        });
    }

    fn fail(&self) {
        self.on_disk.send_replace(OnDisk { up_to: Err(NotDurable) });
    }

    /// Whether the disk has failed.
    pub(super) fn check(&self) -> Result<(), NotDurable> {
        self.on_disk.borrow().up_to.map(drop)
    }

    /// Returns when somebody waits for more than `on_disk`, and anyway after [`PATIENCE`].
    fn await_demand(&self, on_disk: u64) {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        // Woken or not, the next thing is a sync.
        let _ = self.asked.wait_timeout_while(wanted, PATIENCE, |wanted| *wanted <= on_disk);
    }

    async fn wait(&self, commits: u64) -> Result<(), NotDurable> {
        {
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            *wanted = commits.max(*wanted);
            self.asked.notify_one();
        }
        let mut on_disk = self.on_disk.subscribe();
        let reached = |on_disk: &OnDisk| !on_disk.up_to.is_ok_and(|up_to| up_to < commits);
        let found = on_disk.wait_for(reached).await.map_err(|_| NotDurable)?;
        found.up_to.map(drop)
    }
}

/// Commits that are in the log file and not yet on disk.
pub(super) struct Pending {
    pub(super) file: Arc<File>,
    pub(super) commits: u64,
}

/// How a file is synced.
pub(super) type Sync = Box<dyn Fn(&File) -> io::Result<()> + Send>;

/// Starts the thread that syncs what it is told of, and gives the way to tell it.
///
/// # Errors
/// When no thread can be started.
pub(super) fn start(log: Arc<Log>, sync: Sync, database: String) -> io::Result<Sender<Pending>> {
    let (sender, pending) = channel();
    std::thread::Builder::new()
        .name("sqlite-sync".into())
        .spawn(move || keep_synced(&log, &sync, &pending, &database))?;
    Ok(sender)
}

fn keep_synced(log: &Log, sync: &Sync, pending: &Receiver<Pending>, database: &str) {
    let mut on_disk = 0;
    while let Ok(first) = pending.recv() {
        log.await_demand(on_disk);
        // One sync covers all that was written before it began.
        let newest = pending.try_iter().last().unwrap_or(first);
        if let Err(error) = sync(&newest.file) {
            output::event(format_args!(
                "the disk did not keep what was written to the database {database} ({error}); it is neither read nor \
                 written any more. What was acknowledged is safe. See to the disk, then start the host again"
            ));
            log.fail();
            return;
        }
        on_disk = newest.commits;
        log.set_on_disk(on_disk);
    }
}

/// A database without a file, for tests of what waits for one.
#[cfg(test)]
pub(crate) mod imagined {
    use super::{Durability, Log};
    use std::sync::Arc;

    pub(crate) struct Commits(Arc<Log>);

    impl Commits {
        pub(crate) fn of(durability: &Durability) -> Self {
            let log = Log::new();
            durability.add(log.clone());
            Commits(log)
        }

        pub(crate) fn commit(&self) {
            self.0.begin();
        }

        pub(crate) fn sync(&self) {
            self.0.set_on_disk(self.0.begun());
        }

        pub(crate) fn fail(&self) {
            self.0.fail();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::imagined::Commits;
    use super::*;

    #[tokio::test]
    async fn a_mark_is_of_all_databases() {
        let durability = Durability::default();
        let (one, two) = (Commits::of(&durability), Commits::of(&durability));
        assert_eq!(durability.has(&durability.mark()), Ok(true));
        two.commit();
        let mark = durability.mark();
        one.commit();
        assert_eq!(durability.has(&mark), Ok(false));
        two.sync();
        assert_eq!((durability.has(&mark), durability.has(&durability.mark())), (Ok(true), Ok(false)));
        assert_eq!(durability.wait(&mark).await, Ok(()));
        one.fail();
        assert_eq!(durability.wait(&durability.mark()).await, Err(NotDurable));
        // What fails stays failed.
        one.sync();
        assert_eq!(durability.has(&durability.mark()), Err(NotDurable));
    }
}
