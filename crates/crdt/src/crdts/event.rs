//! Operations in time: what names one, what it was made after, and which of two is the newer.

use std::cmp::Ordering;

use ramanujan_core::{AgentId, Dot, VectorClock};

use crate::codec::{DecodeError, Reader, Writer, malformed};

/// A past of so many times fewer agents than there are entries, or in a version, is looked up in them.
const FEWER: usize = 8;

/// What names an operation and tells what it was made after.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Its name.
    pub dot: &'a Dot,
    /// What lies before it: the parents and all that they were made after. Holds all earlier operations of the agent.
    pub past: Past<'a>,
}

/// What an operation was made after. Agents are sequential, so of each agent it is the first operations, so many.
#[derive(Clone, Copy, Debug)]
pub enum Past<'a> {
    /// This version: the join of the parents' versions.
    Version(&'a VectorClock),
    /// All that the state holds to which the operation comes, so many operations. As a rule it is that, and then no
    /// version need be known, however many agents have ever written.
    Whole {
        /// How many operations that are, of all agents.
        total: u64,
    },
}

impl Past<'_> {
    /// How many operations that are, of all agents.
    pub fn total(&self) -> u64 {
        match self {
            Past::Version(version) => version.total(),
            Past::Whole { total } => *total,
        }
    }

    /// How many of an agent's operations it holds, where the state holds `held`.
    pub(crate) fn counter(&self, agent: &AgentId, held: u64) -> u64 {
        match self {
            Past::Version(version) => version.counter(agent),
            Past::Whole { .. } => held,
        }
    }

    /// Whether it holds the operation `seq` of `agent`, which the state holds.
    pub(crate) fn covers(&self, agent: &AgentId, seq: u64) -> bool {
        self.counter(agent, seq) >= seq
    }

    /// An operation that it holds and `version`, which is the state's, does not.
    pub(crate) fn beyond(&self, version: &VectorClock) -> Option<Dot> {
        let Past::Version(past) = self else { return None };
        // A short past is looked up, however many agents the state knows.
        if past.len() >= version.len() / FEWER && version.includes(past) {
            return None;
        }
        let (agent, seq) = past.entries().iter().find(|(agent, seq)| version.counter(*agent) < **seq)?;
        Some(Dot::new(agent.clone(), *seq))
    }
}

impl Event<'_> {
    /// Lamport time: one more than the number of operations in the past. An operation after another one has it and
    /// all of its past in its own, so its time is larger; and every replica computes the same.
    pub fn lamport(&self) -> u64 {
        self.past.total().saturating_add(1)
    }

    /// Whether the operation was made after the one that `dot` names.
    pub(crate) fn has_seen(&self, dot: &Dot) -> bool {
        self.past.covers(&dot.agent, dot.seq)
    }

    /// Takes out of entries, which are sorted by dot, those that the event has seen and that are to go.
    ///
    /// Whoever writes at the same time as thousands of others has seen few of them: these are looked up then, instead of
    /// asking for each entry whether it was seen.
    pub(crate) fn remove_seen<T>(
        &self,
        entries: &mut Vec<T>,
        dot: impl Fn(&T) -> &Dot,
        goes: impl Fn(&T) -> bool,
    ) {
        let past = match self.past {
            Past::Version(past) if past.len() < entries.len() / FEWER => past,
            _ => return entries.retain(|entry| !goes(entry) || !self.has_seen(dot(entry))),
        };
        for (agent, seq) in past.entries().iter() {
            let start = entries.partition_point(|entry| dot(entry).agent < *agent);
            let seen = |entry: &&T| dot(entry).agent == *agent && dot(entry).seq <= *seq;
            let seen = entries[start..].iter().take_while(seen).count();
            if entries[start..start + seen].iter().any(&goes) {
                let mut left: Vec<T> = entries.drain(start..start + seen).collect();
                left.retain(|entry| !goes(entry));
                entries.splice(start..start, left);
            }
        }
    }

    /// The dot with its time.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { lamport: self.lamport(), dot: self.dot.clone() }
    }
}

/// Whether a version holds the operation that `dot` names.
pub(crate) fn covers(version: &VectorClock, dot: &Dot) -> bool {
    version.counter(&dot.agent) >= dot.seq
}

/// A dot with its Lamport time. Ordered by time, then agent, then seq: total, and an extension of causality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Lamport time of the operation.
    pub lamport: u64,
    /// Name of the operation.
    pub dot: Dot,
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Stamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lamport.cmp(&other.lamport).then_with(|| self.dot.cmp(&other.dot))
    }
}

impl Stamp {
    /// Appends the dot, by the table of the writer's version, and the time.
    pub(crate) fn put(&self, writer: &mut Writer) {
        writer.dot(&self.dot);
        writer.uint(self.lamport);
    }

    /// A stamp that its agent can have had: before its `seq`-th operation there are `seq - 1` at least.
    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let dot = reader.dot()?;
        let lamport = reader.safe_uint()?;
        if lamport < dot.seq {
            return malformed("a time is earlier than its agent's operations allow");
        }
        Ok(Stamp { lamport, dot })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dots(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Dot>> {
        let dot =
            (0u8..40, 1u64..4).prop_map(|(agent, seq)| Dot::new(format!("a{agent}").parse().unwrap(), seq));
        prop::collection::btree_set(dot, count).prop_map(|dots| dots.into_iter().collect())
    }

    proptest! {
        /// Whether few agents are looked up or all entries are asked.
        #[test]
        fn what_was_seen_and_is_to_go_goes(entries in dots(0..80), past in dots(0..12), odd in any::<bool>()) {
            let past: VectorClock = past.iter().map(|dot| (dot.agent.to_string(), dot.seq)).collect();
            let dot = Dot::new("me".parse().unwrap(), 1);
            let event = Event { dot: &dot, past: Past::Version(&past) };
            let goes = |dot: &Dot| odd || dot.seq.is_multiple_of(2);
            let mut left = entries.clone();
            left.retain(|dot| !(goes(dot) && event.has_seen(dot)));
            let mut entries = entries;
            event.remove_seen(&mut entries, |dot| dot, goes);
            prop_assert_eq!(entries, left);
        }

        #[test]
        fn a_past_is_beyond_a_version_that_does_not_include_it(version in dots(0..80), past in dots(0..12)) {
            let [version, past] = [version, past].map(|dots| {
                dots.iter().map(|dot| (dot.agent.to_string(), dot.seq)).collect::<VectorClock>()
            });
            prop_assert_eq!(Past::Version(&past).beyond(&version).is_none(), version.includes(&past));
        }
    }
}
