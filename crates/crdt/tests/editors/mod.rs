//! Agents that edit JSON documents, each its own copy.

use ramanujan_core::{AgentId, Dot};
use ramanujan_crdt::request::{Change, EditRequest, PathStep};
use ramanujan_crdt::types::{Crdt, EditError, Event, JsonDocument, Past};
use ramanujan_crdt::{Json, Op};

/// An agent with its copy of the document.
#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) agent: AgentId,
    pub(crate) document: JsonDocument,
}

impl Replica {
    pub(crate) fn new(agent: &str) -> Self {
        Replica { agent: agent.parse().unwrap(), document: JsonDocument::default() }
    }

    pub(crate) fn fork(&self, agent: &str) -> Self {
        Replica { agent: agent.parse().unwrap(), ..self.clone() }
    }

    /// Makes the agent's next operation of this.
    pub(crate) fn take(&mut self, op: &Op) {
        let past = self.document.version().clone();
        let dot = Dot::new(self.agent.clone(), past.get(self.agent.as_str()) + 1);
        self.document.apply(&Event { dot: &dot, past: Past::Version(&past) }, op).unwrap();
    }

    pub(crate) fn edit(&mut self, path: &[PathStep], change: Change) -> Result<(), EditError> {
        let edit = self.document.resolve(&EditRequest { path: path.to_vec(), change })?;
        self.take(&Op::Edit(edit));
        Ok(())
    }

    pub(crate) fn with(mut self, path: &[PathStep], change: Change) -> Self {
        self.edit(path, change).unwrap();
        self
    }

    pub(crate) fn join(mut self, other: &Replica) -> Self {
        self.document.join(&other.document);
        self
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(&self.document.value()).unwrap()
    }
}

pub(crate) fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}
