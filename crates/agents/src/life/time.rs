use ramanujan_core::time::parse_rfc3339;
use serde::{Deserialize, Serialize};

/// An RFC 3339 time that keeps the text it was read from, up to nanoseconds, so that an event is written as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Time {
    text: String,
    millis: u64,
}

/// A text that is no RFC 3339 time from 1970 to 9999, or has more than nine digits of a second's fraction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct NotATime;

/// `2026-01-02T03:04:05.123456789+00:00`
const MAX_TIME_BYTES: usize = 35;

impl Time {
    /// Reads a time.
    ///
    /// # Errors
    /// [`NotATime`].
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        Self::try_from(text.to_owned())
    }

    /// Unix milliseconds, which is how exactly times are compared.
    pub fn millis(&self) -> u64 {
        self.millis
    }

    /// The text that it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Time {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        if text.len() > MAX_TIME_BYTES {
            return Err(NotATime);
        }
        let millis = parse_rfc3339(&text).ok_or(NotATime)?;
        Ok(Self { text, millis })
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.text
    }
}
