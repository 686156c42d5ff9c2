//! Many operations on one set: those elements that they touch are changed beside it, and put into it at the end in one
//! pass. One after the other, each new element would move all that follow it.

use std::collections::BTreeMap;

use ramanujan_core::{Dot, VectorClock};

use super::{OrSet, SlotDot};
use crate::crdts::crdt::{ApplyError, Crdt, check, wrong_type};
use crate::crdts::event::Event;
use crate::crdts::op::Op;
use crate::value::Json;

/// Elements that are put into the set one by one, since a pass over all would take longer.
const FEW: usize = 4;

/// A set to which operations are applied; it shows them when this is dropped.
#[derive(Debug)]
pub(crate) struct Touched<'a> {
    set: &'a mut OrSet<Json>,
    /// The dots of each element that an operation was about, as they are now; sorted.
    dots: BTreeMap<Json, Vec<Dot>>,
}

impl<'a> Touched<'a> {
    pub(crate) fn new(set: &'a mut OrSet<Json>) -> Self {
        Touched { set, dots: BTreeMap::new() }
    }

    /// Which operations the set holds, with those applied here.
    pub(crate) fn version(&self) -> &VectorClock {
        &self.set.version
    }

    /// As [`Crdt::apply`].
    pub(crate) fn apply(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        if !check(&self.set.version, event)? {
            return Ok(());
        }
        let (element, adds) = match op {
            Op::Add { element } => (element, true),
            Op::Remove { element } => (element, false),
            _ => return Err(wrong_type(OrSet::<Json>::TYPE, op)),
        };
        let dot = event.dot;
        self.set.count_in(&dot.agent, dot.seq);
        let keep = |dots: &mut Vec<Dot>| {
            event.remove_seen(dots, |dot| dot, |_| true);
            if adds {
                let place = dots.partition_point(|other| other < dot);
                dots.insert(place, dot.clone());
            }
        };
        match self.dots.get_mut(element) {
            Some(dots) => keep(dots),
            None => {
                let mut dots = self.set.dots_of(element);
                keep(&mut dots);
                self.dots.insert(element.clone(), dots);
            }
        }
        Ok(())
    }
}

impl Drop for Touched<'_> {
    fn drop(&mut self) {
        self.set.replace_all(std::mem::take(&mut self.dots));
    }
}

impl OrSet<Json> {
    /// The dots of an element, sorted; none if it is not in the set.
    fn dots_of(&self, element: &Json) -> Vec<Dot> {
        let Ok(at) = self.elements.binary_search(element) else { return Vec::new() };
        let actors = self.version.entries().actors();
        let dot = |dot: &SlotDot| Dot::new(actors[dot.actor as usize].clone(), dot.seq);
        self.dots[self.range(at)].iter().map(dot).collect()
    }

    /// Gives each of these elements the dots that it has now; without any it leaves.
    fn replace_all(&mut self, touched: BTreeMap<Json, Vec<Dot>>) {
        if touched.len() <= FEW {
            for (element, dots) in touched {
                let dots = self.slots(&dots);
                match self.elements.binary_search(&element) {
                    Ok(at) => self.replace(at, &dots),
                    Err(at) => self.insert(at, element, &dots),
                }
            }
            return;
        }
        let room = self.elements.len() + touched.len();
        let ends = std::mem::take(&mut self.ends);
        let dots = std::mem::take(&mut self.dots);
        let elements = std::mem::replace(&mut self.elements, Vec::with_capacity(room));
        self.dots.reserve(dots.len().max(room));
        let mut touched = touched.into_iter().peekable();
        let mut start = 0;
        for (at, element) in elements.into_iter().enumerate() {
            while let Some((new, dots)) = touched.next_if(|(new, _)| *new < element) {
                self.push(new, &dots);
            }
            let end = ends.get(at).map_or(at + 1, |end| *end as usize);
            match touched.next_if(|(same, _)| *same == element) {
                Some((_, dots)) => self.push(element, &dots),
                None => {
                    self.elements.push(element);
                    self.dots.extend_from_slice(&dots[start..end]);
                    self.close();
                }
            }
            start = end;
        }
        touched.for_each(|(new, dots)| self.push(new, &dots));
        self.settle();
    }

    /// Adds an element after all others, if it has dots.
    fn push(&mut self, element: Json, dots: &[Dot]) {
        if !dots.is_empty() {
            self.elements.push(element);
            let dots = self.slots(dots);
            self.dots.extend(dots);
            self.close();
        }
    }

    /// Adds an element at its place, if it has dots.
    fn insert(&mut self, at: usize, element: Json, dots: &[SlotDot]) {
        let Some((first, more)) = dots.split_first() else { return };
        self.insert_one(at, element, *first);
        if !more.is_empty() {
            self.replace(at, dots);
        }
    }

    /// Dots by the places of their agents in the version, which counts them all.
    fn slots(&self, dots: &[Dot]) -> Vec<SlotDot> {
        let slot = |dot: &Dot| {
            let (Ok(at) | Err(at)) = self.version.entries().position(&dot.agent);
            SlotDot { actor: at as u32, seq: dot.seq }
        };
        dots.iter().map(slot).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ramanujan_core::AgentId;

    use super::*;
    use crate::crdts::event::Past;

    /// An operation: who, whether it adds, what, and how many of the operations of each agent it has seen at most.
    type Step = (usize, bool, i64, [u64; 3]);

    fn any_steps() -> impl Strategy<Value = Vec<Step>> {
        let seen = [0u64..12, 0u64..12, 0u64..12];
        prop::collection::vec((0usize..3, prop::bool::weighted(0.7), 0i64..12, seen), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The set is the same as if each had been applied by itself, wherever one begins and ends to apply together.
        #[test]
        fn together_is_one_after_the_other(steps in any_steps(), cuts in prop::collection::vec(1usize..12, 1..12)) {
            let agents: Vec<AgentId> = ["m", "b", "z"].map(|name| name.parse().unwrap()).to_vec();
            let (mut single, mut many) = (OrSet::<Json>::default(), OrSet::<Json>::default());
            let mut rest = &steps[..];
            let mut cuts = cuts.iter().cycle();
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                rest = later;
                let mut touched = Touched::new(&mut many);
                for (agent, adds, element, seen) in now {
                    let own = single.version.counter(&agents[*agent]);
                    let mut past = VectorClock::new();
                    for (other, seen) in agents.iter().zip(seen) {
                        past.observe(other.as_str(), single.version.counter(other).min(*seen));
                    }
                    past.raise(&agents[*agent], own);
                    let dot = Dot::new(agents[*agent].clone(), own + 1);
                    let element = Json::Int(*element);
                    let op = if *adds { Op::Add { element } } else { Op::Remove { element } };
                    let event = Event { dot: &dot, past: Past::Version(&past) };
                    prop_assert_eq!(touched.apply(&event, &op), single.apply(&event, &op));
                    prop_assert_eq!(touched.apply(&event, &op), Ok(()));
                    prop_assert_eq!(touched.version(), &single.version);
                }
                drop(touched);
                prop_assert_eq!(&many, &single);
            }
        }
    }
}
