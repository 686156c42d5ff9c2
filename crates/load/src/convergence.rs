//! The check at the end: every agent reads every document, all see the same, and it is what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_client::Error;
use ramanujan_core::VectorClock;
use ramanujan_crdt::{Delta, TextGraph};
use serde::Serialize;
use serde_json::Value;

use crate::history::{History, SHARED, VISITS};
use crate::mix::Kind;
use crate::replica::Replica;
use crate::reply::State;

/// What the check found out. Anything but empty lists (apart from `undecided`) is a fault of the network.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Convergence {
    pub(crate) documents: usize,
    pub(crate) readers: usize,
    /// Operations that are stored according to the documents' clocks.
    pub(crate) operations: u64,
    /// Documents that two agents see differently.
    pub(crate) diverged: Vec<String>,
    /// Acknowledged operations that a document does not have, and operations it has that nobody sent.
    pub(crate) lost: Vec<String>,
    /// Documents whose value is not what the acknowledged operations make of it.
    pub(crate) wrong: Vec<String>,
    /// Documents that could not be read.
    pub(crate) unread: Vec<String>,
    /// Documents of which only the clock could be checked, with the reason.
    pub(crate) undecided: Vec<String>,
}

impl Convergence {
    pub(crate) fn is_ok(&self) -> bool {
        [&self.diverged, &self.lost, &self.wrong, &self.unread].into_iter().all(Vec::is_empty)
    }

    /// Checks one document: what each agent reads, what it was before the load, each agent's replica of it.
    pub(crate) fn check(
        &mut self,
        reads: &[Result<Option<State>, Error>],
        before: Option<&State>,
        replicas: &[&Replica],
    ) {
        let Some(name) = replicas.first().map(|replica| replica.document()) else { return };
        self.documents += 1;
        self.readers = self.readers.max(reads.len());
        let mut states = Vec::with_capacity(reads.len());
        for read in reads {
            match read {
                Ok(state) => states.push(state.as_ref()),
                Err(error) => {
                    self.unread.push(format!("{name}: {}", error.summary()));
                    return;
                }
            }
        }
        let seen: BTreeSet<_> =
            states.iter().map(|state| state.map(|state| (&state.fingerprint, &state.digest))).collect();
        if seen.len() > 1 {
            self.diverged.push(format!("{name}: {} different states", seen.len()));
            return;
        }
        let Some(state) = states.first().copied().flatten() else {
            // Nobody wrote to it, or what was written is gone.
            let missing = replicas.iter().filter(|replica| replica.acknowledged() > 0);
            self.lost.extend(missing.map(|replica| format!("{name}: everything of {}", replica.agent())));
            return;
        };
        self.operations += state.vector_clock.iter().map(|(_, seq)| seq).sum::<u64>();
        let held = self.lost.len();
        for replica in replicas {
            let (has, sent) = (state.vector_clock.get(replica.agent().as_str()), replica.acknowledged());
            let open = u64::from(replica.pending().is_some());
            if !(sent..=sent + open).contains(&has) {
                self.lost.push(format!("{name}: {} of {sent} operations of {}", has, replica.agent()));
            }
        }
        if self.lost.len() > held {
            return;
        }
        if let Some(reason) = undecidable(state, before, replicas) {
            self.undecided.push(format!("{name}: {reason}"));
            return;
        }
        if let Some(fault) = wrong_value(state, before, replicas) {
            self.wrong.push(format!("{name}: {fault}"));
        }
    }
}

/// Why the value says nothing about the load's operations.
fn undecidable(state: &State, before: Option<&State>, replicas: &[&Replica]) -> Option<String> {
    if replicas.iter().any(|replica| replica.pending().is_some()) {
        return Some("an operation's outcome is unknown".into());
    }
    let others = |clock: &VectorClock| -> BTreeMap<String, u64> {
        let ours: BTreeSet<&str> = replicas.iter().map(|replica| replica.agent().as_str()).collect();
        clock.iter().filter(|(agent, _)| !ours.contains(agent)).map(|(a, seq)| (a.to_owned(), seq)).collect()
    };
    if others(&state.vector_clock) != before.map(|state| others(&state.vector_clock)).unwrap_or_default() {
        return Some("other agents wrote to it, too".into());
    }
    let is_text = replicas.first().is_some_and(|replica| replica.kind() == Kind::Text);
    (is_text && before.is_some()).then(|| "it existed before, and its operations are not known here".into())
}

