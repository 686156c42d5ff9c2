//! How long to wait before a request is repeated: pure, with randomness and time given from outside.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use ramanujan_core::splitmix::SplitMix64;

/// When failing requests are repeated, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Longest first pause; it doubles with each repetition.
    pub first: Duration,
    /// Longest pause.
    pub longest: Duration,
    /// From the first attempt on, the time after which no repetition begins.
    pub give_up_after: Duration,
}

impl Default for Retry {
    /// From a tenth of a second to three seconds, for half a minute: as long as a restart of the network takes.
    fn default() -> Self {
        Retry {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(3),
            give_up_after: Duration::from_secs(30),
        }
    }
}

/// The pauses between the attempts of one request.
///
/// ```
/// use std::time::Duration;
///
/// use ramanujan_client::{Backoff, Retry};
///
/// let mut backoff = Backoff::new(&Retry::default(), 7);
/// let pause = backoff.pause(None);
/// assert!(Duration::from_millis(50) <= pause && pause <= Duration::from_millis(100));
/// assert!(backoff.pause(Some(Duration::from_secs(5))) >= Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    random: SplitMix64,
    ceiling: Duration,
    longest: Duration,
}

impl Backoff {
    /// The pauses of `retry`; the same `seed` gives the same pauses.
    pub fn new(retry: &Retry, seed: u64) -> Self {
        Backoff {
            random: SplitMix64::new(seed),
            ceiling: retry.first.min(retry.longest),
            longest: retry.longest,
        }
    }

    /// As [`Backoff::new`], with a seed that no other program has.
    pub fn start(retry: &Retry) -> Self {
        // The keys of std's hash tables come from the system's source of randomness.
        Backoff::new(retry, RandomState::new().hash_one(()))
    }

    /// The next pause. Its ceiling is [`Retry::first`], doubled with each call up to [`Retry::longest`], and it lies
    /// between half the ceiling and the ceiling. If the server asks for `at_least` so much time, the pause is not
    /// shorter than that, and longer by half the ceiling at most.
    pub fn pause(&mut self, at_least: Option<Duration>) -> Duration {
        let half = self.ceiling / 2;
        let spread = half.mul_f64(self.random.unit());
        self.ceiling = self.ceiling.saturating_mul(2).min(self.longest);
        let pause = half + spread;
        at_least.map_or(pause, |asked| asked.saturating_add(spread).max(pause))
    }
}

/// Reads a `Retry-After` header (RFC 9110 §10.2.3): seconds, or a date in any of the three forms of HTTP. A date that
/// is past comes to no time at all; `None` is neither.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
