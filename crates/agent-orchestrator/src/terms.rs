//! An agent's operations as terms of the e-graph language.
//!
//! Deltas join, so a history is a `merge` of its deltas: a constructive (RED) one is a symbol, a compensating (BLUE)
//! one the inverse of a symbol, a verification (GREEN) changes nothing and is the identity. Symbols name deltas by
//! their fingerprint, so that the same delta twice is the same symbol and `idem` folds it.

use ramanujan_core::Color;
use serde::Serialize;
use serde_json::Value;

/// The rules under which two histories are the same: joining is associative, repeats mean nothing, verifications
/// vanish. Without commutativity, which would make a class of every subset of the operations.
pub const RULES: [&str; 3] = ["assoc", "identity", "idem"];

/// Digits of a fingerprint, and as many of an event's id where there is none.
const FINGERPRINT_DIGITS: usize = 16;

/// One operation as the timeline tells of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Operation {
    /// The event that tells of it.
    pub event_id: String,
    /// Position on the timeline.
    pub seq: u64,
    /// The dot, `agent:seq`, where the event has the agent's clock.
    pub operation_id: Option<String>,
    /// Its name at the stream that took it.
    pub operation: Option<String>,
    /// What it changed.
    pub document_id: Option<String>,
    /// What decides the shape of its term.
    pub color: Color,
    /// As an S-expression.
    pub term: String,
}

impl Operation {
    /// Reads an event of type `operation` of `agent`; `None` if it has no id or position, which no stored event lacks.
    pub fn of_event(agent: &str, event: &Value) -> Option<Operation> {
        let text = |member: &str| event.get(member).and_then(Value::as_str);
        let event_id = text("event_id")?;
        let operation = text("operation");
        let color = text("color")
            .and_then(|color| color.parse().ok())
            .or_else(|| Color::of_operation(operation?))
            .unwrap_or(Color::Green);
        let dot = event.get("vector_clock").and_then(|clock| clock.get(agent)?.as_u64());
        let name: String = text("fingerprint").unwrap_or(event_id).chars().take(FINGERPRINT_DIGITS).collect();
        Some(Operation {
            term: match color {
                Color::Red => format!("delta-{name}"),
                Color::Blue => format!("(inv delta-{name})"),
                Color::Green => "(id)".to_owned(),
            },
            event_id: event_id.to_owned(),
            seq: event.get("seq")?.as_u64()?,
            operation_id: dot.map(|seq| format!("{agent}:{seq}")),
            operation: operation.map(str::to_owned),
            document_id: text("document_id").map(str::to_owned),
            color,
        })
    }
}

/// The join of the terms in their order, `None` if there are none.
pub fn join<'a>(terms: impl IntoIterator<Item = &'a str>) -> Option<String> {
    terms.into_iter().map(str::to_owned).reduce(|history, term| format!("(merge {history} {term})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn term(event: Value) -> String {
        let mut members = json!({"event_id": "ab".repeat(32), "seq": 7});
        if let (Value::Object(members), Value::Object(more)) = (&mut members, event) {
            members.extend(more);
        }
        Operation::of_event("a", &members).unwrap().term
    }

    #[test]
    fn colours_become_shapes() {
        let fingerprint = "00112233aabbccdd";
        assert_eq!(term(json!({"color": "RED", "fingerprint": fingerprint})), "delta-00112233aabbccdd");
        assert_eq!(
            term(json!({"color": "BLUE", "fingerprint": fingerprint})),
            "(inv delta-00112233aabbccdd)"
        );
        assert_eq!(term(json!({"color": "GREEN", "fingerprint": fingerprint})), "(id)");
        assert_eq!(term(json!({"operation": "delete"})), "(inv delta-abababababababab)");
        assert_eq!(term(json!({"operation": "unheard-of"})), "(id)");
    }

    #[test]
    fn a_dot_comes_from_the_agents_own_clock() {
        let event = json!({"event_id": "e", "seq": 1, "vector_clock": {"a": 4, "b": 9}});
        assert_eq!(Operation::of_event("a", &event).unwrap().operation_id.unwrap(), "a:4");
        assert_eq!(Operation::of_event("c", &event).unwrap().operation_id, None);
        assert!(Operation::of_event("a", &json!({"seq": 1})).is_none());
    }

    #[test]
    fn a_history_joins_from_the_left() {
        assert_eq!(join(["x", "(id)", "y"]).unwrap(), "(merge (merge x (id)) y)");
        assert_eq!(join(["x"]).unwrap(), "x");
        assert_eq!(join([]), None);
    }
}
