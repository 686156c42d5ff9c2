//! Times as they appear on the API: RFC 3339, UTC, milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Latest time accepted, 9999-12-31T23:59:59.999Z, in Unix milliseconds: the end of RFC 3339's four-digit years.
pub const MAX_UNIX_MILLIS: u64 = 253_402_300_799_999;

/// Formats Unix milliseconds as `2026-01-02T03:04:05.678Z`. Values past [`MAX_UNIX_MILLIS`] are clamped to it.
pub fn format_rfc3339(unix_millis: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(unix_millis.min(MAX_UNIX_MILLIS));
    humantime::format_rfc3339_millis(time).to_string()
}

/// Reads an RFC 3339 UTC time (`…Z`) as Unix milliseconds. `None` for anything else, also for times before 1970.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let time: SystemTime = humantime::parse_rfc3339(text).ok()?;
    let millis = time.duration_since(UNIX_EPOCH).ok()?.as_millis();
    u64::try_from(millis).ok().filter(|m| *m <= MAX_UNIX_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(millis in 0..=MAX_UNIX_MILLIS) {
            prop_assert_eq!(parse_rfc3339(&format_rfc3339(millis)), Some(millis));
        }
    }

    #[test]
    fn known_times() {
        assert_eq!(format_rfc3339(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(parse_rfc3339("2023-11-14T22:13:20Z"), Some(1_700_000_000_000));
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(parse_rfc3339("1969-12-31T23:59:59Z"), None);
    }
}
