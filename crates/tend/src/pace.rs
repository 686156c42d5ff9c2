//! When the next call of a job is due: pure, with the randomness given from outside.

use std::time::Duration;

use ramanujan_client::{Backoff, Retry};
use ramanujan_core::splitmix::SplitMix64;

use crate::event::State;
use crate::job::Wish;

/// Calls at once, one after the other, before a job waits its interval although there is more to do: it must not take a
/// processor for itself for minutes.
const MOST_IN_A_ROW: u32 = 60;
/// Shortest and longest pause that a reply can ask for. The longest is also the interval, if that is longer: what a
/// component does not know of when it replies, such as a peer that is named later, must not wait for minutes.
const SHORTEST_WISH: Duration = Duration::from_millis(10);
const LONGEST_WISH: Duration = Duration::from_secs(5);
/// Longest pause while calls fail.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// Pause after a refusal that a repetition does not change; somebody may give the network what it lacks meanwhile.
const SELDOM: Duration = Duration::from_secs(60);
/// Random part of every pause, so that jobs and networks that began together do not stay together.
const JITTER: f64 = 0.1;

/// The pauses of one job.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    random: SplitMix64,
    in_a_row: u32,
    backoff: Option<Backoff>,
}

/// What is known of a call when its pause is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called {
    pub(crate) state: State,
    pub(crate) wish: Wish,
    /// How long the network asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

impl Pace {
    /// A call each `every`; the same seed gives the same pauses.
    pub(crate) fn new(every: Duration, seed: u64) -> Self {
        Pace { every, random: SplitMix64::new(seed), in_a_row: 0, backoff: None }
    }

    /// The pause before the first call: within the interval, and within a second.
    pub(crate) fn first(&mut self) -> Duration {
        self.every.min(Duration::from_secs(1)).mul_f64(self.random.unit() * JITTER)
    }

    /// The pause after a call.
    pub(crate) fn after(&mut self, call: Called) -> Duration {
        if call.state == State::Failing {
            self.in_a_row = 0;
            let retry = Retry {
                first: self.every.min(LONGEST_BACKOFF),
                longest: LONGEST_BACKOFF,
                give_up_after: Duration::MAX,
            };
            let seed = self.random.next_u64();
            return self.backoff.get_or_insert_with(|| Backoff::new(&retry, seed)).pause(call.retry_after);
        }
        self.backoff = None;
        if matches!(call.state, State::NotBuilt | State::Absent | State::Refused) {
            self.in_a_row = 0;
            return self.jittered(SELDOM);
        }
        match call.wish {
            Wish::AtOnce if self.in_a_row < MOST_IN_A_ROW => {
                self.in_a_row += 1;
                Duration::ZERO
            }
            Wish::AtOnce | Wish::Interval => {
                self.in_a_row = 0;
                self.jittered(self.every)
            }
            Wish::In(asked) => self.jittered(asked.clamp(SHORTEST_WISH, LONGEST_WISH.max(self.every))),
        }
    }

    /// `pause`, a random part shorter or longer.
    fn jittered(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(1.0 + JITTER * (2.0 * self.random.unit() - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVERY: Duration = Duration::from_secs(1);

    fn called(state: State, wish: Wish) -> Called {
        Called { state, wish, retry_after: None }
    }

    fn near(pause: Duration, expected: Duration) -> bool {
        let (least, most) = (expected.mul_f64(1.0 - JITTER), expected.mul_f64(1.0 + JITTER));
        // A float of seconds is exact to nanoseconds only.
        pause + Duration::from_micros(1) >= least && pause <= most + Duration::from_micros(1)
    }

    proptest! {
        #[test]
        fn an_interval_is_kept_up_to_its_random_part(seed: u64, ms in 1u64..100_000) {
            let every = Duration::from_millis(ms);
            let mut pace = Pace::new(every, seed);
            for state in [State::Works, State::Degraded] {
                prop_assert!(near(pace.after(called(state, Wish::Interval)), every));
            }
        }

        #[test]
        fn a_wish_is_heeded_within_its_bounds(seed: u64, ms in 0u64..100_000_000) {
            let pause = Pace::new(EVERY, seed).after(called(State::Works, Wish::In(Duration::from_millis(ms))));
            let expected = Duration::from_millis(ms).clamp(SHORTEST_WISH, LONGEST_WISH);
            prop_assert!(near(pause, expected), "{pause:?}");
        }

        #[test]
        fn pauses_while_it_fails_grow_and_end(seed: u64, times in 1usize..40) {
            let mut pace = Pace::new(EVERY, seed);
            let failed = called(State::Failing, Wish::Interval);
            let last = (0..times).map(|_| pace.after(failed)).last().unwrap_or_default();
            let ceiling = EVERY.saturating_mul(1 << (times - 1).min(10)).min(LONGEST_BACKOFF);
            prop_assert!(ceiling / 2 <= last && last <= ceiling);
            prop_assert!(near(pace.after(called(State::Works, Wish::Interval)), EVERY), "and are forgotten");
            prop_assert!(pace.after(failed) <= EVERY);
        }
    }

    #[test]
    fn what_the_network_asks_for_is_heeded() {
        let asked = Some(Duration::from_secs(120));
        let failed = Called { state: State::Failing, wish: Wish::Interval, retry_after: asked };
        assert!(Pace::new(EVERY, 1).after(failed) >= Duration::from_secs(120));
    }

    #[test]
    fn more_to_do_is_done_at_once_and_not_for_ever() {
        let mut pace = Pace::new(EVERY, 1);
        let more = called(State::Works, Wish::AtOnce);
        for _ in 0..2 {
            assert!((0..MOST_IN_A_ROW).all(|_| pace.after(more) == Duration::ZERO));
            assert!(near(pace.after(more), EVERY));
        }
    }

    #[test]
    fn what_is_not_there_is_asked_for_once_a_minute() {
        for state in [State::NotBuilt, State::Absent, State::Refused] {
            assert!(near(Pace::new(EVERY, 1).after(called(state, Wish::Interval)), SELDOM));
        }
    }
}
