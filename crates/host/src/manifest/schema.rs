//! The shape of `spin.toml`, manifest version 2, as serde types.
//!
//! Every table denies unknown fields, so that a misspelt or unsupported key stops the start with its name. What is
//! known to Spin but not served here is parsed and refused in `checks`, again by name. The keys by which a component
//! asks for capabilities belong to the interfaces, which read them themselves. No rule beyond shape lives here.

use std::fmt;
use std::path::PathBuf;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::interfaces;

/// A manifest of version 2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Must be 2.
    pub(crate) spin_manifest_version: i64,
    /// What the application is called.
    pub(crate) application: Application,
    /// The application's variables, by name.
    #[serde(default)]
    pub(crate) variables: IndexMap<String, Variable>,
    /// By kind; only entries of kind `http` are read as `Trigger`.
    #[serde(default)]
    pub(crate) trigger: IndexMap<String, Vec<toml::Value>>,
    /// By id.
    #[serde(default)]
    pub(crate) component: IndexMap<String, Component>,
}

/// `[application]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Application {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default, rename = "authors")]
    _authors: Vec<String>,
    #[serde(default, rename = "targets")]
    _targets: Vec<toml::Value>,
    #[serde(default, rename = "trigger")]
    _trigger: toml::Table,
    #[serde(default, rename = "tool")]
    _tool: toml::Table,
}

/// One entry of `[variables]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// A value must be given from outside.
    #[serde(default)]
    pub(crate) required: bool,
    /// Its value where none is given.
    pub(crate) default: Option<String>,
    #[serde(default, rename = "description")]
    _description: Option<String>,
    #[serde(default, rename = "secret")]
    _secret: bool,
}

/// One `[[trigger.http]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trigger {
    #[serde(default, rename = "id")]
    _id: String,
    /// Id of the component that answers.
    pub(crate) component: Option<toml::Value>,
    /// Refused.
    pub(crate) components: Option<toml::Value>,
    /// Refused.
    pub(crate) dependencies: Option<toml::Value>,
    /// What it answers.
    pub(crate) route: Option<Route>,
    /// What the host answers in place of a component.
    pub(crate) static_response: Option<StaticResponse>,
    /// Only `{ type = "http" }` is served.
    pub(crate) executor: Option<toml::Table>,
}

/// `route`: a pattern, or `{ private = true }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(crate) enum Route {
    Pattern(String),
    Private(PrivateRoute),
}

/// The table form of `route`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrivateRoute {
    /// Must be true.
    pub(crate) private: bool,
}

/// `static_response`: an answer without a component.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticResponse {
    /// 200 where it is missing.
    pub(crate) status_code: Option<u16>,
    /// In the order in which they are sent.
    #[serde(default)]
    pub(crate) headers: IndexMap<String, String>,
    /// Empty where it is missing.
    pub(crate) body: Option<String>,
}

/// `[component.<id>]`.
#[derive(Debug)]
pub(crate) struct Component {
    /// Keys that every component has.
    pub(crate) own: ComponentKeys,
    /// Keys that belong to interfaces, as they are written.
    pub(crate) interfaces: toml::Table,
}

/// The keys of `[component.<id>]` that ask for no capability.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentKeys {
    /// Path of the Wasm file; other forms are refused.
    pub(crate) source: toml::Value,
    /// Shown when the host starts.
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default, rename = "targets")]
    _targets: Vec<toml::Value>,
    #[serde(default, rename = "build")]
    _build: Option<Build>,
    #[serde(default, rename = "tool")]
    _tool: toml::Table,
    /// Whether every dependency may use what the component may.
    pub(crate) dependencies_inherit_configuration: Option<bool>,
    /// Components that are composed into it, by the imports they stand for.
    #[serde(default)]
    pub(crate) dependencies: IndexMap<String, Dependency>,
    #[serde(default, rename = "profile")]
    _profile: toml::Table,
}

impl<'de> Deserialize<'de> for Component {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ComponentVisitor)
    }
}

struct ComponentVisitor;

impl<'de> Visitor<'de> for ComponentVisitor {
    type Value = Component;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Component, A::Error> {
        let mut interfaces = toml::Table::new();
        let rest = WithoutInterfaces { map, interfaces: &mut interfaces };
        let own = ComponentKeys::deserialize(MapAccessDeserializer::new(rest))?;
        Ok(Component { own, interfaces })
    }
}

/// A table without the keys of the interfaces, which it puts aside as it comes upon them.
struct WithoutInterfaces<'a, A> {
    map: A,
    interfaces: &'a mut toml::Table,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutInterfaces<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if !interfaces::owns(&key) {
                return seed.deserialize(StringDeserializer::new(key)).map(Some);
            }
            let value = self.map.next_value()?;
            self.interfaces.insert(key, value);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// `[component.<id>.build]`: for `spin build`, not for serving.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Build {
    #[serde(rename = "command")]
    _command: toml::Value,
    #[serde(default, rename = "workdir")]
    _workdir: Option<String>,
    #[serde(default, rename = "watch")]
    _watch: Vec<String>,
}

/// One entry of `[component.<id>.dependencies]`: a version from a registry, or a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(crate) enum Dependency {
    Version(#[expect(dead_code, reason = "refused whatever it is")] String),
    Table(DependencyTable),
}

/// The table form of a dependency; `checks` refuses what comes from a registry or a URL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DependencyTable {
    /// Its Wasm file.
    pub(crate) path: Option<PathBuf>,
    /// Id of the component whose Wasm file it is.
    pub(crate) component: Option<String>,
    /// Its export that satisfies the import, where the names differ.
    pub(crate) export: Option<String>,
    /// What it may use of its parent's capabilities.
    pub(crate) inherit_configuration: Option<Inherit>,
    /// Refused, as are the others below.
    pub(crate) version: Option<String>,
    pub(crate) registry: Option<String>,
    pub(crate) package: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) digest: Option<String>,
}

/// What a dependency may use of its parent's capabilities: everything, or the named kinds.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Inherit {
    /// Everything, or nothing.
    All(bool),
    /// The kinds of these names, which are keys of the manifest.
    Some(Vec<String>),
}

// A string or a table: decided by looking, because serde's untagged enums lose the name of the offending key.
macro_rules! string_or_table {
    ($name:ident, $string:ident, $table:ident) => {
        impl TryFrom<toml::Value> for $name {
            type Error = toml::de::Error;

            fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
                match value {
                    toml::Value::String(text) => Ok($name::$string(text)),
                    other => Ok($name::$table(other.try_into()?)),
                }
            }
        }
    };
}

string_or_table!(Route, Pattern, Private);
string_or_table!(Dependency, Version, Table);
