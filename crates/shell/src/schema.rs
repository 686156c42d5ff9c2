//! The JSON Schemas of what a component's routes read and answer, for the description of the API. Native only.
//!
//! A type that derives [`schemars::JsonSchema`] on native targets has the schema of what serde reads and writes, so that
//! no member stands in two places. What a component says besides (words, parameters, examples) is in its `api.json`.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

/// Where OpenAPI keeps schemas.
const DEFINITIONS: &str = "/components/schemas";

/// The types of a component by the names under which its `api.json` refers to them.
#[derive(Debug)]
pub struct Schemas {
    reads: SchemaGenerator,
    answers: SchemaGenerator,
    named: BTreeMap<String, Value>,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = DEFINITIONS.into();
            settings.meta_schema = None;
        });
        Schemas {
            reads: settings.clone().for_deserialize().into_generator(),
            answers: settings.for_serialize().into_generator(),
            named: BTreeMap::new(),
        }
    }
}

impl Schemas {
    /// No types.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type of requests, as serde reads it.
    #[must_use]
    pub fn reads<T: JsonSchema>(mut self, name: &str) -> Self {
        let schema = T::json_schema(&mut self.reads);
        self.named.insert(name.to_owned(), schema.to_value());
        self
    }

    /// Adds a type of replies, as serde writes it.
    #[must_use]
    pub fn answers<T: JsonSchema>(mut self, name: &str) -> Self {
        let schema = T::json_schema(&mut self.answers);
        self.named.insert(name.to_owned(), schema.to_value());
        self
    }

    /// Adds a schema made from a table: for what is read by hand.
    #[must_use]
    pub fn table(mut self, name: &str, schema: Value) -> Self {
        self.named.insert(name.to_owned(), schema);
        self
    }

    /// All schemas by name, those that the added ones refer to among them.
    ///
    /// # Panics
    /// Two types of one name are not the same: one of them needs `#[schemars(rename = "…")]`.
    pub fn finish(mut self) -> BTreeMap<String, Value> {
        for generator in [&mut self.reads, &mut self.answers] {
            for (name, schema) in generator.take_definitions(true) {
                let known = self.named.entry(name.clone()).or_insert_with(|| schema.clone());
                assert_eq!(*known, schema, "two types are called {name}");
            }
        }
        self.named
    }
}

/// The schema of a type that is written as one of a few words: those of its `ALL`, by its `as_str`.
#[macro_export]
macro_rules! words {
    ($type:ident, $description:literal) => {
        impl ::schemars::JsonSchema for $type {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let words = $type::ALL.map($type::as_str);
                ::schemars::json_schema!({"type": "string", "enum": words, "description": $description})
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        /// How many.
        count: u8,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Outer {
        inner: Inner,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }

    #[test]
    fn what_a_type_refers_to_comes_along_under_its_own_name() {
        let schemas = Schemas::new().reads::<Outer>("Request").answers::<Outer>("Reply").finish();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Inner", "Reply", "Request"]);
        assert_eq!(schemas["Request"]["properties"]["inner"], json!({"$ref": "#/components/schemas/Inner"}));
        assert_eq!(schemas["Inner"]["properties"]["count"]["description"], "How many.");
        assert_eq!(schemas["Inner"]["additionalProperties"], json!(false));
        assert_eq!(schemas["Reply"]["required"], json!(["inner"]));
    }
}