/// What is wrong with the value, as far as the agents' histories decide it.
fn wrong_value(state: &State, before: Option<&State>, replicas: &[&Replica]) -> Option<String> {
    match replicas.first()?.kind() {
        Kind::Text => wrong_text(state, replicas),
        Kind::Counter => {
            let start = before.and_then(|state| state.value.as_i64()).unwrap_or(0);
            let counted = replicas.iter().map(|replica| match replica.history() {
                History::Counter { plus, minus } => i128::from(*plus) - i128::from(*minus),
                _ => 0,
            });
            differs(&state.value, i128::from(start) + counted.sum::<i128>())
        }
        Kind::Set => wrong_set(state, before, replicas),
        Kind::Json => wrong_json(state, before, replicas),
        Kind::Other(_) => None,
    }
}

fn differs(value: &Value, expected: i128) -> Option<String> {
    let equal = value.as_i64().is_some_and(|value| i128::from(value) == expected);
    (!equal).then(|| format!("the value is {value}, acknowledged operations add up to {expected}"))
}

/// Replays every acknowledged operation.
fn wrong_text(state: &State, replicas: &[&Replica]) -> Option<String> {
    let mut histories: Vec<&[Delta]> = Vec::new();
    for replica in replicas {
        if let History::Text(own) = replica.history() {
            histories.push(own);
        }
    }
    let mut graph = TextGraph::new();
    // Each agent's are in order; between agents, a delta waits for its parents.
    let mut is_new = true;
    while is_new {
        is_new = false;
        for history in &mut histories {
            while let [delta, rest @ ..] = *history
                && delta.parents.iter().all(|parent| graph.contains(parent))
            {
                if let Err(error) = graph.push(&delta.dot, &delta.parents, &delta.op) {
                    return Some(format!("{} was acknowledged, but does not fit: {error}", delta.dot));
                }
                (*history, is_new) = (rest, true);
            }
        }
    }
    if let Some(delta) = histories.iter().find_map(|history| history.first()) {
        return Some(format!("{} was acknowledged, but names parents that were not", delta.dot));
    }
    match graph.text() {
        Ok(text) if state.value.as_str() == Some(&text) => None,
        Ok(_) => Some("the text is not what the acknowledged operations make".into()),
        Err(error) => Some(format!("the acknowledged operations cannot be merged: {error}")),
    }
}

fn wrong_set(state: &State, before: Option<&State>, replicas: &[&Replica]) -> Option<String> {
    let elements = |state: &State| -> BTreeSet<String> {
        let elements = state.value.as_array().into_iter().flatten();
        elements.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (now, earlier) = (elements(state), before.map(elements).unwrap_or_default());
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    for replica in replicas {
        let History::Set { own, added: adds, removed: removes, .. } = replica.history() else { continue };
        for (element, present) in own {
            if now.contains(element) != *present {
                let did = if *present { "added" } else { "removed" };
                return Some(format!("{} {did} {element} last, the set does not show it", replica.agent()));
            }
        }
        added.extend(adds);
        removed.extend(removes);
    }
    let shared = |element: &&String| element.starts_with(SHARED);
    let gone = added.iter().find(|element| !removed.contains(*element) && !now.contains(**element));
    if let Some(element) = gone {
        return Some(format!("{element} was added and never removed, but is not there"));
    }
    let strange = now.iter().filter(shared).find(|e| !added.contains(e) && !earlier.contains(*e));
    strange.map(|element| format!("{element} is there, but was never added"))
}

fn wrong_json(state: &State, before: Option<&State>, replicas: &[&Replica]) -> Option<String> {
    let mut counted = before.and_then(|state| state.value[VISITS].as_i64()).map_or(0, i128::from);
    for replica in replicas {
        let History::Json { own, visits } = replica.history() else { continue };
        counted += i128::from(*visits);
        for (name, value) in own {
            if state.value.get(name) != value.as_ref() {
                return Some(format!("{name} is not what {} left", replica.agent()));
            }
        }
    }
    match state.value.get(VISITS) {
        None if counted == 0 => None,
        None => Some(format!("{VISITS} is missing, acknowledged operations add up to {counted}")),
        Some(value) => differs(value, counted),
    }
}

#[cfg(test)]
#[path = "convergence_tests.rs"]
mod tests;
