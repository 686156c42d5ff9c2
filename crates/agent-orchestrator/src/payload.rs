//! What messages carry: JSON that others wrote, of which no number is changed.

use std::fmt;

use ramanujan_timeline::canonical;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Any JSON, in the canonical form that events have on the timeline: one text for everything that means the same, and
/// integers beyond 2^53 with all their digits. A reader that made floats of them would hand on another number than was
/// sent, and would take two different messages for one.
#[derive(Clone)]
pub struct Payload(Box<RawValue>);

impl Payload {
    /// What is stored of one; `None` if it is no JSON.
    pub fn stored(text: &str) -> Option<Self> {
        json(text).ok().map(Payload)
    }

    /// The JSON.
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

/// Reads JSON the way request bodies are read: a second reader would double that code.
fn json(text: &str) -> serde_json::Result<Box<RawValue>> {
    serde_json::from_slice(text.as_bytes())
}

/// `null`.
impl Default for Payload {
    fn default() -> Self {
        Payload(RawValue::NULL.to_owned())
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    /// Refuses what has no canonical form: a member that stands twice, a number beyond the range of floats.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Box::<RawValue>::deserialize(deserializer)?;
        let text = canonical::of_raw(&given).and_then(|text| Ok(json(&text)?));
        text.map(Payload).map_err(serde::de::Error::custom)
    }
}

#[cfg(not(target_family = "wasm"))]
impl schemars::JsonSchema for Payload {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Payload".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"description": "Any JSON. Numbers keep their value, members are handed on in the order of their names."})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Payload, serde_json::Error> {
        serde_json::from_slice(text.as_bytes())
    }

    #[test]
    fn numbers_keep_their_value_and_the_spelling_does_not_matter() {
        let text = r#"{"b":[9007199254740993,-0.0,1e400000000],"a":1}"#;
        assert!(read(text).is_err(), "no float is near it");
        let given = read(r#"{ "wei": 100000000000000000001, "n": 9007199254740993, "x": 1e2 }"#).unwrap();
        assert_eq!(given.text(), r#"{"n":9007199254740993,"wei":100000000000000000001,"x":100.0}"#);
        assert_eq!(given, read(r#"{"x":100.0,"n":9007199254740993,"wei":100000000000000000001}"#).unwrap());
        assert_ne!(given, read(r#"{"x":100.0,"n":9007199254740993,"wei":100000000000000000002}"#).unwrap());
        assert_eq!(read(given.text()).unwrap(), given);
        assert!(read(r#"{"a":1,"a":2}"#).is_err());
    }

    #[test]
    fn what_floats_hold_is_written_as_before_so_that_stored_digests_stay() {
        for text in ["null", r#"{"a":[1,-2,0.5,1e2,18446744073709551615],"ü":"\u00e4\n"}"#, "1.5e300"] {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).unwrap().text(), value.to_string());
        }
    }
}
