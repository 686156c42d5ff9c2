//! ramanujan-crdt: `TextDocument`.

use ramanujan_core::{AgentId, Dot, VectorClock};
use ramanujan_crdt::text::Agent;
use ramanujan_crdt::{Op, TextDocument};
use ramanujan_replay::operation::{Edit, Mark};

use super::{Contestant, Failure};
use crate::table::OURS;
use crate::trace::Trace;

pub(crate) struct Ours {
    document: TextDocument,
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
        let names: Vec<AgentId> = (0..trace.replicas).map(name).collect::<Result<_, _>>()?;
        let dot = |mark: &Mark| Dot::new(names[mark.replica as usize].clone(), u64::from(mark.seq));
        let mut ours = Self::new(0)?;
        for operation in &trace.operations {
            let parents: Vec<Dot> = operation.parents.iter().map(dot).collect();
            let op = match &operation.edit {
                Edit::Insert { position, text } => Op::Insert { position: *position, text: text.clone() },
                Edit::Delete { position, length } => Op::Delete { position: *position, length: *length },
            };
            ours.document.push(&dot(&operation.mark), &parents, &op)?;
        }
        Ok(Some(ours))
    }
}
