//! Reading JSON from outside: malformed is 400, well-formed but wrong is 422, each with the position.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::{Code, Problem};

/// Reads `bytes` as a `T`.
///
/// # Errors
/// 400 `malformed-json` for bytes that are not JSON (bad UTF-8 and an empty body included), 422 `invalid-json` for
/// JSON that is not a `T` (wrong types, missing or unknown fields, nesting deeper than 128 levels).
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| problem(bytes, &error))
}

/// Reads one JSON object. Serde would also read a struct from an array of its members in order, which no client means.
///
/// # Errors
/// As [`from_slice`].
pub fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    from_slice::<Object<T>>(bytes).map(|object| object.0)
}

/// Reads one JSON object, or an array of objects; says which it was.
///
/// # Errors
/// As [`from_slice`]. An array in place of an object is refused, though serde would read it member by member.
pub fn one_or_many<T: DeserializeOwned>(bytes: &[u8]) -> Result<(Vec<T>, bool), Problem> {
    let many = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let objects: Vec<Object<T>> = if many { from_slice(bytes)? } else { vec![from_slice(bytes)?] };
    Ok((objects.into_iter().map(|object| object.0).collect(), many))
}

/// A `T` written as a JSON object and in no other way.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

fn problem(bytes: &[u8], error: &serde_json::Error) -> Problem {
    if bytes.is_empty() {
        return Problem::new(Code::MalformedJson, "the request needs a JSON body");
    }
    if let Err(utf8) = std::str::from_utf8(bytes) {
        return Problem::new(Code::MalformedJson, format!("the body is not UTF-8: {utf8}"));
    }
    // The reader stops at the first trouble; whether the whole is JSON is another question.
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => Problem::new(Code::InvalidJson, error.to_string()),
        Err(syntax) => Problem::new(Code::MalformedJson, syntax.to_string()),
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

    #[test]
    fn an_operation_is_an_object_alone_or_in_an_array() {
        let read =
            |text: &str| one_or_many::<Point>(text.as_bytes()).map(|(points, many)| (points.len(), many));
        assert_eq!(read(r#" {"x":1}"#), Ok((1, false)));
        assert_eq!(read(r#"[{"x":1},{"x":2}]"#), Ok((2, true)));
        assert_eq!(read("[]"), Ok((0, true)));
        for wrong in ["[[1]]", "[1]", "7", r#"[{"x":1,"y":2}]"#] {
            assert_eq!(read(wrong).unwrap_err().status, 422, "{wrong}");
        }
        assert_eq!(read("[{").unwrap_err().status, 400);
    }
}
