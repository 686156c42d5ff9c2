//! Schemas of several components in one document, and the strict form of them that replies are held against.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::parts::Part;

/// Where schemas lie in the document.
pub const SCHEMAS: &str = "#/components/schemas/";

/// Calls `see` with every reference in a schema.
fn references(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member.as_str()) {
                    ("$ref", Some(reference)) => see(reference.strip_prefix(SCHEMAS).unwrap_or(reference)),
                    _ => references(member, see),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, see)),
        _ => {}
    }
}

/// The schema with every reference renamed.
pub fn renamed(value: &Value, rename: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => {
            let rename_member = |(name, member): (&String, &Value)| match (name.as_str(), member.as_str()) {
                ("$ref", Some(reference)) if reference.starts_with(SCHEMAS) => {
                    (name.clone(), format!("{SCHEMAS}{}", rename(&reference[SCHEMAS.len()..])).into())
                }
                _ => (name.clone(), renamed(member, rename)),
            };
            members.iter().map(rename_member).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(|item| renamed(item, rename)).collect(),
        other => other.clone(),
    }
}

/// Names that mean different things in different components.
///
/// What several components say alike is one schema of the document; what they say differently is called
/// `component.Name`, and so is what refers to such a name.
pub fn ambiguous(parts: &[Part]) -> BTreeSet<String> {
    let mut meanings: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
    for (name, schema) in parts.iter().flat_map(|part| &part.schemas) {
        meanings.entry(name).or_default().insert(schema.to_string());
    }
    let several = meanings.iter().filter(|(_, meanings)| meanings.len() > 1);
    let mut found: BTreeSet<String> = several.map(|(name, _)| (*name).clone()).collect();
    loop {
        let before = found.len();
        for (name, schema) in parts.iter().flat_map(|part| &part.schemas) {
            let mut refers = false;
            references(schema, &mut |other| refers |= found.contains(other));
            if refers {
                found.insert(name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Asserts that every reference of the document leads somewhere.
///
/// # Panics
/// One does not.
pub fn check_references(document: &Value) {
    references(document, &mut |name| {
        let found = match name.strip_prefix('#') {
            Some(pointer) => document.pointer(pointer).is_some(),
            None => document["components"]["schemas"].get(name).is_some(),
        };
        assert!(found, "the schema {name} is not there");
    });
}

/// The document with schemas that allow no members but those they name, where they do not say what others may be: for
/// an open schema a reply may have anything. Of each schema there are two strict forms: `NAME!` allows nothing besides;
/// `NAME+` does, for `allOf` joins several, but what is within it is strict.
pub fn strict(document: &Value) -> Value {
    let mut strict = document.clone();
    let mut schemas = Map::new();
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        schemas.insert(format!("{name}!"), close(schema, false));
        schemas.insert(format!("{name}+"), close(schema, true));
    }
    strict["components"]["schemas"] = schemas.into();
    for path in strict["paths"].as_object_mut().into_iter().flatten() {
        for operation in path.1.as_object_mut().into_iter().flatten() {
            for response in operation.1["responses"].as_object_mut().into_iter().flatten() {
                for media in
                    response.1.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten()
                {
                    let closed = close(&media.1["schema"], false);
                    media.1["schema"] = closed;
                }
            }
        }
    }
    strict
}

/// Keywords of which each value is a schema of the same thing.
const SAME: [&str; 3] = ["allOf", "anyOf", "oneOf"];

fn close(schema: &Value, open: bool) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let joined = members.contains_key("allOf")
        || (members.contains_key("properties")
            && ["$ref", "anyOf", "oneOf"].iter().any(|key| members.contains_key(*key)));
    let mut closed = Map::new();
    for (key, value) in members {
        let inner = match key.as_str() {
            "$ref" => {
                let mark = if open || joined { '+' } else { '!' };
                value.as_str().map_or_else(
                    || value.clone(),
                    |name| {
                        if name.starts_with(SCHEMAS) { format!("{name}{mark}").into() } else { name.into() }
                    },
                )
            }
            "properties" | "patternProperties" => {
                let members = value.as_object().into_iter().flatten();
                members
                    .map(|(name, schema)| (name.clone(), close(schema, false)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            "items" | "additionalProperties" | "contains" => close(value, false),
            "prefixItems" => {
                value.as_array().into_iter().flatten().map(|schema| close(schema, false)).collect()
            }
            key if SAME.contains(&key) => {
                value.as_array().into_iter().flatten().map(|schema| close(schema, open || joined)).collect()
            }
            _ => value.clone(),
        };
        closed.insert(key.clone(), inner);
    }
    let says = ["additionalProperties", "unevaluatedProperties"].iter().any(|key| members.contains_key(*key));
    if open {
        // An object that is joined with others must not refuse their members.
        if closed.get("additionalProperties") == Some(&json!(false)) {
            closed.remove("additionalProperties");
        }
    } else if joined && !says {
        closed.insert("unevaluatedProperties".into(), false.into());
    } else if members.contains_key("properties") && !says && !members.contains_key("patternProperties") {
        closed.insert("additionalProperties".into(), false.into());
    }
    closed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(document: &Value, at: &str, value: &Value) -> bool {
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("http://test/d", document.clone()).unwrap();
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile(&format!("http://test/d#{at}"), &mut schemas).unwrap();
        schemas.validate(value, index).is_ok()
    }

    #[test]
    fn a_strict_schema_refuses_what_it_does_not_name() {
        let document = json!({"components": {"schemas": {
            "Status": {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]},
            "Thing": {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}},
            "Reply": {"allOf": [{"$ref": "#/components/schemas/Status"}, {"$ref": "#/components/schemas/Thing"}]},
            "Map": {"type": "object", "properties": {}, "additionalProperties": {"$ref": "#/components/schemas/Thing"}},
        }}, "paths": {}});
        let strict = strict(&document);
        let at = |name: &str| format!("/components/schemas/{name}!");
        for (schema, value, expected) in [
            ("Thing", json!({"a": {"b": 1}}), true),
            ("Thing", json!({"c": 1}), false),
            ("Thing", json!({"a": {"c": 1}}), false),
            ("Reply", json!({"status": "ok", "a": {}}), true),
            ("Reply", json!({"status": "ok", "a": {}, "c": 1}), false),
            ("Reply", json!({"status": "ok", "a": {"c": 1}}), false),
            ("Reply", json!({"a": {}}), false),
            ("Map", json!({"x": {"a": {}}}), true),
            ("Map", json!({"x": {"y": {}}}), false),
        ] {
            assert_eq!(allows(&strict, &at(schema), &value), expected, "{schema} {value}");
            assert!(!expected || allows(&document, &format!("/components/schemas/{schema}"), &value));
        }
    }
}
