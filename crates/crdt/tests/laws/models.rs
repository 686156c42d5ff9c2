//! What each type means: its value as a function of the operations and of who had seen what.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use ramanujan_core::Dot;
use ramanujan_crdt::value::Number;
use ramanujan_crdt::{CrdtType, Json, Op, State, TapPhase};

use crate::json_model;
use crate::world::{Message, World};

pub(crate) fn check(world: &World) -> Result<(), TestCaseError> {
    for state in &world.states {
        let log: Vec<&Message> = world.log.iter().filter(|message| message.is_in(state.version())).collect();
        prop_assert_eq!(state.value(), expected(world.crdt_type, &log));
        if let State::TapState(tap) = state {
            prop_assert_eq!(tap.majority(), majority(&log));
            let history: BTreeSet<Dot> = tap.history().into_iter().map(|t| t.stamp.dot).collect();
            prop_assert_eq!(history, log.iter().map(|message| message.dot.clone()).collect::<BTreeSet<_>>());
        }
        if let State::Json(document) = state {
            prop_assert_eq!(document.conflicts().len(), json_model::conflicts(&log));
        }
    }
    Ok(())
}

fn expected(crdt_type: CrdtType, log: &[&Message]) -> Json {
    match crdt_type {
        CrdtType::GCounter | CrdtType::PnCounter => {
            Json::int(log.iter().map(|m| amount(&m.op)).sum()).unwrap()
        }
        CrdtType::OrSet => Json::List(elements(log).into_iter().collect()),
        CrdtType::LwwRegister => newest(log).map_or(Json::Null, |message| written(message).cloned().unwrap()),
        CrdtType::MvRegister => {
            let replaced = |message: &&&Message| log.iter().any(|later| later.has_seen(message));
            let values: BTreeSet<Json> =
                log.iter().filter(|m| !replaced(m)).filter_map(|m| written(m).cloned()).collect();
            Json::List(values.into_iter().collect())
        }
        CrdtType::TapState => newest(log).map_or(TapPhase::Live, phase).as_str().into(),
        CrdtType::Json => json_model::value(log),
        CrdtType::MaxRegister => greatest(log).map_or(Json::Null, Number::to_json),
        CrdtType::EwFlag => Json::Bool(is_on(log)),
        CrdtType::Text => panic!("text has no state"),
    }
}

fn amount(op: &Op) -> i128 {
    match op {
        Op::Grow { amount } | Op::Increment { amount } => i128::from(*amount),
        Op::Decrement { amount } => -i128::from(*amount),
        other => panic!("{other:?} counts nothing"),
    }
}

/// Elements with an addition that no removal has seen.
fn elements(log: &[&Message]) -> BTreeSet<Json> {
    let mut live = BTreeSet::new();
    for message in log {
        if let Op::Add { element } = &message.op {
            let removes = |later: &&&Message| {
                matches!(&later.op, Op::Remove { element: removed } if removed == element)
                    && later.has_seen(message)
            };
            if !log.iter().any(|later| removes(&later)) {
                live.insert(element.clone());
            }
        }
    }
    live
}

pub(crate) fn lamport(message: &Message) -> (u64, Dot) {
    (message.past.iter().map(|(_, seq)| seq).sum::<u64>() + 1, message.dot.clone())
}

fn newest<'a>(log: &[&'a Message]) -> Option<&'a Message> {
    log.iter().copied().max_by_key(|message| lamport(message))
}

fn written(message: &Message) -> Option<&Json> {
    match &message.op {
        Op::SetLast { value } | Op::SetEach { value } => Some(value),
        _ => None,
    }
}

fn greatest(log: &[&Message]) -> Option<Number> {
    let raised = |message: &&Message| match message.op {
        Op::Raise { value } => Some(value),
        _ => None,
    };
    log.iter().filter_map(raised).max()
}

/// Whether there is an enabling that no disabling has seen.
fn is_on(log: &[&Message]) -> bool {
    let undoes = |later: &Message, earlier: &Message| later.op == Op::Disable {} && later.has_seen(earlier);
    let stays =
        |message: &&Message| message.op == Op::Enable {} && !log.iter().any(|later| undoes(later, message));
    log.iter().any(stays)
}

fn phase(message: &Message) -> TapPhase {
    match message.op {
        Op::Transition { to } => to,
        _ => panic!("no transition"),
    }
}

fn majority(log: &[&Message]) -> TapPhase {
    let mut latest: BTreeMap<&str, &Message> = BTreeMap::new();
    for message in log {
        let known = latest.entry(message.dot.agent.as_str()).or_insert(message);
        if known.dot.seq < message.dot.seq {
            *known = message;
        }
    }
    let votes = |wanted: TapPhase| latest.values().filter(|message| phase(message) == wanted).count();
    let most = TapPhase::ALL.into_iter().map(votes).max().unwrap_or(0);
    let tied: Vec<&Message> =
        latest.values().copied().filter(|message| votes(phase(message)) == most).collect();
    newest(&tied).map_or(TapPhase::Live, phase)
}
