//! Which events of the timeline tell of a failure. Nowhere else is it decided.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Types of events that tell of one: what GREEN could not verify, and messages that did not arrive.
pub const TYPES: [&str; 2] = ["verification-failed", "MessageFailed"];

/// What an event is judged by.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    payload: Option<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    /// Null and absent are no error; anything else is, as in the timeline's own measurements.
    #[serde(default)]
    error: Option<IgnoredAny>,
}

/// Whether an event tells of a failure: by its type, or by a `payload.error` that is not null.
pub fn is_failure(event: &RawValue) -> bool {
    let told: Result<Told, _> = serde_json::from_slice(event.get().as_bytes());
    told.is_ok_and(|told| {
        TYPES.contains(&told.kind.as_str()) || told.payload.is_some_and(|payload| payload.error.is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_by_the_type_or_by_an_error_in_the_payload() {
        let told = |event: &str| is_failure(&RawValue::from_string(event.to_owned()).unwrap());
        for failure in [
            r#"{"type":"MessageFailed"}"#,
            r#"{"type":"verification-failed","payload":{"n":1}}"#,
            r#"{"type":"operation","payload":{"error":"no room"}}"#,
            r#"{"type":"operation","payload":{"error":false}}"#,
            r#"{"type":"operation","payload":{"error":{"code":7},"wei":100000000000000000001}}"#,
        ] {
            assert!(told(failure), "{failure}");
        }
        for other in [
            r#"{"type":"operation"}"#,
            r#"{"type":"operation","payload":null}"#,
            r#"{"type":"operation","payload":{"error":null}}"#,
            r#"{"type":"operation","payload":{"detail":{"error":1}},"error":1}"#,
        ] {
            assert!(!told(other), "{other}");
        }
    }
}
