//! Schemas of what no type of the streams stands for: replies that other components make. Native only, for the description of the API.

use std::borrow::Cow;

use ramanujan_core::MAX_SAFE_INTEGER;
use ramanujan_crdt::TapPhase;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// crdt-service's reply to one operation, which a stream hands on as it is.
pub(crate) enum StoredOperation {}

impl JsonSchema for StoredOperation {
    fn schema_name() -> Cow<'static, str> {
        "StoredOperation".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "crdt-service's reply about the operation.",
            "properties": {
                "status": {"const": "ok"},
                "operation_id": named("Dot", "The operation's dot."),
                "document_id": named("DocumentId", "The document."),
                "agent_id": named("AgentId", "In whose name it was made."),
                "seq": {
                    "type": "integer", "minimum": 1, "maximum": MAX_SAFE_INTEGER,
                    "description": "Its number among the agent's operations on the document.",
                },
                "crdt_type": named("CrdtType", "Type of the document."),
                "operation": {"type": "string", "description": "Name of the operation."},
                "parents": {"type": "array", "items": reference("Dot"), "description": "The deltas that it was made after."},
                "length": count("Code points of a text after the operation."),
                "digest": named("Digest", "Of the delta's canonical bytes."),
                "fingerprint": named("Fingerprint", "Of the digest's bytes."),
                "hash": named("Digest", "Of the digest and the parents' hashes: commits to all that the operation was made after."),
                "vector_clock": named("VectorClock", "The document's version after the operation, while it has 64 entries at most."),
                "duplicate": {"type": "boolean", "description": "Whether the operation was stored before."},
                "cached": {"type": "boolean", "description": "Whether the reply was kept from an earlier request."},
            },
            "required": [
                "status", "operation_id", "document_id", "agent_id", "seq", "crdt_type", "operation", "parents", "digest",
                "fingerprint", "hash", "duplicate", "cached",
            ],
        })
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn named(name: &str, description: &str) -> Value {
    let mut schema = reference(name);
    schema["description"] = description.into();
    schema
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

/// An object with all of these members.
fn object(description: &str, members: Value) -> Value {
    let required: Vec<_> = members.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    json!({"type": "object", "description": description, "properties": members, "required": required})
}

/// A dot with its Lamport time, and what else there is to say of it.
fn described(description: &str, more: Value) -> Value {
    let mut members = json!({"dot": reference("Dot"), "lamport": count("Lamport time.")});
    if let (Some(members), Value::Object(more)) = (members.as_object_mut(), more) {
        members.extend(more);
    }
    object(description, members)
}

/// What crdt-service says of a document beside its value.
fn details() -> Value {
    let phase = || json!({"type": "string", "enum": TapPhase::ALL.map(TapPhase::as_str)});
    let written = object(
        "Of an lww-register.",
        json!({"written": described("Which operation wrote the value.", json!({}))}),
    );
    let values = object(
        "Of an mv-register.",
        json!({"values": {
            "type": "array",
            "description": "Each value with the operation that wrote it.",
            "items": object("", json!({"dot": reference("Dot"), "value": {"description": "Any JSON."}})),
        }}),
    );
    let history = object(
        "Of a tap-state.",
        json!({
            "majority": phase(),
            "transitions": count("How many there were."),
            "history": {
                "type": "array",
                "description": "The newest of them in the order of their times.",
                "items": described("", json!({"phase": phase()})),
            },
        }),
    );
    json!({"description": "What the value alone does not tell.", "anyOf": [written, values, history]})
}

/// A document as crdt-service reports it, with the stream's colour.
pub(crate) fn state() -> Value {
    let mut schema = object(
        "A document with the colour of the stream that was asked.",
        json!({
            "document_id": named("DocumentId", "The document."),
            "crdt_type": named("CrdtType", "Type of the document."),
            "operations": count("How many it is made of."),
            "heads": {"type": "array", "items": reference("Dot"), "description": "The newest delta of each branch."},
            "fingerprint": named("Fingerprint", "Of the version."),
            "digest": named("Digest", "Of the version: equal digests have equal deltas."),
            "log_position": count("Place of its newest delta in crdt-service's log."),
            "updated": {"type": "string", "format": "date-time", "description": "When the newest delta was stored."},
            "length": {"type": ["integer", "null"], "minimum": 0, "description": "Code points of a text; null for all other types."},
            "value": {"description": "The merged value: JSON of the form that its type has."},
            "value_digest": named("Digest", "Of the value."),
            "color": named("Color", "The stream's."),
            "polarity": named("Polarity", "The stream's."),
        }),
    );
    schema["properties"]["vector_clock"] =
        named("VectorClock", "Its version, while that has 64 entries at most.");
    schema["properties"]["length_utf16"] = count("UTF-16 code units of a text.");
    schema["properties"]["details"] = details();
    schema
}

/// The header that makes a retry safe where a request leaves `seq` out.
pub(crate) fn idempotency_key() -> Value {
    json!({
        "type": "string",
        "pattern": "^[ -~]{1,255}$",
        "description": "A key of the caller's choice, new for each request, for instance a UUID. An operation of the same agent \
            on the same document that was stored under the key is not stored again: the reply has `duplicate: true`; other \
            content is refused with `dot-conflict`. An operation with `seq` needs no key, its dot says what it is, and none \
            is looked at.",
    })
}

/// What a stream says to a first try by hand.
pub(crate) fn greeting() -> Value {
    object(
        "",
        json!({
            "message": {"type": "string", "description": "What the stream says of itself."},
            "color": named("Color", "The stream's."),
            "polarity": named("Polarity", "The stream's."),
            "path": {"const": "/test"},
            "request_size": count("Bytes of the request's body."),
        }),
    )
}

/// What a stream's description says beside that of every component.
pub(crate) fn identity() -> Value {
    object(
        "",
        json!({"color": named("Color", "The stream's."), "polarity": named("Polarity", "The stream's.")}),
    )
}

/// What health says beside that of every component.
pub(crate) fn neighbours() -> Value {
    object(
        "",
        json!({"components": object(
            "What the stream cannot do without.",
            json!({"crdt-service": {"const": "ok"}, "interaction-timeline": {"const": "ok"}}),
        )}),
    )
}
