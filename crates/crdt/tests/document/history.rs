//! Random concurrent histories: three people who type, delete, jump about and now and then hear from each other.

use proptest::prelude::*;
use proptest::test_runner::Config;
use ramanujan_core::Dot;
use ramanujan_crdt::text::DocumentError;
use ramanujan_crdt::{Delta, TextDocument, TextError};

pub(crate) const AGENTS: usize = 3;

/// Cases of a law: 10,000, or as many as `RAMANUJAN_LAW_CASES` says.
pub(crate) fn law() -> Config {
    let cases = std::env::var("RAMANUJAN_LAW_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: cases.unwrap_or(10_000), max_shrink_iters: 4_000, ..Config::default() }
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Types where the cursor is.
    Type(String),
    /// Backspace, so many code points at once.
    Erase(u8),
    /// Deletes after the cursor.
    Cut(u8),
    /// Types or deletes elsewhere.
    InsertAt(u16, String),
    DeleteAt(u16, u8),
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Edit(usize, Action),
    /// The second hears everything from the first.
    Sync(usize, usize),
}

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let text = prop_oneof![4 => "[a-c]", 2 => "[a-cé語🎉]{1,3}"];
    let action = prop_oneof![
        4 => text.clone().prop_map(Action::Type),
        2 => (1u8..3).prop_map(Action::Erase),
        2 => (1u8..3).prop_map(Action::Cut),
        2 => (any::<u16>(), text).prop_map(|(at, text)| Action::InsertAt(at, text)),
        1 => (any::<u16>(), 1u8..6).prop_map(|(at, length)| Action::DeleteAt(at, length)),
    ];
    let edit = (0..AGENTS, action).prop_map(|(agent, action)| Step::Edit(agent, action));
    let sync = (0..AGENTS, 0..AGENTS).prop_map(|(from, to)| Step::Sync(from, to));
    prop_oneof![5 => edit, 1 => sync]
}

pub(crate) fn any_history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), 1..24)
}

/// What the three hold at the end.
pub(crate) fn run(history: &[Step]) -> Vec<TextDocument> {
    let mut documents = vec![TextDocument::new(); AGENTS];
    let mut cursors = [0u64; AGENTS];
    for step in history {
        match step {
            Step::Sync(from, to) if from == to => {}
            Step::Sync(from, to) => {
                let other = documents[*from].clone();
                documents[*to].merge(&other).unwrap();
            }
            Step::Edit(agent, action) => edit(*agent, &mut documents[*agent], &mut cursors[*agent], action),
        }
    }
    documents
}

/// Agents whose names are in another order than their numbers.
pub(crate) fn name(agent: usize) -> String {
    ["m", "z", "a"][agent].to_owned()
}

fn edit(agent: usize, document: &mut TextDocument, cursor: &mut u64, action: &Action) {
    let author = document.agent(&name(agent).parse().unwrap());
    let length = document.len_chars().unwrap();
    let at = (*cursor).min(length);
    let (position, count) = match action {
        Action::Type(text) => {
            document.insert(author, at, text).unwrap();
            *cursor = at + text.chars().count() as u64;
            return;
        }
        Action::InsertAt(at, text) => {
            let at = u64::from(*at) % (length + 1);
            document.insert(author, at, text).unwrap();
            *cursor = at + text.chars().count() as u64;
            return;
        }
        Action::Erase(count) => (at.saturating_sub(u64::from(*count)), u64::from(*count).min(at)),
        Action::Cut(count) => (at, u64::from(*count).min(length - at)),
        Action::DeleteAt(at, count) if length > 0 => {
            let at = u64::from(*at) % length;
            (at, u64::from(*count).min(length - at))
        }
        Action::DeleteAt(..) => return,
    };
    if count > 0 {
        document.delete(author, position, count).unwrap();
        *cursor = position;
    }
}

/// The union of what the documents hold.
pub(crate) fn merged(documents: &[TextDocument]) -> TextDocument {
    let mut all = TextDocument::new();
    for document in documents {
        all.merge(document).unwrap();
    }
    all
}

pub(crate) fn deltas(document: &TextDocument) -> Vec<Delta> {
    document.deltas().unwrap().collect()
}

/// Delivers deltas one by one in an order that `picks` chooses: those that come too early come again.
pub(crate) fn deliver(mut pending: Vec<Delta>, picks: &[u16]) -> TextDocument {
    let mut document = TextDocument::new();
    let mut picks = picks.iter().copied().cycle();
    while !pending.is_empty() {
        let index = picks.next().map_or(0, |pick| pick as usize % pending.len());
        let ready = (0..pending.len()).map(|offset| (index + offset) % pending.len()).find(|index| {
            let Delta { dot, parents, op } = &pending[*index];
            match document.push(dot, parents, op) {
                Ok(_) => true,
                Err(DocumentError::Gap(_) | DocumentError::Text(TextError::UnknownParent(_))) => false,
                Err(other) => panic!("{other}"),
            }
        });
        pending.swap_remove(ready.expect("some delta's parents are delivered"));
    }
    document
}

/// Everything that must be equal for equal sets of deltas.
pub(crate) fn face(document: &TextDocument) -> (String, Vec<u8>, Vec<u8>, Vec<Dot>) {
    let mut document = document.clone();
    let state = document.state().unwrap().canonical_bytes();
    (document.text().unwrap(), state, document.encode(), document.heads())
}
