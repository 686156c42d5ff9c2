//! JSON values with a total order and canonical bytes.

use std::collections::BTreeMap;
use std::fmt;

use ramanujan_core::MAX_SAFE_INTEGER;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{Bytes, DecodeError, malformed, put_text, put_uint, unzigzag, zigzag};

/// Deepest nesting of a value; keeps recursion over it within an instance's stack.
pub const MAX_VALUE_DEPTH: usize = 64;

/// A finite double that is no whole number within ±(2^53−1) (those are [`Json::Int`], as in RFC 8785 §3.2.2.3).
#[derive(Clone, Copy, Debug)]
pub struct Float(f64);

impl Float {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Bits whose unsigned order is the numeric order.
    fn sortable(self) -> u64 {
        let bits = self.0.to_bits();
        if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.sortable() == other.sortable()
    }
}

impl Eq for Float {}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.sortable().cmp(&other.sortable())
    }
}

/// A number that JSON carries exactly: a whole one within ±(2^53−1), or a finite double with a fraction. Ordered by
/// size, whichever of both it is.
#[derive(Clone, Copy, Debug)]
pub struct Number(f64);

impl Number {
    /// The number that a value is; `None` if it is something else.
    pub fn of(value: &Json) -> Option<Number> {
        match value {
            // Within 2^53, where doubles have every whole number.
            Json::Int(value) => Some(Number(*value as f64)),
            Json::Float(value) => Some(Number(value.get())),
            _ => None,
        }
    }

    /// The number as a value.
    pub fn to_json(self) -> Json {
        Json::number(self.0).unwrap_or_default()
    }

    /// Reads the canonical bytes of a value that is a number.
    pub(crate) fn take_canonical(reader: &mut Bytes<'_>) -> Result<Number, DecodeError> {
        match Number::of(&Json::take_canonical(reader)?) {
            Some(number) => Ok(number),
            None => malformed("a value is not a number"),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Neither is NaN, and 0 has one sign, being a whole number.
        self.0.total_cmp(&other.0)
    }
}

/// A JSON value. Equal values have equal [canonical bytes](Json::put_canonical); `1.0` and `1` are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Within ±(2^53−1).
    Int(i64),
    /// Every other number that is finite and exact.
    Float(Float),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Map(BTreeMap<String, Json>),
}

impl Json {
    /// The number, `None` if it is not finite or a whole number beyond ±(2^53−1) that JSON readers would round.
    pub fn number(value: f64) -> Option<Json> {
        let safe = MAX_SAFE_INTEGER as f64;
        if !value.is_finite() {
            None
        } else if value.fract() != 0.0 {
            Some(Json::Float(Float(value)))
        } else if value.abs() <= safe {
            Some(Json::Int(value as i64))
        } else {
            None
        }
    }

    /// The float whose [canonical](Json::put_canonical) bits these are; `None` if it is none of its own, being
    /// infinite, not a number, or whole within ±(2^53−1).
    pub(crate) fn from_sortable(bits: u64) -> Option<Json> {
        let bits = if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits };
        Json::number(f64::from_bits(bits)).filter(|value| matches!(value, Json::Float(_)))
    }

    /// The number, `None` beyond ±(2^53−1).
    pub fn int(value: i128) -> Option<Json> {
        let value = i64::try_from(value).ok()?;
        (value.unsigned_abs() <= MAX_SAFE_INTEGER).then_some(Json::Int(value))
    }

    /// The string, `None` if it is something else.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number as an amount, `None` if it is not a whole number from 0.
    pub fn as_uint(&self) -> Option<u64> {
        match self {
            Json::Int(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// Appends the canonical bytes: a tag, then `00` null, `01`/`02` false/true, `03` integer (zigzag LEB128), `04`
    /// float (8 bytes, sortable, big-endian), `05` text (length-prefixed UTF-8), `06` list (count, values), `07` map
    /// (count, then key and value in byte order of the keys).
    pub fn put_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Json::Null => out.push(0),
            Json::Bool(value) => out.push(1 + u8::from(*value)),
            Json::Int(value) => {
                out.push(3);
                put_uint(out, zigzag(*value));
            }
            Json::Float(value) => {
                out.push(4);
                out.extend_from_slice(&value.sortable().to_be_bytes());
            }
            Json::Text(text) => {
                out.push(5);
                put_text(out, text);
            }
            Json::List(items) => {
                out.push(6);
                put_uint(out, items.len() as u64);
                items.iter().for_each(|item| item.put_canonical(out));
            }
            Json::Map(entries) => {
                out.push(7);
                put_uint(out, entries.len() as u64);
                for (key, value) in entries {
                    put_text(out, key);
                    value.put_canonical(out);
                }
            }
        }
    }

    /// Reads what [`put_canonical`](Json::put_canonical) wrote.
    pub(crate) fn take_canonical(reader: &mut Bytes<'_>) -> Result<Json, DecodeError> {
        nested(reader, MAX_VALUE_DEPTH)
    }

    /// Nesting: 1 for a scalar.
    pub fn depth(&self) -> usize {
        match self {
            Json::List(items) => 1 + items.iter().map(Json::depth).max().unwrap_or(0),
            Json::Map(entries) => 1 + entries.values().map(Json::depth).max().unwrap_or(0),
            _ => 1,
        }
    }
}

