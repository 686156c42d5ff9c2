//! Operations as the streams take them.

use ramanujan_core::{AgentId, Color, Dot};
use ramanujan_crdt::Op;
use ramanujan_crdt::types::Fields;
use serde_json::{Value, json};

/// What an operation does. Positions and lengths count Unicode code points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// Without a position: at the end of the newest version.
    InsertText {
        position: Option<u64>,
        text: String,
    },
    DeleteText {
        position: u64,
        length: u64,
    },
    /// Of the counter, or of the counter leaf at a path; never 0.
    Count {
        path: Option<Vec<String>>,
        amount: i64,
    },
    Add {
        element: String,
    },
    Remove {
        element: String,
    },
    SetMember {
        path: Vec<String>,
        value: Value,
    },
    DeleteMember {
        path: Vec<String>,
    },
    /// As it is.
    Op(Op),
}

/// An operation with its dot (the agent is the replica's) and the version it refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation {
    pub(crate) seq: u64,
    /// `None`: the heads when it arrives.
    pub(crate) parents: Option<Vec<Dot>>,
    pub(crate) change: Change,
}

impl Operation {
    /// The stream that takes it: RED builds up, BLUE takes back.
    pub(crate) fn color(&self) -> Color {
        match &self.change {
            Change::Op(op) => op.color(),
            Change::InsertText { .. } | Change::Add { .. } | Change::SetMember { .. } => Color::Red,
            Change::Count { amount, .. } if *amount >= 0 => Color::Red,
            Change::DeleteText { .. }
            | Change::Remove { .. }
            | Change::DeleteMember { .. }
            | Change::Count { .. } => Color::Blue,
        }
    }

    /// The body of `POST /stream/<color>/apply`.
    pub(crate) fn to_json(&self, document: &str, agent: &AgentId) -> Value {
        let mut body = match &self.change {
            Change::InsertText { position: Some(position), text } => {
                json!({"operation": "insert", "position": position, "value": text})
            }
            Change::InsertText { position: None, text } => json!({"operation": "insert", "value": text}),
            Change::DeleteText { position, length } => {
                json!({"operation": "delete", "position": position, "length": length})
            }
            Change::Count { path, amount } => {
                let name = if *amount >= 0 { "increment" } else { "decrement" };
                let mut body = json!({"operation": name, "value": amount.unsigned_abs()});
                if let Some(path) = path {
                    body["path"] = json!(path);
                }
                body
            }
            Change::Add { element } => json!({"operation": "add", "value": element}),
            Change::Remove { element } => json!({"operation": "remove", "value": element}),
            Change::SetMember { path, value } => json!({"operation": "set", "path": path, "value": value}),
            Change::DeleteMember { path } => json!({"operation": "delete", "path": path}),
            Change::Op(op) => {
                let Fields { position, length, value, edit } = op.clone().into_fields();
                let mut body = json!({"operation": op.name(), "crdt_type": op.crdt_type()});
                let fields = [
                    ("position", position.map(|position| json!(position))),
                    ("length", length.map(|length| json!(length))),
                    ("value", value.map(|value| json!(value))),
                    ("edit", edit.map(|edit| json!(edit))),
                ];
                for (name, field) in fields {
                    if let Some(field) = field {
                        body[name] = field;
                    }
                }
                body
            }
        };
        body["document_id"] = json!(document);
        body["agent_id"] = json!(agent);
        body["seq"] = json!(self.seq);
        if let Some(parents) = &self.parents {
            body["parents"] = json!(parents);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_on_the_wire() {
        let agent: AgentId = "a".parse().unwrap();
        let json = |change, parents| Operation { seq: 2, parents, change }.to_json("d", &agent);
        assert_eq!(
            json(Change::DeleteText { position: 3, length: 1 }, Some(vec![Dot::new(agent.clone(), 1)])),
            json!({"operation": "delete", "position": 3, "length": 1, "document_id": "d", "agent_id": "a",
                   "seq": 2, "parents": ["a:1"]})
        );
        assert_eq!(
            json(Change::Count { path: None, amount: -4 }, None),
            json!({"operation": "decrement", "value": 4, "document_id": "d", "agent_id": "a", "seq": 2})
        );
        assert_eq!(
            json(Change::Op(Op::Grow { amount: 3 }), None),
            json!({"operation": "increment", "crdt_type": "g-counter", "value": 3, "document_id": "d",
                   "agent_id": "a", "seq": 2})
        );
        assert_eq!(
            json(Change::Count { path: Some(vec!["x".into()]), amount: 1 }, None)["path"],
            json!(["x"])
        );
    }

    #[test]
    fn colours_are_those_the_streams_take() {
        let color = |change| Operation { seq: 1, parents: None, change }.color();
        assert_eq!(color(Change::Count { path: None, amount: 1 }), Color::Red);
        assert_eq!(color(Change::Count { path: None, amount: -1 }), Color::Blue);
        assert_eq!(color(Change::Op(Op::Disable {})), Color::Blue);
        assert_eq!(color(Change::Add { element: "x".into() }), Color::Red);
        assert_eq!(color(Change::DeleteMember { path: vec!["x".into()] }), Color::Blue);
    }
}
