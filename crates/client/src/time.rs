//! Times on the command line.

use std::time::Duration;

/// Units of a time, longest name first where one ends in another, with their milliseconds.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// Reads a time such as `500ms`, `30s`, `2m`, `1h`; a bare number counts seconds. For clap's `value_parser`.
///
/// ```
/// assert_eq!(ramanujan_client::parse_time("500ms"), Ok(std::time::Duration::from_millis(500)));
/// ```
///
/// # Errors
/// The text is something else, or no time at all (0); says so.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "" => Some(1000),
        _ => UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor),
    };
    let milliseconds =
        number.parse::<u64>().ok().zip(factor).and_then(|(count, factor)| count.checked_mul(factor));
    match milliseconds {
        Some(1..) => Ok(Duration::from_millis(milliseconds.unwrap_or_default())),
        Some(0) => Err("must be more than 0".into()),
        None => Err(format!("{text:?} is not a time such as 500ms, 30s, 2m, 1h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_what_is_none() {
        for (text, milliseconds) in
            [("7", 7000), ("30s", 30_000), ("250ms", 250), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse_time(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for wrong in
            ["", "s", "0", "0ms", "1.5s", "-1s", "5 parsecs", "99999999999999999999", "18446744073709551615h"]
        {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
