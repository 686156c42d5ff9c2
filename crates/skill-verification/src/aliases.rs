//! Second names of members, which serde knows and the schema that is derived for it does not. Native only.

use schemars::Schema;
use serde_json::{Value, json};

/// Those of a batch.
pub(crate) fn batch(schema: &mut Schema) {
    also(schema, "items", &["images", "skills"]);
}

/// Those of a search.
pub(crate) fn similarity(schema: &mut Schema) {
    also(schema, "embedding", &["left", "a"]);
    also(schema, "other", &["right", "b"]);
}

/// Adds the other names of a member; where the member is required, exactly one of them all is.
fn also(schema: &mut Schema, member: &str, names: &[&str]) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let known = properties.get(member).cloned().unwrap_or_default();
    for name in names {
        let mut other = known.clone();
        other["description"] = format!("Another name of `{member}`.").into();
        properties.insert((*name).to_owned(), other);
    }
    let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) else { return };
    let before = required.len();
    required.retain(|needed| needed != member);
    if required.len() == before {
        return;
    }
    if required.is_empty() {
        schema.remove("required");
    }
    let all: Vec<Value> = [member].iter().chain(names).map(|name| json!({"required": [name]})).collect();
    schema.insert("oneOf".into(), all.into());
}
