//! Turns: so many requests run at once, the others wait in the order in which they came.
//!
//! Every request that runs has instances of its own, of the component that answers it and of those that it calls. Two hundred
//! that take turns need the memory of a few, and the processors do not change between two hundred of them. A request that is
//! not done soon, because its body comes slowly, or because it waits for something to happen, gives its turn to another and
//! goes on: what waits holds up nobody.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Requests that run at once, for each processor: enough that one runs while others wait for the disk.
const PER_PROCESSOR: usize = 8;
/// How long a request has its turn.
const TURN: Duration = Duration::from_millis(50);

/// Who may run.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Turns {
    /// For this machine.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Turns(Semaphore::new(processors * PER_PROCESSOR))
    }

    /// Does the work of a request when it is its turn.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        // Nobody closes it.
        let turn = self.0.acquire().await;
        let mut work = pin!(work);
        if let Ok(done) = timeout(TURN, &mut work).await {
            return done;
        }
        drop(turn);
        work.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use futures::future::{join, join_all};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_run_at_once_and_all_get_their_turn() {
        let turns = Turns(Semaphore::new(3));
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let one = async || {
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(TURN / 5).await;
            running.fetch_sub(1, SeqCst);
        };
        let done = join_all((0..20).map(|_| turns.run(one()))).await;
        assert_eq!((done.len(), most.into_inner()), (20, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_holds_up_nobody() {
        let turns = Turns(Semaphore::new(2));
        let began = tokio::time::Instant::now();
        let wait = turns.run(tokio::time::sleep(Duration::from_secs(20)));
        let waits = join_all((0..100).map(|_| turns.run(std::future::pending::<()>())));
        let work = async {
            // Comes last, behind all that wait.
            tokio::task::yield_now().await;
            turns.run(async { began.elapsed() }).await
        };
        let began_after = tokio::select! {
            after = work => after,
            _ = join(wait, waits) => unreachable!("some wait for ever"),
        };
        assert!(began_after <= TURN * 60, "{began_after:?}");
    }
}
