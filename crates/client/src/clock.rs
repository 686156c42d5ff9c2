//! Time, so that tests need not wait for it.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

/// What the client asks about time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some moment that stays the same while the program runs.
    fn now(&self) -> Duration;
    /// The date, for a `Retry-After` that names one.
    fn date(&self) -> SystemTime;
    /// Waits.
    fn sleep(&self, pause: Duration);
}

/// The machine's time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        START.elapsed()
    }

    fn date(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, pause: Duration) {
        std::thread::sleep(pause);
    }
}
