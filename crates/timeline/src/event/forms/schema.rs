//! The JSON Schemas of what is read by hand, and of events as replies show them.

use std::borrow::Cow;

use ramanujan_core::{AgentId, Digest, MAX_SAFE_INTEGER};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{Members, Name, Number};
use crate::row::Shown;
use crate::schema::Moment;

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0, "maximum": MAX_SAFE_INTEGER})
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "AgentIdOrNumber".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An agent; those that have numbers for names may be written as numbers.",
            "oneOf": [generator.subschema_for::<AgentId>(), {"type": "integer", "minimum": 0}],
        })
    }
}

impl JsonSchema for Shown {
    fn schema_name() -> Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Members::json_schema(generator);
        schema.insert("description".into(), "An event of the log.".into());
        let mut received = generator.subschema_for::<Moment>();
        received.insert("description".into(), "When it was stored, by the timeline's clock.".into());
        let mut id = generator.subschema_for::<Digest>();
        id.insert("description".into(), "Its identity.".into());
        let own = json!({
            "seq": {"type": "integer", "minimum": 1, "description": "Place in the log, from 1, without gaps."},
            "event_id": id,
            "received": received,
        });
        let mut required = vec!["agent_id", "origin_seq", "timestamp", "type"];
        if let (Some(Value::Object(members)), Value::Object(own)) = (schema.get_mut("properties"), own) {
            required.extend(["event_id", "received", "seq"]);
            members.extend(own);
        }
        schema.insert("required".into(), required.into());
        schema
    }
}