fn nested(reader: &mut Bytes<'_>, depth: usize) -> Result<Json, DecodeError> {
    let Some(below) = depth.checked_sub(1) else { return malformed("a value is nested too deep") };
    Ok(match reader.byte()? {
        0 => Json::Null,
        1 => Json::Bool(false),
        2 => Json::Bool(true),
        3 => {
            let value = unzigzag(reader.uint()?);
            Json::int(value.into()).ok_or(DecodeError::Malformed("a number exceeds 2^53-1"))?
        }
        4 => {
            let bytes = reader.bytes(8)?.try_into().map_err(|_| DecodeError::Truncated)?;
            match Json::from_sortable(u64::from_be_bytes(bytes)) {
                Some(value) => value,
                None => return malformed("a number is not finite, or a whole one"),
            }
        }
        5 => Json::Text(reader.text()?.to_owned()),
        6 => {
            let mut items = Vec::new();
            for _ in 0..reader.count()? {
                items.push(nested(reader, below)?);
            }
            Json::List(items)
        }
        7 => {
            let mut entries: BTreeMap<String, Json> = BTreeMap::new();
            for _ in 0..reader.count()? {
                let key = reader.text()?;
                if entries.last_key_value().is_some_and(|(last, _)| last.as_str() >= key) {
                    return malformed("the keys of a map are not in order");
                }
                entries.insert(key.to_owned(), nested(reader, below)?);
            }
            Json::Map(entries)
        }
        _ => return malformed("a value is of an unknown kind"),
    })
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::Text(text.to_owned())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Int(value) => serializer.serialize_i64(*value),
            Json::Float(value) => serializer.serialize_f64(value.0),
            Json::Text(text) => serializer.serialize_str(text),
            Json::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Json::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

/// A member that is there, were it null: for fields that are `None` where they are left out.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

struct JsonVisitor;

fn beyond<E: de::Error>(value: impl fmt::Display) -> E {
    E::custom(format_args!(
        "{value} is not exact as a JSON number: whole numbers end at 2^53-1; a string of its digits keeps it"
    ))
}

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        Json::int(value.into()).ok_or_else(|| beyond(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        Json::int(value.into()).ok_or_else(|| beyond(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        // With its exponent: the 309 digits of 1e308 name nothing that anybody sent.
        Json::number(value).ok_or_else(|| beyond(format_args!("{value:e}")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, Json>()? {
            if entries.insert(key, value).is_some() {
                return Err(de::Error::custom("a member of an object is given twice"));
            }
        }
        Ok(Json::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            (-3i64..4).prop_map(Json::Int),
            any::<f64>().prop_filter_map("exact", Json::number),
            "\\PC{0,3}".prop_map(Json::Text),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::List),
                prop::collection::btree_map("[ab]", inner, 0..3).prop_map(Json::Map),
            ]
        })
    }

    fn canonical(value: &Json) -> Vec<u8> {
        let mut out = Vec::new();
        value.put_canonical(&mut out);
        out
    }

    proptest! {
        #[test]
        fn canonical_bytes_are_equal_exactly_for_equal_values(a in any_json(), b in any_json()) {
            prop_assert_eq!(a == b, canonical(&a) == canonical(&b));
        }

        #[test]
        fn a_value_survives_the_wire(value in any_json()) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), value);
        }
    }

    #[test]
    fn a_number_is_kept_as_it_is_or_refused_for_what_it_is() {
        let read = |text: &str| serde_json::from_str::<Json>(text).map_err(|error| error.to_string());
        let kept = [
            ("9007199254740991", "9007199254740991"),
            ("-9007199254740991", "-9007199254740991"),
            ("9007199254740991.0", "9007199254740991"),
            ("1e15", "1000000000000000"),
            ("5e-324", "5e-324"),
            ("4503599627370495.5", "4503599627370495.5"),
            ("0.1", "0.1"),
            // Zero has one sign, as in RFC 8785 §3.2.2.3.
            ("-0.0", "0"),
            ("-0", "0"),
            ("-0e9", "0"),
        ];
        for (sent, shown) in kept {
            let value = read(sent).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), shown, "{sent}");
            assert_eq!(Json::take_canonical(&mut Bytes(&canonical(&value))).unwrap(), value, "{sent}");
        }
        for (sent, named) in [
            ("9007199254740992", "9007199254740992"),
            ("-9007199254740993", "-9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e308", "1e308"),
            ("[{\"n\":-1e308}]", "-1e308"),
            ("9007199254740992.0", "9.007199254740992e15"),
        ] {
            let refusal = read(sent).unwrap_err();
            let expected = format!("{named} is not exact as a JSON number: whole numbers end at 2^53-1");
            assert!(refusal.starts_with(&expected), "{refusal}");
        }
        assert!(read("1e309").is_err());
    }

    #[test]
    fn whole_numbers_are_one_kind_and_end_where_doubles_stop_counting() {
        assert_eq!(serde_json::from_str::<Json>("1.0").unwrap(), Json::Int(1));
        assert_eq!(serde_json::from_str::<Json>("-0.0").unwrap(), Json::Int(0));
        for bad in ["9007199254740992", "-9007199254740992", "1e300", r#"{"a":1,"a":2}"#] {
            assert!(serde_json::from_str::<Json>(bad).is_err(), "{bad}");
        }
    }
}
