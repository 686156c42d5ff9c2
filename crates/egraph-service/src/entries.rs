//! Members of requests that stand for languages, operators and rules, as JSON has them.

use std::fmt;

use ramanujan_core::Color;
#[cfg(not(target_family = "wasm"))]
use ramanujan_egraph::name::{MAX_ARITY, MAX_NAME_BYTES};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Most entries in `rules`.
pub(crate) const MAX_RULES: usize = 1_000;
/// Most entries in `operators`.
pub(crate) const MAX_OPERATORS: usize = 200;

/// A language or several.
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(with = "crate::shapes::Languages")
)]
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
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorEntry {
    /// Its name, none of the languages'.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(min = 1, max = MAX_NAME_BYTES)))]
    pub(crate) symbol: String,
    /// How many arguments it takes.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1, max = MAX_ARITY)))]
    pub(crate) arity: usize,
    /// The colour of a term that it is the root of.
    pub(crate) color: Color,
    /// The laws that it obeys.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<crate::shapes::DeclarableLaw>"))]
    pub(crate) laws: Vec<String>,
    /// The symbol that changes nothing: for `identity` and `inverse`.
    #[serde(default)]
    pub(crate) identity: Option<String>,
    /// The symbol that swallows everything: for `annihilator` and `complement`.
    #[serde(default)]
    pub(crate) annihilator: Option<String>,
    /// The operator that undoes it, of one argument or two: for `inverse`.
    #[serde(default)]
    pub(crate) inverse: Option<String>,
    /// The operators over which it distributes: for `distributes`.
    #[serde(default)]
    pub(crate) distributes_over: Vec<String>,
    /// The other operator of a lattice: for `absorption` and `de_morgan`.
    #[serde(default)]
    pub(crate) dual: Option<String>,
    /// The operator of one argument that gives the complement: for `complement` and `de_morgan`.
    #[serde(default)]
    pub(crate) complement: Option<String>,
    /// What it stands for, for people.
    #[serde(default)]
    pub(crate) meaning: String,
}

/// A rule of the library by name, or a rule of the request.
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(untagged))]
pub(crate) enum RuleEntry {
    Named(#[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::RuleName"))] String),
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

/// A rule of the request.
#[derive(serde::Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomEntry {
    /// Its name: none of the library's, and each once.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(min = 1, max = MAX_NAME_BYTES)))]
    pub(crate) name: String,
    /// What it matches: a term with an operator at its root, in which names that begin with `?` are variables.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::Term"))]
    pub(crate) left: Value,
    /// What is equal to it, over the variables of `left`.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::Term"))]
    pub(crate) right: Value,
    /// Whether it goes from right to left too.
    #[serde(default)]
    pub(crate) both_ways: bool,
    /// What has to hold of the variables.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<crate::shapes::Condition>"))]
    pub(crate) conditions: Vec<String>,
    /// The gadget that it belongs to.
    #[serde(default = "green")]
    pub(crate) color: Color,
}

fn green() -> Color {
    Color::Green
}
