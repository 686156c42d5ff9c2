//! Reading JSON from outside: malformed is 400, well-formed but wrong is 422, each with the position.

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::Problem;

/// Reads `bytes` as a `T`.
///
/// # Errors
/// 400 `malformed-json` for bytes that are not JSON (bad UTF-8 and an empty body included), 422 `invalid-json` for
/// JSON that is not a `T` (wrong types, missing or unknown fields, nesting deeper than 128 levels).
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| problem(bytes, &error))
}

fn problem(bytes: &[u8], error: &serde_json::Error) -> Problem {
    if bytes.is_empty() {
        return Problem::bad_request("malformed-json", "the request needs a JSON body");
    }
    if let Err(utf8) = std::str::from_utf8(bytes) {
        return Problem::bad_request("malformed-json", format!("the body is not UTF-8: {utf8}"));
    }
    // The reader stops at the first trouble; whether the whole is JSON is another question.
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => Problem::invalid("invalid-json", error.to_string()),
        Err(syntax) => Problem::bad_request("malformed-json", syntax.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Point {
        x: u32,
    }

    fn refused(bytes: &[u8]) -> Problem {
        from_slice::<Point>(bytes).unwrap_err()
    }

    #[test]
    fn tells_malformed_from_wrong() {
        assert!(from_slice::<Point>(br#"{"x":1}"#).is_ok());
        for malformed in [
            b"".as_slice(),
            b"{",
            b"{\"x\":\xff}",
            b"{\"\xff\":1}",
            "[".repeat(100_000).as_bytes(),
            b"{\"x\":\"1\"",
        ] {
            assert_eq!(refused(malformed).status, 400);
        }
        for wrong in [br#"{"x":"1"}"#.as_slice(), br#"{"x":-1}"#, br#"{}"#, br#"[1,2]"#] {
            assert_eq!(refused(wrong).status, 422);
        }
        let unknown = refused(br#"{"x":1,"y":2}"#);
        assert!(unknown.status == 422 && unknown.detail.contains("`y`"), "{unknown}");
    }
}
