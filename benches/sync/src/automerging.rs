//! automerge's own sync protocol between two documents: messages are encoded, counted and decoded.

use std::collections::HashSet;

use automerge::sync::{Message, State, SyncDoc};
use automerge::{AutoCommit, ChangeHash};

use crate::contestants::Failure;

/// Both sides say all that they have to say; returns the bytes of all messages.
pub(crate) fn exchange(
    one: &mut AutoCommit,
    other: &mut AutoCommit,
    shared: &[ChangeHash],
) -> Result<u64, Failure> {
    // As a state comes back from a disk: it knows the heads that both had when they last spoke.
    let state = || State { shared_heads: shared.to_vec(), ..State::new() };
    let (mut ours, mut theirs) = (state(), state());
    let mut bytes = 0;
    loop {
        let question = one.sync().generate_sync_message(&mut ours).map(Message::encode);
        if let Some(message) = &question {
            bytes += message.len() as u64;
            other.sync().receive_sync_message(&mut theirs, Message::decode(message)?)?;
        }
        let answer = other.sync().generate_sync_message(&mut theirs).map(Message::encode);
        if let Some(message) = &answer {
            bytes += message.len() as u64;
            one.sync().receive_sync_message(&mut ours, Message::decode(message)?)?;
        }
        if question.is_none() && answer.is_none() {
            return Ok(bytes);
        }
    }
}

/// Heads of what both have.
pub(crate) fn shared_heads(one: &mut AutoCommit, other: &mut AutoCommit) -> Vec<ChangeHash> {
    let theirs: HashSet<ChangeHash> = other.get_changes(&[]).iter().map(|change| change.hash()).collect();
    let mut heads = HashSet::new();
    for change in one.get_changes(&[]) {
        if theirs.contains(&change.hash()) {
            change.deps().iter().for_each(|parent| _ = heads.remove(parent));
            heads.insert(change.hash());
        }
    }
    let mut heads: Vec<ChangeHash> = heads.into_iter().collect();
    heads.sort();
    heads
}
