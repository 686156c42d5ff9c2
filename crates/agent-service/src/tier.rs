//! What the server can do for an append.

use async_nats::jetstream::stream::Config;

/// How events are appended, by what the server supports. In each, of two events with one number the first in the stream
/// counts, so that a log is of one meaning whatever its writers did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The server knows message ids alone: the second of two equal numbers is told that it is a repeat. Holds within the
    /// duplicate window, so what was appended is read again before it is acknowledged.
    Deduplicated,
    /// The server compares the last sequence of all of an agent's subjects: one event at a time (2.11 and later).
    Checked,
    /// The events of one command are stored all or not at all (2.12 and later).
    Atomic,
}

/// Major and minor number of a server's version.
pub fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.trim_start_matches('v').split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The tier of a server and a stream. Old servers store what they do not know without a word, so both are asked: the
/// version, and the configuration as the server gives it back.
pub fn tier(server: &str, config: &Config) -> Tier {
    match version(server) {
        at if at >= (2, 12) && config.allow_atomic_publish => Tier::Atomic,
        at if at >= (2, 11) => Tier::Checked,
        _ => Tier::Deduplicated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_needs_version_and_configuration() {
        let plain = Config::default();
        let atomic = Config { allow_atomic_publish: true, ..Config::default() };
        assert_eq!(tier("2.15.1", &atomic), Tier::Atomic);
        assert_eq!(tier("2.12.0", &atomic), Tier::Atomic);
        assert_eq!(tier("2.15.1", &plain), Tier::Checked);
        assert_eq!(tier("2.11.11", &atomic), Tier::Checked);
        assert_eq!(tier("2.10.26", &atomic), Tier::Deduplicated);
        assert_eq!(tier("nonsense", &atomic), Tier::Deduplicated);
    }

    #[test]
    fn versions_with_a_suffix_are_read() {
        assert_eq!(version("2.14.0-RC.1"), (2, 14));
        assert_eq!(version("v2.11.3"), (2, 11));
    }
}
