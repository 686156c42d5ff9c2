//! The table of variables.

use interaction_timeline::settings::{METRICS_MAX_EVENTS, STREAM_POLL_MIN_MS, STREAM_RETRY_MS, VARIABLES};

#[test]
fn a_variable_that_may_be_zero_says_what_zero_means() {
    let silent = |meaning: &str| !meaning.split(|c: char| !c.is_alphanumeric()).any(|word| word == "0");
    let zero = VARIABLES.iter().filter(|variable| variable.bounds.starts_with("0.."));
    let unclear: Vec<_> =
        zero.filter(|variable| silent(variable.meaning)).map(|variable| variable.name).collect();
    assert!(unclear.is_empty(), "{unclear:?}");
}

#[test]
fn where_zero_makes_no_sense_it_is_refused() {
    let zero = || Some("0".to_owned());
    assert!(METRICS_MAX_EVENTS.parse(zero()).is_err());
    assert!(STREAM_POLL_MIN_MS.parse(zero()).is_err(), "a stream would never pause");
    assert_eq!(STREAM_RETRY_MS.parse(zero()), Ok(0));
}
