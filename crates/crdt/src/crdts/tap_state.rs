//! TAP state: the phase is an LWW-register by Lamport time and agent; beside it the set of all
//! transitions, which only grows, and the phase that most agents are in.

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Dot, MAX_SAFE_INTEGER, VectorClock};

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, wrong_type};
use super::crdt_type::CrdtType;
use super::event::{Event, Stamp};
use super::op::Op;
use super::show::{described, object};
use crate::codec::{DecodeError, Reader, Writer};
use crate::tap::TapPhase;
use crate::value::Json;

/// Most transitions that the details list, the newest.
pub const MAX_LISTED_TRANSITIONS: usize = 1000;

/// An agent's transition into a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When and whose.
    pub stamp: Stamp,
    /// The phase that it enters.
    pub to: TapPhase,
}

/// The transitions of one agent in order, with their Lamport times. In a diff the first ones are left out.
#[derive(Clone, Debug, Default, PartialEq)]
struct Log {
    left_out: u64,
    transitions: Vec<(u64, TapPhase)>,
}

/// The phase of a document, and how it came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TapState {
    version: VectorClock,
    /// Every operation is a transition: the agent's `n`-th stands at place `n − 1`.
    logs: BTreeMap<AgentId, Log>,
}

impl TapState {
    /// Phase of the newest transition; [`TapPhase::Live`] before the first.
    pub fn phase(&self) -> TapPhase {
        self.latest().max_by(|a, b| a.stamp.cmp(&b.stamp)).map_or(TapPhase::default(), |newest| newest.to)
    }

    /// The phase that the latest transitions of most agents lead to; of several, the one that was entered last.
    pub fn majority(&self) -> TapPhase {
        let latest = in_order(self.latest().collect());
        let votes = |phase: TapPhase| {
            let newest = latest.iter().rposition(|transition| transition.to == phase);
            (latest.iter().filter(|transition| transition.to == phase).count(), newest)
        };
        if latest.is_empty() {
            return TapPhase::default();
        }
        TapPhase::ALL.into_iter().max_by_key(|phase| votes(*phase)).unwrap_or_default()
    }

    /// The latest transition of each agent.
    fn latest(&self) -> impl Iterator<Item = Transition> {
        self.logs.iter().filter_map(|(agent, log)| {
            let (lamport, to) = log.transitions.last()?;
            let seq = log.left_out + log.transitions.len() as u64;
            let stamp = Stamp { lamport: *lamport, dot: Dot::new(agent.clone(), seq) };
            Some(Transition { stamp, to: *to })
        })
    }

    /// Number of all transitions.
    pub fn len(&self) -> usize {
        self.logs.values().map(|log| log.transitions.len()).sum()
    }

    /// Whether there was no transition yet.
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// All transitions, oldest first.
    pub fn history(&self) -> Vec<Transition> {
        let mut all = Vec::with_capacity(self.len());
        for (agent, log) in self.logs.iter() {
            for ((lamport, to), seq) in log.transitions.iter().zip(log.left_out + 1..) {
                let stamp = Stamp { lamport: *lamport, dot: Dot::new(agent.clone(), seq) };
                all.push(Transition { stamp, to: *to });
            }
        }
        in_order(all)
    }
}

/// Oldest first; no two have one stamp.
fn in_order(mut transitions: Vec<Transition>) -> Vec<Transition> {
    transitions.sort_unstable_by(|a, b| a.stamp.cmp(&b.stamp));
    transitions
}

/// The state of a document of this type.
pub(super) type State = TapState;

impl Crdt for TapState {
    const TYPE: CrdtType = CrdtType::TapState;

    fn version(&self) -> &VectorClock {
        &self.version
    }

    fn join(&mut self, other: &Self) {
        self.version.join(&other.version);
        for (agent, theirs) in &other.logs {
            let Some(mine) = self.logs.get_mut(agent) else {
                self.logs.insert(agent.clone(), theirs.clone());
                continue;
            };
            let held = mine.left_out + mine.transitions.len() as u64;
            let new = usize::try_from(held.saturating_sub(theirs.left_out)).unwrap_or(usize::MAX);
            mine.transitions.extend_from_slice(theirs.transitions.get(new..).unwrap_or_default());
        }
    }

    fn diff(&self, since: &VectorClock) -> Diff<Self> {
        let newer = self.logs.iter().filter_map(|(agent, log)| {
            let left_out = since.counter(agent);
            let at = usize::try_from(left_out).ok()?;
            let transitions = log.transitions.get(at..).filter(|newer| !newer.is_empty())?.to_vec();
            Some((agent.clone(), Log { left_out, transitions }))
        });
        let part = TapState { version: self.version.clone(), logs: newer.collect() };
        Diff { since: since.clone(), part }
    }

    fn take_effect(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        let Op::Transition { to } = op else { return Err(wrong_type(Self::TYPE, op)) };
        self.version.raise(&event.dot.agent, event.dot.seq);
        self.logs.entry(event.dot.agent.clone()).or_default().transitions.push((event.lamport(), *to));
        Ok(())
    }

    /// Per agent and transition, the step of its time from the one before, and the phase.
    fn put(&self, writer: &mut Writer) {
        writer.version(&self.version);
        for log in self.logs.values() {
            let mut before = 0;
            for (lamport, to) in &log.transitions {
                // Times of one agent grow; only a forger's do not.
                writer.uint(lamport.saturating_sub(before));
                writer.byte(*to as u8);
                before = *lamport;
            }
        }
    }

    fn value(&self) -> Json {
        self.phase().as_str().into()
    }

    /// The majority and the newest transitions.
    fn details(&self) -> Option<Json> {
        let history = self.history();
        let newest = &history[history.len().saturating_sub(MAX_LISTED_TRANSITIONS)..];
        let entry = |transition: &Transition| {
            let mut entry = described(&transition.stamp);
            if let Json::Map(members) = &mut entry {
                members.insert("phase".into(), transition.to.as_str().into());
            }
            entry
        };
        Some(object([
            ("majority", self.majority().as_str().into()),
            ("transitions", Json::Int(i64::try_from(history.len()).unwrap_or(i64::MAX))),
            ("history", Json::List(newest.iter().map(entry).collect())),
        ]))
    }

    fn difference(_: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
        let phase = to.as_text().and_then(|text| text.parse().ok()).ok_or(CannotRestore::OTHER_KIND)?;
        Ok(vec![Op::Transition { to: phase }])
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.version()?;
        let mut logs = BTreeMap::new();
        for (agent, count) in version.entries().iter() {
            let mut transitions = Vec::new();
            let mut lamport = 0u64;
            for _ in 0..*count {
                let step = reader.safe_uint()?;
                lamport = lamport.saturating_add(step);
                let phase = TapPhase::ALL.get(usize::from(reader.byte()?));
                match phase {
                    Some(to) if step > 0 && lamport <= MAX_SAFE_INTEGER => {
                        transitions.push((lamport, *to));
                    }
                    _ => return Err(DecodeError::Malformed("a transition has no phase or no time")),
                }
            }
            logs.insert(agent.clone(), Log { left_out: 0, transitions });
        }
        Ok(TapState { version, logs })
    }
}
