//! JSON Schemas of operations, for the description of the API. Native only.
//!
//! What differs between operations is read from the table of types, so that a new type appears by itself. A component
//! registers [`OperationRequest`](crate::wire::OperationRequest) by `.reads::<OperationRequest>("Operation")` and
//! [`DeltaRecord`](crate::wire::DeltaRecord) by `.answers::<DeltaRecord>("Delta")` (its schema has the same name), and
//! what these refer to comes along.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Color};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::counter::Totals;
use crate::crdts::crdt_type::CrdtType;
use crate::crdts::described::{Row, members_at_path, rows};
use crate::crdts::member::{Member, any_value};
use crate::crdts::operation::Field;
use crate::crdts::pn_counter::PnCounter;
use crate::edit::ItemId;
use crate::value::Json;

impl JsonSchema for Json {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::try_from(any_value()).unwrap_or_default()
    }
}

impl JsonSchema for ItemId {
    fn schema_name() -> Cow<'static, str> {
        "ItemId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[A-Za-z0-9._-]{1,128}:[1-9][0-9]{0,15}(\+[1-9][0-9]{0,15})?$",
            "description": "An element of a list or a code point of a text leaf, by the delta that inserted it and, \
                after the first, its place in it: `agent:seq` or `agent:seq+offset`.",
        })
    }
}

impl JsonSchema for PnCounter {
    fn schema_name() -> Cow<'static, str> {
        "CounterTotals".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<AgentId, Totals>::json_schema(generator)
    }
}

/// The members of which each operation has its own.
const OPERANDS: [&str; 5] = ["position", "value", "path", "edit", "length"];

/// Gives the derived schema of a request an alternative for each operation.
pub(crate) fn of_request(schema: &mut Schema) {
    let mut taken = take(schema, &["operation", "crdt_type", "unit"]);
    let (path, unit) = (taken.remove("path"), taken.remove("unit"));
    let mut alternatives = Vec::new();
    for row in rows() {
        for (name, colors) in row.names() {
            let mut add = |members: Map<String, Value>, required: Vec<&'static str>| {
                alternatives.push(alternative(&row, name, &colors, members, required));
            };
            if row.is_edit() {
                let (mut members, mut required) = written(&members_at_path(name), |_| false);
                members.insert("path".into(), path.clone().unwrap_or_default());
                required.push("path");
                add(members, required);
            }
            let is_insertion = row.crdt_type == CrdtType::Text && row.members.len() == 2 && name == "insert";
            let may_be_left_out = |field| is_insertion && field == Field::Position;
            let (mut members, required) = written(&row.members, may_be_left_out);
            if row.crdt_type == CrdtType::Text {
                members.insert("unit".into(), unit.clone().unwrap_or_default());
            }
            add(members, required);
        }
    }
    join(schema, alternatives);
}

/// Gives the derived schema of a stored delta an alternative for each operation.
pub(crate) fn of_record(schema: &mut Schema) {
    take(schema, &["operation", "crdt_type"]);
    // A record that is handed out has its parents, and one that is sent should: the schema is one for both.
    schema.insert("required".into(), json!(["agent_id", "seq", "parents"]));
    schema.get_mut("properties").and_then(|members| members["parents"].as_object_mut()?.remove("default"));
    let mut alternatives = Vec::new();
    for row in rows() {
        for (name, colors) in row.names() {
            // What a request may leave out, a record has.
            let all: Vec<_> =
                row.members.iter().map(|member| Member { default: None, ..member.clone() }).collect();
            let (members, required) = written(&all, |_| false);
            alternatives.push(alternative(&row, name, &colors, members, required));
        }
    }
    join(schema, alternatives);
}

/// Takes the members that depend on the operation out of a schema, without what stands for their absence.
fn take(schema: &mut Schema, others: &[&str]) -> Map<String, Value> {
    let mut taken = Map::new();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for name in OPERANDS.iter().chain(others) {
            taken.extend(properties.remove(*name).map(|member| ((*name).to_owned(), without_null(member))));
        }
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name.as_str().is_none_or(|name| !taken.contains_key(name)));
    }
    taken
}

