//! Times as they appear on the API: RFC 3339, written in UTC with milliseconds.
//!
//! Everything that reads a time from outside reads it here. Taken is what the grammar of RFC 3339 §5.6 describes: the
//! letters `T` and `Z` in either case, an offset from UTC in place of `Z`, and a fraction of any number of digits, of
//! which three count. A time becomes Unix milliseconds, which have no leap seconds: the 60th second, where UTC may put
//! one (the end of June or December), is the second before it once more.

use std::time::{Duration, UNIX_EPOCH};

/// Latest time accepted, 9999-12-31T23:59:59.999Z, in Unix milliseconds: the end of RFC 3339's four-digit years.
pub const MAX_UNIX_MILLIS: u64 = 253_402_300_799_999;

const MINUTES_OF_A_DAY: i64 = 24 * 60;

/// Formats Unix milliseconds as `2026-01-02T03:04:05.678Z`. Values past [`MAX_UNIX_MILLIS`] are clamped to it.
pub fn format_rfc3339(unix_millis: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(unix_millis.min(MAX_UNIX_MILLIS));
    humantime::format_rfc3339_millis(time).to_string()
}

/// Reads an RFC 3339 time as Unix milliseconds. `None` for anything else, also for times before 1970.
///
/// ```
/// use ramanujan_core::time::parse_rfc3339;
///
/// assert_eq!(parse_rfc3339("1970-01-01T00:00:01.5Z"), Some(1500));
/// assert_eq!(parse_rfc3339("1970-01-01T01:00:01.5+01:00"), Some(1500));
/// assert_eq!(parse_rfc3339("1970-02-29T00:00:00Z"), None);
/// ```
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let mut rest = Reader(text.as_bytes());
    let year = rest.number(4)?;
    rest.one_of(b"-")?;
    let month = rest.number(2)?;
    rest.one_of(b"-")?;
    let day = rest.number(2)?;
    rest.one_of(b"Tt")?;
    let hour = rest.number(2)?;
    rest.one_of(b":")?;
    let minute = rest.number(2)?;
    rest.one_of(b":")?;
    let second = rest.number(2)?;
    let millis = rest.fraction()?;
    let offset = rest.offset()?;
    let date = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
    if !rest.0.is_empty() || !date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let minutes = days_since_1970(year, month, day) * MINUTES_OF_A_DAY + hour * 60 + minute - offset;
    if second == 60 && !may_end_with_a_leap_second(minutes) {
        return None;
    }
    let time = (minutes * 60 + second.min(59)) * 1000 + millis;
    u64::try_from(time).ok().filter(|time| *time <= MAX_UNIX_MILLIS)
}

/// What is left of the text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Takes one byte if it is one of `bytes`.
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| self.0 = rest)?;
        Some(*first)
    }

    /// Takes exactly `count` digits.
    fn number(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    }

    /// Takes a fraction of a second if there is one, in milliseconds.
    fn fraction(&mut self) -> Option<i64> {
        if self.one_of(b".").is_none() {
            return Some(0);
        }
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let kept = digits.min(3);
        if kept == 0 {
            return None;
        }
        let millis = self.number(kept)? * [100, 10, 1][kept - 1];
        self.0 = &self.0[digits - kept..];
        Some(millis)
    }

    /// Takes `Z` or an offset, in minutes that local time is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2)?;
        self.one_of(b":")?;
        let minutes = self.number(2)?;
        (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the years 0 to 9999 in the Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // The leap days of all years before this one, year 0 among them.
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) + 1;
    let of_months: i64 = (1..month).map(|month| days_of_month(year, month)).sum();
    year * 365 + leap_days + of_months + day - 1 - 719_528
}

/// Whether the minute is the last one of June or December in UTC.
fn may_end_with_a_leap_second(minutes: i64) -> bool {
    let next = minutes + 1;
    let day = next.div_euclid(MINUTES_OF_A_DAY);
    // By the mean length of a year, of which a calendar year's beginning is never a year off.
    let year = 1970 + (day * 400).div_euclid(146_097);
    let begins = |year| [1, 7].map(|month| days_since_1970(year, month, 1));
    next.rem_euclid(MINUTES_OF_A_DAY) == 0 && (year - 1..=year + 1).any(|year| begins(year).contains(&day))
}

#[cfg(test)]
mod tests;
