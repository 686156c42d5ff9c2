//! One operation as the streams take it: an insertion for RED or a deletion for BLUE, with its dot and its parents.

use ramanujan_core::{AgentId, Color};
use serde_json::{Value, json};

/// A dot by replica number: the `seq`-th operation (from 1) of the session's `replica`-th replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    pub replica: u32,
    pub seq: u32,
}

/// What an operation does; positions and lengths in Unicode code points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Insert { position: u64, text: String },
    Delete { position: u64, length: u64 },
}

/// An operation of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub mark: Mark,
    /// The latest operations its position refers to, none of them in the past of another.
    pub parents: Vec<Mark>,
    pub edit: Edit,
}

impl Operation {
    /// The stream that takes it.
    pub fn color(&self) -> Color {
        match self.edit {
            Edit::Insert { .. } => Color::Red,
            Edit::Delete { .. } => Color::Blue,
        }
    }

    /// Upper bound of the operation's size in JSON, in bytes, apart from its identifiers.
    pub fn size(&self) -> usize {
        // Names of the members, numbers, and per parent a sequence number with punctuation.
        const FRAME: usize = 200;
        const PER_PARENT: usize = 24;
        let text = match &self.edit {
            // serde_json escapes control characters as six bytes, quotes and backslashes as two, nothing else.
            Edit::Insert { text, .. } => text
                .bytes()
                .map(|byte| match byte {
                    0..=0x1f => 6,
                    b'"' | b'\\' => 2,
                    _ => 1,
                })
                .sum(),
            Edit::Delete { .. } => 0,
        };
        FRAME + PER_PARENT * self.parents.len() + text
    }

    /// The operation as `POST /stream/<color>/apply` takes it. `names` has one name per replica.
    pub fn to_json(&self, document: &str, names: &[AgentId]) -> Value {
        let dot = |mark: &Mark| format!("{}:{}", names[mark.replica as usize], mark.seq);
        let mut value = json!({
            "crdt_type": "text",
            "document_id": document,
            "agent_id": names[self.mark.replica as usize],
            "seq": self.mark.seq,
            "parents": self.parents.iter().map(dot).collect::<Vec<_>>(),
        });
        match &self.edit {
            Edit::Insert { position, text } => {
                value["operation"] = json!("insert");
                value["position"] = json!(position);
                value["value"] = json!(text);
            }
            Edit::Delete { position, length } => {
                value["operation"] = json!("delete");
                value["position"] = json!(position);
                value["length"] = json!(length);
            }
        }
        value
    }
}
