//! Members of requests that stand for languages, operators and rules, as JSON has them.

use std::fmt;

use ramanujan_core::Color;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A name or several.
pub(crate) struct Names(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<Names, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(names)).map(Names)
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

/// An operator that a request declares.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorEntry {
    pub(crate) symbol: String,
    pub(crate) arity: usize,
    pub(crate) color: Color,
    #[serde(default)]
    pub(crate) laws: Vec<String>,
    #[serde(default)]
    pub(crate) identity: Option<String>,
    #[serde(default)]
    pub(crate) annihilator: Option<String>,
    #[serde(default)]
    pub(crate) inverse: Option<String>,
    #[serde(default)]
    pub(crate) distributes_over: Vec<String>,
    #[serde(default)]
    pub(crate) dual: Option<String>,
    #[serde(default)]
    pub(crate) complement: Option<String>,
    #[serde(default)]
    pub(crate) meaning: String,
}

/// A rule of the library by name, or a rule of the request.
pub(crate) enum RuleEntry {
    Named(String),
    Custom(CustomEntry),
}

impl<'de> Deserialize<'de> for RuleEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrRule;

        impl<'de> Visitor<'de> for NameOrRule {
            type Value = RuleEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule's name or an object with name, left and right")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<RuleEntry, E> {
                Ok(RuleEntry::Named(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<RuleEntry, A::Error> {
                CustomEntry::deserialize(MapAccessDeserializer::new(members)).map(RuleEntry::Custom)
            }
        }

        deserializer.deserialize_any(NameOrRule)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomEntry {
    pub(crate) name: String,
    pub(crate) left: Value,
    pub(crate) right: Value,
    #[serde(default)]
    pub(crate) both_ways: bool,
    #[serde(default)]
    pub(crate) conditions: Vec<String>,
    #[serde(default = "green")]
    pub(crate) color: Color,
}

fn green() -> Color {
    Color::Green
}
