//! What was is shown again: the operations that lead from one version of a history to another.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use ramanujan_core::{AgentId, Dot, VectorClock};
use ramanujan_crdt::types::{Event, Past};
use ramanujan_crdt::{CrdtType, Op, State};

use crate::operations;
use crate::world::World;

/// Two versions, the agent that leads from one to the other, and what somebody writes afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    from: prop::sample::Index,
    wanted: prop::sample::Index,
    /// One of those that have written, or one that has not.
    agent: prop::sample::Index,
    seed: u64,
    after: [u8; 5],
}

pub(crate) fn choice() -> impl Strategy<Value = Choice> {
    let index = any::<prop::sample::Index>;
    (index(), index(), index(), any::<u64>(), any::<[u8; 5]>())
        .prop_map(|(from, wanted, agent, seed, after)| Choice { from, wanted, agent, seed, after })
}

/// Applies operations of `agent`, each made on the one before.
fn write(state: &mut State, agent: &AgentId, ops: &[Op]) {
    for op in ops {
        let past = state.version().clone();
        let dot = Dot::new(agent.clone(), past.get(agent.as_str()) + 1);
        state.apply(&Event { dot: &dot, past: Past::Version(&past) }, op).unwrap();
    }
}

/// The operations that lead to what `wanted` shows; `None` if the type has none.
fn way(from: &State, wanted: &State, agent: &AgentId) -> Option<Vec<Op>> {
    match from.lead_to(wanted, agent) {
        Ok(ops) => {
            for op in &ops {
                let is_small = |op: &Op| !matches!(op, Op::Edit(edit) if edit.excess().is_some());
                assert!(op.is_within_limits() && is_small(op), "{op:?}");
            }
            Some(ops)
        }
        Err(error) => {
            let can_fail = [CrdtType::GCounter, CrdtType::MvRegister, CrdtType::MaxRegister];
            assert!(can_fail.contains(&from.crdt_type()), "{error}");
            None
        }
    }
}

pub(crate) fn check(world: &World, choice: &Choice) -> Result<(), TestCaseError> {
    let version = |of: &crate::world::Message| {
        let mut version = of.past.clone();
        version.join(&[(of.dot.agent.as_str(), of.dot.seq)].into_iter().collect());
        version
    };
    let mut versions: Vec<VectorClock> = world.log.iter().map(version).collect();
    versions.extend(world.states.iter().map(|state| state.version().clone()));
    let from = world.rebuilt(choice.from.get(&versions), choice.seed);
    let wanted = world.rebuilt(choice.wanted.get(&versions), choice.seed);
    let agent: AgentId = choice.agent.get(&["a", "b", "c", "e"]).parse().unwrap();
    // A version that is not all below the other: nobody who wrote in both may go on from one alone.
    between(&from, &wanted, &"e".parse().unwrap())?;
    // As it is asked for: from all that there is to a part of it.
    let mut all = from.clone();
    world.states.iter().for_each(|state| all.join(state).unwrap());
    between(&all, &wanted, &agent)?;
    // From what one more operation has made of it.
    let mut edited = wanted.clone();
    let other: AgentId = "f".parse().unwrap();
    write(&mut edited, &other, &[operations::choose(&wanted, world.focus, &choice.after)]);
    between(&edited, &wanted, &agent)
}

fn between(from: &State, wanted: &State, agent: &AgentId) -> Result<(), TestCaseError> {
    prop_assert_eq!(from.lead_to(from, agent), Ok(vec![]), "what is shown is there already");
    let Some(ops) = way(from, wanted, agent) else { return Ok(()) };
    let mut back = from.clone();
    write(&mut back, agent, &ops);
    prop_assert_eq!(back.value(), wanted.value(), "by {:?}", ops);
    prop_assert_eq!(back.lead_to(wanted, agent), Ok(vec![]), "it is back, after {:?}", ops);
    // Somebody who goes on from there is restored once more, with what the restore wrote still known.
    let Some(there) = way(&back, from, agent) else { return Ok(()) };
    write(&mut back, agent, &there);
    prop_assert_eq!(back.value(), from.value(), "there again by {:?}", there);
    let Some(again) = way(&back, wanted, agent) else { return Ok(()) };
    write(&mut back, agent, &again);
    prop_assert_eq!(back.value(), wanted.value(), "and back by {:?}", again);
    Ok(())
}
