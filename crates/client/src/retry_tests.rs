//! The laws of pauses.

use std::time::UNIX_EPOCH;

use proptest::prelude::*;

use super::*;

fn durations(most_ms: u64) -> impl Strategy<Value = Duration> {
    (0..=most_ms * 1000).prop_map(Duration::from_micros)
}

proptest! {
    /// Between half the ceiling and the ceiling, which doubles up to the longest.
    #[test]
    fn pauses_keep_to_their_bounds(seed: u64, first in durations(2000), longest in durations(5000)) {
        let mut backoff = Backoff::new(&Retry { first, longest, ..Retry::default() }, seed);
        let mut ceiling = first.min(longest);
        for _ in 0..40 {
            let pause = backoff.pause(None);
            prop_assert!(ceiling / 2 <= pause && pause <= ceiling, "{pause:?} of {ceiling:?}");
            ceiling = (ceiling * 2).min(longest);
        }
    }

    /// Never before the server says, and not much later.
    #[test]
    fn what_the_server_asks_for_is_a_lower_bound(seed: u64, asked in prop::collection::vec(durations(9000), 1..20)) {
        let retry = Retry::default();
        let mut backoff = Backoff::new(&retry, seed);
        let mut ceiling = retry.first;
        for asked in asked {
            let pause = backoff.pause(Some(asked));
            prop_assert!(pause >= asked && pause >= ceiling / 2);
            prop_assert!(pause <= ceiling.max(asked + ceiling / 2), "{pause:?} for {asked:?} of {ceiling:?}");
            ceiling = (ceiling * 2).min(retry.longest);
        }
    }

    #[test]
    fn any_number_of_seconds_is_read(seconds: u64) {
        let text = format!(" {seconds} ");
        prop_assert_eq!(retry_after(&text, UNIX_EPOCH), Some(Duration::from_secs(seconds)));
    }

    #[test]
    fn any_date_is_read(now in 0u64..4_000_000_000, ahead in 0u64..1_000_000) {
        let now = UNIX_EPOCH + Duration::from_secs(now);
        let ahead = Duration::from_secs(ahead);
        prop_assert_eq!(retry_after(&httpdate::fmt_http_date(now + ahead), now), Some(ahead));
        prop_assert_eq!(retry_after(&httpdate::fmt_http_date(now), now + ahead), Some(Duration::ZERO));
    }

    #[test]
    fn nothing_makes_it_panic(value: String, asked: u64) {
        let _ = retry_after(&value, UNIX_EPOCH);
        let pause = Backoff::new(&Retry::default(), asked).pause(Some(Duration::from_secs(asked)));
        prop_assert!(pause >= Duration::from_secs(asked));
    }
}

#[test]
fn the_three_forms_of_a_date() {
    // The example of RFC 9110 §5.6.7.
    let now = UNIX_EPOCH + Duration::from_secs(784_111_777 - 60);
    for date in
        ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    {
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(60)), "{date}");
    }
}

#[test]
fn what_is_neither_is_ignored() {
    for value in ["", "soon", "-1", "+1", "1.5", "0x10", "1994-11-06T08:49:37Z"] {
        assert_eq!(retry_after(value, UNIX_EPOCH), None, "{value:?}");
    }
    assert_eq!(retry_after("99999999999999999999", UNIX_EPOCH), Some(Duration::from_secs(u64::MAX)));
}

#[test]
fn seeds_differ() {
    let first = |mut backoff: Backoff| backoff.pause(None);
    let retry = Retry { first: Duration::from_secs(3), ..Retry::default() };
    assert_eq!(first(Backoff::new(&retry, 1)), first(Backoff::new(&retry, 1)));
    assert_ne!(first(Backoff::start(&retry)), first(Backoff::start(&retry)));
}
