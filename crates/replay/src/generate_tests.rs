//! Generated sessions are what they claim: reproducible, readable, and hard enough to be worth replaying.

use std::collections::HashSet;

use super::*;

fn options(agents: usize, self_concurrent: bool) -> Options {
    Options { seed: 7, transactions: 600, agents, non_ascii: true, self_concurrent }
}

/// Applies a chain of transactions to a plain list of characters.
fn apply(recording: &Recording) -> String {
    let mut text: Vec<char> = Vec::new();
    for patch in recording.transactions.iter().flat_map(|t| &t.patches) {
        let start = patch.position as usize;
        text.splice(start..start + patch.deleted as usize, patch.inserted.chars());
    }
    text.into_iter().collect()
}

#[test]
fn a_sequential_session_ends_with_what_plain_editing_gives() {
    let mut seen_several = false;
    for seed in 0..20 {
        let recording = session(&Options { seed, ..options(1, false) });
        assert_eq!(apply(&recording), recording.end_content, "seed {seed}");
        assert!(recording.to_sequential_json().is_some());
        seen_several |= recording.end_content.chars().count() > 100;
    }
    assert!(seen_several);
}

#[test]
fn the_same_options_give_the_same_session_and_others_another() {
    assert_eq!(session(&options(3, true)), session(&options(3, true)));
    assert_ne!(session(&options(3, true)), session(&Options { seed: 8, ..options(3, true) }));
}

#[test]
fn sessions_are_readable_recordings() {
    for (agents, twice) in [(1, false), (2, false), (3, true)] {
        let recording = session(&options(agents, twice));
        let text = recording.to_json().to_string();
        assert_eq!(Recording::from_json(text.as_bytes()).unwrap(), recording);
    }
}

#[test]
fn concurrent_sessions_have_what_makes_them_hard() {
    let recording = session(&options(3, true));
    let merges = recording.transactions.iter().filter(|t| t.parents.len() > 1).count();
    let empty = recording.transactions.iter().filter(|t| t.patches.is_empty()).count();
    let several = recording.transactions.iter().filter(|t| t.patches.len() > 1).count();
    let both = recording
        .transactions
        .iter()
        .flat_map(|t| &t.patches)
        .filter(|p| p.deleted > 0 && !p.inserted.is_empty())
        .count();
    let children: HashSet<_> = recording.transactions.iter().flat_map(|t| &t.parents).collect();
    let open = recording.transactions.len() - children.len();
    assert!(merges > 20 && empty > 10 && several > 10 && both > 10, "{merges} {empty} {several} {both}");
    assert!(open > 1, "ends on several branches");
    assert!(recording.end_content.chars().any(|c| c as u32 > 0xffff));
}
