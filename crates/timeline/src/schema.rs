//! What the JSON Schemas of events and replies consist of, for the description of the API. Native only.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A time as replies show it, in UTC to the millisecond.
#[derive(Clone, Copy, Debug)]
pub struct Moment;

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// An object whose members only their sender knows.
#[derive(Clone, Copy, Debug)]
pub struct Anything;

impl JsonSchema for Anything {
    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": true})
    }
}

/// Members that may be missing are then missing, and never `null`: for what is written with `skip_serializing_if`.
pub fn never_null(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let required =
        |name: &str| required.as_array().is_some_and(|names| names.iter().any(|known| known == name));
    let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (_, member) in members.iter_mut().filter(|(name, _)| !required(name)) {
        let Some(member) = member.as_object_mut() else { continue };
        if let Some(Value::Array(types)) = member.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [kind] = types.as_slice() {
                let kind = kind.clone();
                member.insert("type".into(), kind);
            }
        }
        if let Some(Value::Array(forms)) = member.get_mut("anyOf") {
            forms.retain(|form| *form != json!({"type": "null"}));
            if let [Value::Object(form)] = forms.as_slice() {
                let form = form.clone();
                member.remove("anyOf");
                member.extend(form);
            }
        }
    }
}

/// Other names of a posted event's members, which a derived schema does not know of.
const ALIASES: [(&str, &str); 4] =
    [("id", "event_id"), ("event_type", "type"), ("from_agent", "from"), ("to_agent", "to")];

/// Adds the other names of a posted event's members.
pub(crate) fn aliases(schema: &mut Schema) {
    let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (alias, name) in ALIASES {
        let Some(mut member) = members.get(name).cloned() else { continue };
        member["description"] = format!("Another name of `{name}`; give one of them.").into();
        members.insert(alias.into(), member);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Posted;

    #[test]
    fn the_schema_of_a_posted_event_has_the_names_that_are_read() {
        let schema = SchemaGenerator::default().into_root_schema_for::<Posted>();
        let described: BTreeSet<String> = schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        let refusal = serde_json::from_str::<Posted>(r#"{"no such member": 1}"#).unwrap_err().to_string();
        let (_, names) = refusal.split_once("expected one of ").unwrap();
        let read: BTreeSet<String> = names.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(described, read);
    }

    #[test]
    fn a_member_that_may_be_missing_is_not_null() {
        let mut schema = json_schema!({"properties": {
            "a": {"type": ["string", "null"]},
            "b": {"description": "B.", "anyOf": [{"$ref": "#/x"}, {"type": "null"}]},
            "c": {"type": ["string", "null"]},
        }, "required": ["c"]});
        never_null(&mut schema);
        let expected = json!({"a": {"type": "string"}, "b": {"description": "B.", "$ref": "#/x"},
            "c": {"type": ["string", "null"]}});
        assert_eq!(schema.get("properties"), Some(&expected));
    }
}
