//! How many bytes a document holds, and by how many an operation makes it grow at most.
//!
//! What is measured are the canonical bytes of the state, whose length tells neither what a value takes in memory nor what
//! reading it costs: a small one takes more of both than its bytes. So each value counts some bytes more, whether it is seen
//! or hidden behind what was written concurrently, and a text what it takes in JSON, where a control character has six bytes.
//! With these, no document takes more than 15 times what it holds while it is read, on a machine of 64 bits; a component has
//! half of them.

use ramanujan_crdt::edit::{Action, Edit, Step};
use ramanujan_crdt::types::{Load, json_bytes};
use ramanujan_crdt::{CrdtType, Json, Op};

use crate::content::Content;

/// Bytes that a value or a key counts beside its own.
const EACH: u64 = 48;
/// The same in a JSON document, where each has a place that others write to.
const EACH_PLACE: u64 = 144;
/// Bytes that a list or a text in a JSON document counts beside what is in it: however short, its order takes more memory than
/// its place.
const EACH_ORDER: u64 = 576;
/// Bytes that a transition counts beside its own; it is kept for good.
const EACH_TRANSITION: u64 = 16;
/// Bytes that a value, a key, an item of a list or a transition adds to a state at most, beside those above and those of
/// its texts: a number, its place, and the dots that say who put it there.
const OWN: u64 = 64;

/// What an operation adds at most; 0 if it only takes away, and of what does not grow with the number of operations.
pub(crate) fn of_op(op: &Op) -> u64 {
    match op {
        Op::Insert { text, .. } => json_bytes(text),
        Op::Add { element: value } | Op::SetLast { value } | Op::SetEach { value } => {
            at_most(value, EACH + OWN, 0)
        }
        Op::Edit(edit) => of_edit(edit),
        Op::Transition { .. } => EACH_TRANSITION + OWN,
        _ => 0,
    }
}

fn of_edit(edit: &Edit) -> u64 {
    let each = EACH_PLACE + OWN;
    let added = match &edit.action {
        Action::Delete {} | Action::DeleteText { .. } => return 0,
        Action::Increment { .. } | Action::Decrement { .. } => each,
        Action::Set { value } => at_most(value, each, EACH_ORDER),
        Action::InsertItem { value, .. } => EACH_ORDER + at_most(value, each, EACH_ORDER),
        Action::InsertText { text, .. } => EACH_ORDER + each + json_bytes(text),
    };
    // A step may make a key and what stands under it.
    let path = edit.path.iter().map(|step| match step {
        Step::Key(key) => EACH_PLACE + each + json_bytes(key),
        Step::Item { .. } => EACH_PLACE + each,
    });
    added + path.sum::<u64>()
}

fn at_most(value: &Json, each: u64, each_order: u64) -> u64 {
    let load = Load::of(value);
    each * load.values + each_order * load.orders + load.json
}

/// What an operation carries with it, also if it takes away.
pub(crate) fn carried_by(op: &Op) -> u64 {
    match op {
        Op::Remove { element } => at_most(element, EACH + OWN, 0),
        op => of_op(op),
    }
}

/// What a document holds.
pub(crate) fn of_content(content: &Content) -> u64 {
    match content {
        Content::Text(text) => json_bytes(text),
        Content::State(state) => {
            // Who wrote is bounded by itself.
            let agents: usize = state.version().iter().map(|(agent, _)| agent.len()).sum();
            let own = state.encode().len().saturating_sub(agents) as u64;
            let load = state.load();
            let more = match state.crdt_type() {
                CrdtType::TapState => EACH_TRANSITION * state.version().total(),
                CrdtType::Json => EACH_PLACE * load.values + EACH_ORDER * load.orders,
                _ => EACH * load.values,
            };
            own + more + (load.json - load.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ramanujan_core::Dot;
    use ramanujan_crdt::types::{Event, Past, State};

    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(Json::Int),
            any::<f64>().prop_filter_map("a number of JSON", Json::number),
            "(.|[\u{0}-\u{20}\"]){0,12}".prop_map(Json::Text),
        ];
        leaf.prop_recursive(4, 40, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Json::List),
                prop::collection::btree_map(".{0,6}", inner, 0..8).prop_map(Json::Map),
            ]
        })
    }

    fn step() -> impl Strategy<Value = Step> {
        "[a-c]".prop_map(Step::Key)
    }

    fn op(crdt_type: CrdtType) -> BoxedStrategy<Op> {
        match crdt_type {
            CrdtType::OrSet => value().prop_map(|element| Op::Add { element }).boxed(),
            CrdtType::LwwRegister => value().prop_map(|value| Op::SetLast { value }).boxed(),
            CrdtType::MvRegister => value().prop_map(|value| Op::SetEach { value }).boxed(),
            CrdtType::TapState => Just(Op::Transition { to: ramanujan_crdt::TapPhase::Live }).boxed(),
            _ => {
                let action = prop_oneof![
                    4 => value().prop_map(|value| Action::Set { value }),
                    1 => (1u64..1_000_000).prop_map(|amount| Action::Decrement { amount }),
                ];
                (prop::collection::vec(step(), 1..5), action)
                    .prop_map(|(path, action)| Op::Edit(Edit { path, action }))
                    .boxed()
            }
        }
    }

    fn history() -> impl Strategy<Value = (CrdtType, Vec<Op>)> {
        use CrdtType::{Json, LwwRegister, MvRegister, OrSet, TapState};
        prop::sample::select(vec![OrSet, LwwRegister, MvRegister, TapState, Json])
            .prop_flat_map(|of| (Just(of), prop::collection::vec(op(of), 1..12)))
    }

    proptest! {
        /// What a document holds is never more than what its operations weigh: else it would grow unseen.
        #[test]
        fn an_operation_adds_no_more_than_it_weighs((crdt_type, ops) in history(), agents in 1u64..4) {
            let mut state = State::new(crdt_type).unwrap();
            let empty = of_content(&Content::State(state.clone().into()));
            let mut weight = 0;
            for (n, op) in (0u64..).zip(&ops) {
                let agent = format!("agent-{}", n % agents).parse().unwrap();
                let dot = Dot::new(agent, n / agents + 1);
                // Concurrent ones of several agents stay beside each other.
                let past = state.version().iter().filter(|(agent, _)| *agent == dot.agent.as_str()).collect();
                if state.apply(&Event { dot: &dot, past: Past::Version(&past) }, op).is_ok() {
                    weight += of_op(op) + 8;
                }
            }
            let (value, details) = state.shown();
            // Of a document's conflicts the values, without their paths.
            let conflicts = details.filter(|_| crdt_type == CrdtType::Json).map(|details| serde_json::json!(details));
            let conflicts = conflicts.as_ref().and_then(|details| details["conflicts"].as_array()).into_iter().flatten();
            let hidden: usize = conflicts.map(|conflict| conflict["values"].to_string().len()).sum();
            let shown = serde_json::to_string(&value).unwrap().len() + hidden;
            let held = of_content(&Content::State(state.into()));
            prop_assert!(held <= empty + weight, "{held} of {weight}: {ops:?}");
            prop_assert!(shown as u64 <= held, "{shown} of {held}: {ops:?}");
        }
    }
}
