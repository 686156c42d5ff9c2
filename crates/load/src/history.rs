//! What an agent's acknowledged operations on one document amount to, kept for the check at the end.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::Dot;
use ramanujan_crdt::{Delta, Op};
use serde_json::{Value, json};

use crate::mix::Kind;
use crate::operation::{Change, Operation};
use crate::reply::{State, Stored};

/// An element or a member that more than one agent writes begins with this, every other with its agent's name.
pub(crate) const SHARED: &str = "shared";
/// Most deltas of the agent's own in the remote state of a merge.
const MERGED_DELTAS: usize = 16;

/// Member of JSON documents that all agents count up and down.
pub(crate) const VISITS: &str = "visits";

/// By kind of document. Elements and members named after an agent are written by that agent only, so what it did last
/// decides; of shared ones only some things are certain.
#[derive(Clone, Debug)]
pub(crate) enum History {
    Text(Vec<Delta>),
    Counter {
        plus: u64,
        minus: u64,
    },
    Set {
        own: BTreeMap<String, bool>,
        added: BTreeSet<String>,
        removed: BTreeSet<String>,
        /// The newest operations with their parents.
        recent: Vec<(Dot, Vec<Dot>, Change)>,
    },
    Json {
        own: BTreeMap<String, Option<Value>>,
        visits: i64,
    },
    /// Not kept: what the operations make depends on what each had seen.
    Other,
}

impl History {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => History::Text(Vec::new()),
            Kind::Counter => History::Counter { plus: 0, minus: 0 },
            Kind::Set => {
                let recent = Vec::with_capacity(MERGED_DELTAS);
                History::Set {
                    own: BTreeMap::new(),
                    added: BTreeSet::new(),
                    removed: BTreeSet::new(),
                    recent,
                }
            }
            Kind::Json => History::Json { own: BTreeMap::new(), visits: 0 },
            Kind::Other(_) => History::Other,
        }
    }

    /// The newest of the agent's operations as a state that `POST /crdt/merge` takes; `None` if there are none, and for
    /// JSON, whose operations the network names in its own way.
    pub(crate) fn as_remote_state(&self, agent: &str) -> Option<Value> {
        let record = |dot: &Dot, name: &str, parents: &[Dot]| json!({"agent_id": dot.agent, "seq": dot.seq, "operation": name, "parents": parents});
        let records: Vec<Value> = match self {
            History::Text(deltas) => deltas[deltas.len().saturating_sub(MERGED_DELTAS)..]
                .iter()
                .map(|delta| {
                    let mut record = record(&delta.dot, delta.op.name(), &delta.parents);
                    match &delta.op {
                        Op::Insert { position, text } => {
                            record["position"] = json!(position);
                            record["value"] = json!(text);
                        }
                        Op::Delete { position, length } => {
                            record["position"] = json!(position);
                            record["length"] = json!(length);
                        }
                        _ => {}
                    }
                    record
                })
                .collect(),
            History::Set { recent, .. } => recent
                .iter()
                .filter_map(|(dot, parents, change)| {
                    let (name, element) = match change {
                        Change::Add { element } => ("add", element),
                        Change::Remove { element } => ("remove", element),
                        _ => return None,
                    };
                    let mut record = record(dot, name, parents);
                    record["value"] = json!(element);
                    Some(record)
                })
                .collect(),
            History::Counter { plus, minus } if plus + minus > 0 => {
                return Some(json!({"totals": {agent: {"p": plus, "n": minus}}}));
            }
            History::Counter { .. } | History::Json { .. } | History::Other => return None,
        };
        (!records.is_empty()).then(|| json!({"deltas": records}))
    }

    /// Takes over what `agent` did in an earlier run.
    pub(crate) fn adopt(&mut self, agent: &str, state: &State) {
        let is_own = |name: &str| name.strip_prefix(agent).is_some_and(|rest| rest.starts_with('.'));
        match self {
            History::Set { own, .. } => {
                let elements = state.value.as_array().into_iter().flatten().filter_map(Value::as_str);
                own.extend(elements.filter(|name| is_own(name)).map(|name| (name.to_owned(), true)));
            }
            History::Json { own, .. } => {
                let members = state.value.as_object().into_iter().flatten();
                own.extend(
                    members.filter(|(name, _)| is_own(name)).map(|(k, v)| (k.clone(), Some(v.clone()))),
                );
            }
            History::Text(_) | History::Counter { .. } | History::Other => {}
        }
    }

    /// Adds an acknowledged operation of the agent with this dot.
    pub(crate) fn add(&mut self, dot: Dot, operation: &Operation, stored: &Stored) {
        match (self, &operation.change) {
            (History::Text(deltas), change) => {
                let op = match change {
                    Change::InsertText { position, text } => {
                        let end = || stored.length.unwrap_or(0).saturating_sub(text.chars().count() as u64);
                        Op::Insert { position: position.unwrap_or_else(end), text: text.clone() }
                    }
                    Change::DeleteText { position, length } => {
                        Op::Delete { position: *position, length: *length }
                    }
                    _ => return,
                };
                deltas.push(Delta { dot, parents: stored.parents.clone(), op });
            }
            (History::Counter { plus, minus }, Change::Count { amount, .. }) => {
                let total = if *amount >= 0 { plus } else { minus };
                *total += amount.unsigned_abs();
            }
            (
                History::Set { own, added, removed, recent },
                Change::Add { element } | Change::Remove { element },
            ) => {
                if recent.len() == MERGED_DELTAS {
                    recent.remove(0);
                }
                recent.push((dot, stored.parents.clone(), operation.change.clone()));
                let adds = matches!(operation.change, Change::Add { .. });
                if !element.starts_with(SHARED) {
                    own.insert(element.clone(), adds);
                } else if adds {
                    added.insert(element.clone());
                } else {
                    removed.insert(element.clone());
                }
            }
            (History::Json { own, .. }, Change::SetMember { path, value }) => {
                if let Some(name) = path.first().filter(|name| !name.starts_with(SHARED)) {
                    own.insert(name.clone(), Some(value.clone()));
                }
            }
            (History::Json { own, .. }, Change::DeleteMember { path }) => {
                if let Some(name) = path.first().filter(|name| !name.starts_with(SHARED)) {
                    own.insert(name.clone(), None);
                }
            }
            (History::Json { visits, .. }, Change::Count { amount, .. }) => *visits += amount,
            _ => {}
        }
    }
}
