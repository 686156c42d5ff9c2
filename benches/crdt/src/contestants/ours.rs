//! ramanujan-crdt: `TextDocument`.

use ramanujan_core::{AgentId, VectorClock};
use ramanujan_crdt::TextDocument;
use ramanujan_crdt::text::{Agent, TextEdit};
use ramanujan_replay::operation::{Edit, Mark};

use super::{Contestant, Failure};
use crate::table::OURS;
use crate::trace::Trace;

pub(crate) struct Ours {
    pub(crate) document: TextDocument,
    agent: Agent,
}

fn name(replica: usize) -> Result<AgentId, Failure> {
    Ok(replica.to_string().parse()?)
}

impl Contestant for Ours {
    const NAME: &'static str = OURS;
    type Version = VectorClock;

    fn new(replica: usize) -> Result<Self, Failure> {
        let mut document = TextDocument::new();
        let agent = document.agent(&name(replica)?);
        Ok(Ours { document, agent })
    }

    fn insert(&mut self, position: usize, text: &str) -> Result<(), Failure> {
        self.document.insert(self.agent, position as u64, text)?;
        Ok(())
    }

    fn delete(&mut self, position: usize, length: usize) -> Result<(), Failure> {
        self.document.delete(self.agent, position as u64, length as u64)?;
        Ok(())
    }

    fn text(&mut self) -> Result<String, Failure> {
        Ok(self.document.text()?)
    }

    fn version(&mut self) -> VectorClock {
        self.document.version()
    }

    fn known_by(&mut self, other: &mut Self) -> Result<VectorClock, Failure> {
        Ok(other.document.version())
    }

    fn diff(&mut self, since: &VectorClock) -> Result<Vec<u8>, Failure> {
        Ok(self.document.diff(since)?)
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.document.apply_encoded(bytes)?;
        Ok(())
    }

    fn history(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.document.encode())
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Some(self.document.snapshot()?))
    }

    fn load(bytes: &[u8]) -> Result<Self, Failure> {
        let mut document = TextDocument::load(bytes)?;
        let agent = document.agent(&"loader".parse()?);
        Ok(Ours { document, agent })
    }

    fn copy(&mut self) -> Result<Self, Failure> {
        Ok(Ours { document: self.document.clone(), agent: self.agent })
    }

    fn push_all(trace: &Trace) -> Result<Option<Self>, Failure> {
        let mut ours = Self::new(0)?;
        let agents: Vec<Agent> = (0..trace.replicas)
            .map(|replica| Ok(ours.document.agent(&name(replica)?)))
            .collect::<Result<_, Failure>>()?;
        let mut parents: Vec<(Agent, u64)> = Vec::new();
        for operation in &trace.operations {
            parents.clear();
            let named = |mark: &Mark| (agents[mark.replica as usize], u64::from(mark.seq));
            parents.extend(operation.parents.iter().map(named));
            let edit = match &operation.edit {
                Edit::Insert { position, text } => TextEdit::Insert { position: *position, text },
                Edit::Delete { position, length } => {
                    TextEdit::Delete { position: *position, length: *length }
                }
            };
            ours.document.push_next(agents[operation.mark.replica as usize], &parents, edit)?;
        }
        Ok(Some(ours))
    }
}
