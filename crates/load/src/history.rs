//! What an agent's acknowledged operations on one document amount to, kept for the check at the end.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::Dot;
use ramanujan_crdt::{Delta, Op};
use serde_json::Value;

use crate::mix::Kind;
use crate::operation::{Change, Operation};
use crate::reply::{State, Stored};

/// An element or a member that more than one agent writes begins with this, every other with its agent's name.
pub(crate) const SHARED: &str = "shared";
/// Member of JSON documents that all agents count up and down.
pub(crate) const VISITS: &str = "visits";

/// By kind of document. Elements and members named after an agent are written by that agent only, so what it did last
/// decides; of shared ones only some things are certain.
#[derive(Clone, Debug)]
pub(crate) enum History {
    /// The deltas, each with the size of its causal past: sorting by that is a topological order.
    Text(Vec<(u64, Delta)>),
    Counter {
        plus: u64,
        minus: u64,
    },
    Set {
        own: BTreeMap<String, bool>,
        added: BTreeSet<String>,
        removed: BTreeSet<String>,
    },
    Json {
        own: BTreeMap<String, Option<Value>>,
        visits: i64,
    },
}

impl History {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => History::Text(Vec::new()),
            Kind::Counter => History::Counter { plus: 0, minus: 0 },
            Kind::Set => {
                History::Set { own: BTreeMap::new(), added: BTreeSet::new(), removed: BTreeSet::new() }
            }
            Kind::Json => History::Json { own: BTreeMap::new(), visits: 0 },
        }
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
            History::Text(_) | History::Counter { .. } => {}
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
                let past = stored.vector_clock.iter().map(|(_, seq)| seq).sum();
                deltas.push((past, Delta { dot, parents: stored.parents.clone(), op }));
            }
            (History::Counter { plus, minus }, Change::Count { amount, .. }) => {
                let total = if *amount >= 0 { plus } else { minus };
                *total += amount.unsigned_abs();
            }
            (History::Set { own, added, removed }, Change::Add { element } | Change::Remove { element }) => {
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