/// The schema of what is there, of one that allows `null` too.
fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type").filter(|types| types.is_array()) {
        let found = types.as_array().into_iter().flatten().find(|name| **name != "null").cloned();
        *types = found.unwrap_or_default();
    }
    let choices = schema.as_object_mut().and_then(|members| members.remove("anyOf"));
    let null = json!({"type": "null"});
    let chosen =
        choices.as_ref().and_then(Value::as_array).into_iter().flatten().find(|choice| **choice != null);
    if let (Some(chosen), Some(members)) = (chosen.and_then(Value::as_object), schema.as_object_mut()) {
        members.extend(chosen.clone());
        // Said of the member, not of the type.
        members.remove("default");
    }
    schema
}

/// Members by their names, and the names of those that must be there.
fn written(
    members: &[Member],
    may_be_left_out: impl Fn(Field) -> bool,
) -> (Map<String, Value>, Vec<&'static str>) {
    let (mut named, mut required) = (Map::new(), Vec::new());
    for Member { field, schema, default } in members {
        let (name, mut schema) = (field.name(), schema.clone());
        match default {
            Some(Value::Null) => {}
            Some(default) => schema["default"] = default.clone(),
            None if may_be_left_out(*field) => {}
            None => required.push(name),
        }
        if !required.contains(&name) && *field == Field::Position {
            schema["description"] =
                "A place between code points or elements, from 0; left out: the end.".into();
        }
        named.insert(name.to_owned(), schema);
    }
    (named, required)
}

fn alternative(
    row: &Row,
    name: &str,
    colors: &[Color],
    members: Map<String, Value>,
    required: Vec<&'static str>,
) -> Value {
    let Row { crdt_type, tag, about, .. } = row;
    let about = if row.is_edit() { on_json(name) } else { about };
    let color = match colors {
        [color] => color.to_string(),
        _ => "The colour follows from the value".to_owned(),
    };
    let mut properties = Map::new();
    properties.insert("operation".into(), json!({"const": name}));
    properties.insert("crdt_type".into(), json!({"const": crdt_type.as_str()}));
    properties.extend(members);
    let required: Vec<_> = ["operation"].into_iter().chain(required).collect();
    json!({
        "title": format!("{crdt_type}: {name}"),
        "description": format!("{about} {color}; tag {tag} in canonical bytes."),
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

/// What an operation on a JSON document does, as [`Action`](crate::edit::Action) says.
fn on_json(name: &str) -> &'static str {
    match name {
        "set" => "Replaces what is at the place.",
        "delete" => "Removes what is at the place and below.",
        "increment" => "Adds to the number at the place.",
        "decrement" => "Takes from the number at the place.",
        "insert_item" => "Inserts an element into the list at the place.",
        "insert_text" => "Inserts code points into the text at the place.",
        "delete_text" => "Removes code points of the text at the place.",
        _ => "Edits what stands at the place.",
    }
}

/// Makes the schema one of what is common to all operations and of what each has.
fn join(schema: &mut Schema, mut alternatives: Vec<Value>) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|member| *member = without_null(member.take()));
    }
    // Of operations with one name, a request is one and not a mixture.
    let members = |alternative: &Value| alternative["properties"].as_object().cloned().unwrap_or_default();
    let all: Vec<_> = alternatives.iter().map(members).collect();
    for (own, alternative) in all.iter().zip(&mut alternatives) {
        let same = all.iter().filter(|other| other["operation"] == own["operation"]);
        for name in same.flat_map(Map::keys).filter(|name| !own.contains_key(*name)) {
            alternative["properties"][name] = false.into();
        }
    }
    schema.remove("additionalProperties");
    schema.insert("anyOf".into(), alternatives.into());
    schema.insert("unevaluatedProperties".into(), false.into());
}
