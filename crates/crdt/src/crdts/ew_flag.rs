//! Enable-wins flag (as in Riak): on as long as there is an enabling that no disabling has seen.
//!
//! The state holds those enablings by their dots, as an OR-set of one element would, but without the element. There are
//! no two phases and no tombstones: a flag goes on and off as often as anybody likes, and its state is never more than
//! a version and one dot per agent, because an agent's enabling has seen its earlier ones and stands for them.

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, VectorClock};

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use super::crdt_type::CrdtType;
use super::event::{Event, Past};
use super::op::Op;
use crate::codec::{DecodeError, Reader, Writer, malformed};
use crate::value::Json;

/// A switch whose enabling wins over a concurrent disabling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EwFlag {
    version: VectorClock,
    /// By agent the number of its enabling that no disabling has seen.
    enablings: BTreeMap<AgentId, u64>,
}

impl EwFlag {
    /// Whether the flag is on; off at first.
    pub fn is_on(&self) -> bool {
        !self.enablings.is_empty()
    }
}

/// The state of a document of this type.
pub(super) type State = EwFlag;

impl Crdt for EwFlag {
    const TYPE: CrdtType = CrdtType::EwFlag;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    /// An enabling stays if both sides hold it, or if one does that the other has not seen.
    fn join(&mut self, other: &Self) {
        self.enablings.retain(|agent, seq| {
            other.enablings.get(agent) == Some(seq) || *seq > other.version.counter(agent)
        });
        for (agent, seq) in &other.enablings {
            if *seq > self.version.counter(agent) {
                self.enablings.insert(agent.clone(), *seq);
            }
        }
        self.version.join(&other.version);
    }

    /// Enablings known already stay, or they would count as disabled.
    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        Diff { since: since.clone(), part: self.clone() }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let enables = match op {
            Op::Enable {} => true,
            Op::Disable {} => false,
            _ => return Err(wrong_type(Self::TYPE, op)),
        };
        self.version.raise(&event.dot.agent, event.dot.seq);
        match event.past {
            // Of thousands who enabled it at the same time it may have seen few.
            Past::Version(past) if past.len() < self.enablings.len() => {
                for (agent, seq) in past.entries().iter() {
                    if self.enablings.get(agent).is_some_and(|enabled| enabled <= seq) {
                        self.enablings.remove(agent);
                    }
                }
            }
            past => self.enablings.retain(|agent, seq| !past.covers(agent, *seq)),
        }
        if enables {
            self.enablings.insert(event.dot.agent.clone(), event.dot.seq);
        }
        Ok(())
    }

    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        writer.uint(self.enablings.len() as u64);
        for (agent, seq) in &self.enablings {
            writer.agent(agent);
            writer.uint(*seq);
        }
    }

    fn value(&self) -> Json {
        Json::Bool(self.is_on())
    }

    fn difference(_: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        match to {
            Json::Bool(true) => Ok(vec![Op::Enable {}]),
            Json::Bool(false) => Ok(vec![Op::Disable {}]),
            _ => Err(CannotRestore::OTHER_KIND),
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        let mut enablings: BTreeMap<AgentId, u64> = BTreeMap::new();
        for _ in 0..reader.count()? {
            let dot = reader.dot()?;
            if enablings.last_key_value().is_some_and(|(last, _)| *last >= dot.agent) {
                return malformed("enablings are not sorted by agent");
            }
            enablings.insert(dot.agent, dot.seq);
        }
        Ok(EwFlag { version, enablings })
    }
}
