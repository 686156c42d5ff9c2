//! How many bytes a document holds, and by how many an operation makes it grow at most.
//!
//! What is measured are the canonical bytes of the state, whose length tells neither what a value takes in memory nor what
//! reading it costs: a small one takes more of both than its bytes. So each value counts [`EACH`] bytes more.

use ramanujan_crdt::edit::{Action, Edit, Step};
use ramanujan_crdt::{Json, Op};

use crate::content::Content;

/// Bytes that a value counts beside its own.
const EACH: u64 = 32;
/// Bytes that a value, a key or an item of a list adds to a state at most, beside those of its texts: [`EACH`], its
/// place, and the dots that say who put it there.
const MOST_EACH: u64 = 96;
/// Bytes that a transition adds, which is kept for good.
const TRANSITION: u64 = 16;

/// What an operation adds at most; 0 if it only takes away, and of what does not grow with the number of operations.
pub(crate) fn of_op(op: &Op) -> u64 {
    match op {
        Op::Insert { text, .. } => text.len() as u64,
        Op::Add { element: value } | Op::SetLast { value } | Op::SetEach { value } => at_most(value),
        Op::Edit(edit) => of_edit(edit),
        Op::Transition { .. } => TRANSITION,
        _ => 0,
    }
}

fn of_edit(edit: &Edit) -> u64 {
    let added = match &edit.action {
        Action::Delete {} | Action::DeleteText { .. } => return 0,
        Action::Increment { .. } | Action::Decrement { .. } => MOST_EACH,
        Action::Set { value } | Action::InsertItem { value, .. } => at_most(value),
        Action::InsertText { text, .. } => MOST_EACH + text.len() as u64,
    };
    let path = edit.path.iter().map(|step| match step {
        Step::Key(key) => MOST_EACH + key.len() as u64,
        Step::Item { .. } => MOST_EACH,
    });
    added + path.sum::<u64>()
}

fn at_most(value: &Json) -> u64 {
    let (values, texts) = count(value);
    MOST_EACH * values + texts
}

/// What a document holds.
pub(crate) fn of_content(content: &Content) -> u64 {
    match content {
        Content::Text(text) => text.len() as u64,
        Content::State(state) => {
            // Who wrote is bounded by itself.
            let agents: usize = state.version().iter().map(|(agent, _)| agent.len()).sum();
            let own = state.encode().len().saturating_sub(agents);
            own as u64 + EACH * count(&state.value()).0
        }
    }
}

/// How many values there are in a value, itself and its keys included, and the bytes of its texts. Its depth is bounded.
fn count(value: &Json) -> (u64, u64) {
    let add = |(values, texts): (u64, u64), (more, bytes)| (values + more, texts + bytes);
    match value {
        Json::Text(text) => (1, text.len() as u64),
        Json::List(items) => items.iter().map(count).fold((1, 0), add),
        Json::Map(members) => {
            members.iter().map(|(key, value)| add((1, key.len() as u64), count(value))).fold((1, 0), add)
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => (1, 0),
    }
}
