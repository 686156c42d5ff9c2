//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use std::borrow::Cow;

use ramanujan_core::Digest;
use ramanujan_shell::schema::Schemas;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::bounds::{Common, With};
use crate::routes::{graphs, proofs, saturate};
use crate::saturation::Saturated;
use crate::shapes::{ColorMode, LanguageName, LawName, StopReasonName};

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    Schemas::new()
        .reads::<With<saturate::SaturateRequest>>("SaturateRequest")
        .reads::<With<proofs::ProofRequest>>("ProofRequest")
        .reads::<graphs::MergeRequest>("MergeRequest")
        .answers::<Saturated>("Saturated")
        .answers::<Digest>("Digest")
        .answers::<LanguageName>("LanguageName")
        .answers::<LawName>("LawName")
        .answers::<ColorMode>("ColorMode")
        .answers::<StopReasonName>("StopReasonName")
}

/// The members of a request's own type and the common ones, as [`With`] reads them.
impl<T: JsonSchema> JsonSchema for With<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        let common = Common::json_schema(generator).remove("properties");
        let own = schema.ensure_object().entry("properties").or_insert_with(|| json!({}));
        if let (Value::Object(own), Some(Value::Object(common))) = (own, common) {
            own.extend(common);
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[test]
    fn the_members_of_the_schema_are_those_that_are_read() {
        let schema = With::<Nothing>::json_schema(&mut SchemaGenerator::default());
        let members = schema.get("properties").and_then(Value::as_object).expect("it has members");
        assert_eq!(members.len(), 8, "{members:?}");
        for member in members.keys() {
            assert!(serde_json::from_value::<With<Nothing>>(json!({member: null})).is_ok(), "{member}");
        }
        assert!(serde_json::from_value::<With<Nothing>>(json!({"no_such_member": null})).is_err());
    }
}
