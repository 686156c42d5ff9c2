//! RFC 3339 by its own grammar (§5.6), rules (§5.7) and examples (§5.8).

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn round_trips(millis in 0..=MAX_UNIX_MILLIS) {
        prop_assert_eq!(parse_rfc3339(&format_rfc3339(millis)), Some(millis));
    }

    #[test]
    fn an_offset_names_the_same_moment(millis in 86_400_000..MAX_UNIX_MILLIS - 86_400_000, minutes in -1439i64..=1439) {
        let local = millis.saturating_add_signed(minutes * 60_000);
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let text = format_rfc3339(local).replace('Z', &format!("{sign}{hours:02}:{rest:02}"));
        prop_assert_eq!(parse_rfc3339(&text), Some(millis), "{}", text);
    }

    #[test]
    fn a_fraction_counts_to_the_millisecond(digits in "[0-9]{1,40}") {
        let millis: u64 = format!("{digits:0<3}")[..3].parse().unwrap();
        prop_assert_eq!(parse_rfc3339(&format!("1970-01-01T00:00:00.{digits}Z")), Some(millis));
    }

    /// One byte of a time replaced by another: still a time of the grammar, or none.
    #[test]
    fn a_changed_byte_is_read_by_the_grammar(at in 0usize..24, byte in 0x20u8..0x7f) {
        let mut bytes = b"2026-11-29T20:24:42.125Z".to_vec();
        let was = bytes[at];
        bytes[at] = byte;
        let text = String::from_utf8(bytes).unwrap();
        let fits = match was {
            b'0'..=b'9' => byte.is_ascii_digit(),
            b'T' | b'Z' => byte.eq_ignore_ascii_case(&was),
            _ => byte == was,
        };
        prop_assert!(fits || parse_rfc3339(&text).is_none(), "{}", text);
    }

    #[test]
    fn any_text_is_read_in_peace(text in "\\PC{0,40}") {
        if let Some(millis) = parse_rfc3339(&text) {
            prop_assert_eq!(parse_rfc3339(&format_rfc3339(millis)), Some(millis));
        }
    }
}

#[test]
fn known_times() {
    assert_eq!(format_rfc3339(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    assert_eq!(parse_rfc3339("2023-11-14T22:13:20Z"), Some(1_700_000_000_000));
    assert_eq!(parse_rfc3339("yesterday"), None);
    assert_eq!(parse_rfc3339("1969-12-31T23:59:59Z"), None);
}

#[test]
fn the_examples_of_the_rfc() {
    assert_eq!(parse_rfc3339("1985-04-12T23:20:50.52Z"), Some(482_196_050_520));
    assert_eq!(parse_rfc3339("1996-12-19T16:39:57-08:00"), Some(851_042_397_000));
    assert_eq!(parse_rfc3339("1996-12-20T00:39:57Z"), Some(851_042_397_000));
    assert_eq!(parse_rfc3339("1990-12-31T23:59:60Z"), Some(662_687_999_000));
    assert_eq!(parse_rfc3339("1990-12-31T15:59:60-08:00"), Some(662_687_999_000));
    // Of 1937: well formed, and before 1970.
    assert_eq!(parse_rfc3339("1937-01-01T12:00:27.87+00:20"), None);
}

#[test]
fn letters_may_be_lower_case_and_an_unknown_local_offset_is_utc() {
    for text in ["2023-11-14t22:13:20z", "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20-00:00"] {
        assert_eq!(parse_rfc3339(text), Some(1_700_000_000_000), "{text}");
    }
}

#[test]
fn a_leap_second_is_the_second_before_it_and_stands_where_there_may_be_one() {
    for (leap, before) in [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2015-06-30T23:59:60.25Z", "2015-06-30T23:59:59.25Z"),
        ("2017-01-01T08:59:60+09:00", "2016-12-31T23:59:59Z"),
        ("2016-12-31T18:29:60-05:30", "2016-12-31T23:59:59Z"),
        ("9999-12-31T23:59:60Z", "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(parse_rfc3339(leap), parse_rfc3339(before), "{leap}");
        assert!(parse_rfc3339(leap).is_some(), "{leap}");
    }
    for nowhere in [
        "2016-12-31T23:58:60Z",
        "2016-12-31T22:59:60Z",
        "2016-12-30T23:59:60Z",
        "2016-11-30T23:59:60Z",
        "2016-12-31T23:59:60+09:00",
        "2016-12-31T23:59:61Z",
    ] {
        assert_eq!(parse_rfc3339(nowhere), None, "{nowhere}");
    }
}

#[test]
fn months_have_their_lengths() {
    for year in [1970, 1972, 1999, 2000, 2026, 2100, 2400, 9999] {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (month, length) in (1..).zip([31, 28 + u32::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
            let read = |day: u32| parse_rfc3339(&format!("{year}-{month:02}-{day:02}T00:00:00Z"));
            assert!(read(length).is_some(), "{year}-{month}");
            assert_eq!((read(0), read(length + 1)), (None, None), "{year}-{month}");
        }
    }
    for wrong in ["2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z"] {
        assert_eq!(parse_rfc3339(wrong), None, "{wrong}");
    }
}

#[test]
fn what_the_grammar_does_not_have_is_no_time() {
    for wrong in [
        // What the reader before this one took.
        "2026-01-02T03:04:05.1+ab:cZ",
        "2026-01-02T03:04:05.1x2Z",
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04Z",
        "2026-01-02 03:04:05Z",
        "2026-1-02T03:04:05Z",
        "26-01-02T03:04:05Z",
        "+2026-01-02T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T23:60:00Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05.5",
        "2026-01-02T03:04:05Z ",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05ZZ",
        "2026-01-02T03:04:05Z+01:00",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+01:60",
        "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+01",
        "2026-01-02T03:04:05+1:00",
        "2026-01-02T03:04:05 01:00",
        "1970-01-01T00:30:00+01:00",
        "9999-12-31T23:59:59-00:01",
        "２026-01-02T03:04:05Z",
    ] {
        assert_eq!(parse_rfc3339(wrong), None, "{wrong}");
    }
}
