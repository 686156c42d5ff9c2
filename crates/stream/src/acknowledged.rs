//! What crdt-service says of an operation that it has stored.

use ramanujan_core::{Color, Digest, Dot, Fingerprint, VectorClock};
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_timeline::operation::{Causes, MAX_NAMED};
use serde::Deserialize;

/// What a stream needs of crdt-service's reply.
#[derive(Deserialize)]
pub(crate) struct Stored {
    pub(crate) operation_id: Dot,
    #[serde(default)]
    pub(crate) parents: Vec<Dot>,
    /// What the first of them are.
    #[serde(default)]
    pub(crate) causes: Vec<Cause>,
    #[serde(default)]
    pub(crate) length: Option<u64>,
    pub(crate) digest: Digest,
    pub(crate) fingerprint: Fingerprint,
    /// The version after the operation, where crdt-service tells it: of a document that many agents write to it does not.
    #[serde(default)]
    pub(crate) vector_clock: Option<VectorClock>,
    pub(crate) duplicate: bool,
}

/// What crdt-service says of a parent.
#[derive(Deserialize)]
pub(crate) struct Cause {
    digest: Digest,
    color: Color,
}

impl Stored {
    /// The events that the operation's own came after; `None` if the reply does not say what they are.
    pub(crate) fn event_causes(&self, document: &str) -> Option<Causes> {
        let named = self.parents.iter().zip(&self.causes);
        let all_there = self.causes.len() == self.parents.len().min(MAX_NAMED);
        let named = named.map(|(dot, cause)| (dot, &cause.digest, cause.color));
        all_there.then(|| Causes::of(document, self.parents.len(), named))
    }
}

/// Whether the reply is about the operation that was asked for: it has that agent's dot, and its seq where the request
/// named one; its clock, if there is one, covers the dot, the parents it names, and those that the request named; its
/// fingerprint is that of its digest.
pub(crate) fn is_what_was_asked(asked: &OperationRequest, stored: &Stored) -> bool {
    let Stored { operation_id: dot, parents, vector_clock: clock, .. } = stored;
    let covers = |dot: &Dot| clock.as_ref().is_none_or(|clock| clock.counter(&dot.agent) >= dot.seq);
    dot.agent == asked.agent_id
        && asked.seq.is_none_or(|seq| seq == dot.seq)
        && asked.parents.iter().flatten().all(covers)
        && covers(dot)
        && parents.iter().all(covers)
        && stored.fingerprint == Fingerprint::of(stored.digest.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn verified(change: impl FnOnce(&mut Value)) -> bool {
        let asked: OperationRequest = serde_json::from_value(json!({
            "operation": "insert", "document_id": "d", "agent_id": "ann", "seq": 3, "parents": ["ann:2", "bob:1"]
        }))
        .unwrap();
        let digest = Digest::of(b"what was stored");
        let mut reply = json!({
            "operation_id": "ann:3", "parents": ["ann:2", "bob:1"], "duplicate": false,
            "digest": digest, "fingerprint": Fingerprint::of(digest.as_bytes()),
            "vector_clock": {"ann": 3, "bob": 1, "cat": 9},
        });
        change(&mut reply);
        is_what_was_asked(&asked, &serde_json::from_value(reply).unwrap())
    }

    #[test]
    fn a_reply_about_something_else_is_not_verified() {
        assert!(verified(|_| ()));
        assert!(!verified(|reply| reply["operation_id"] = json!("bob:3")), "another agent");
        assert!(!verified(|reply| reply["operation_id"] = json!("ann:4")), "another seq");
        assert!(!verified(|reply| reply["vector_clock"]["bob"] = json!(0)), "a parent is not covered");
        assert!(!verified(|reply| reply["vector_clock"]["ann"] = json!(2)), "the operation is not covered");
        assert!(!verified(|reply| reply["parents"] = json!(["eve:1"])), "its own parent is not covered");
        assert!(!verified(|reply| reply["fingerprint"] = json!("0123456789abcdef")), "of another digest");
    }
}
