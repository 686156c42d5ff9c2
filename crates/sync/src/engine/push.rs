//! Giving to a peer: what is new here is offered, what it wants of it is given.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{AgentId, Digest, DocumentId};

use super::context::Context;
use super::interface::{Event, Trouble};
use super::peer::Peer;
use super::task::{Heard, Next, Task};
use crate::change::Change;
use crate::evidence::Evidence;
use crate::limits::{MAX_DOCUMENTS, MAX_FREEZES};
use crate::message::{Cursor, Message, Outcome, Want};
use crate::pack::Pack;
use crate::range::Range;
use crate::store::{Answer, Question, Stored};

pub(super) fn offer(
    context: &mut Context,
    peer: &mut Peer,
    documents: Option<Vec<DocumentId>>,
    next: Option<Cursor>,
    more: bool,
    heard: Heard,
) -> Next {
    match heard {
        Heard::Start => {
            let question = match &documents {
                Some(documents) => Question::States(documents.clone()),
                None => Question::Feed {
                    after: peer.cursors.push.clone().unwrap_or_default(),
                    shared: peer.shared(),
                    most: MAX_DOCUMENTS,
                    budget: context.settings.budget,
                },
            };
            Next::Ask(question, Task::Offer { documents, next, more })
        }
        Heard::Answer(Answer::Feed { mut changes, next, more }) => {
            // What came from there a moment ago is new in this feed too.
            changes.retain(|change| !peer.has_said(change));
            if changes.is_empty() {
                // The other side is not interested in what there is up to here; a feed that does not advance ends.
                let goes_on = more && peer.cursors.push.as_ref() != Some(&next);
                let mut tasks = vec![Task::Commit { pull: None, push: Some(next) }];
                if goes_on {
                    tasks.push(Task::Offer { documents: None, next: None, more: false });
                }
                return Next::Done(tasks);
            }
            Next::Send(Message::Offer { changes }, Task::Offer { documents, next: Some(next), more })
        }
        Heard::Answer(Answer::States { changes, rest: others }) => {
            let shared = peer.shared();
            let changes: Vec<Change> = changes
                .into_iter()
                .filter(|change| shared.holds(&change.document) && !peer.has_said(change))
                .collect();
            let (changes, rest) = Change::split(changes, context.settings.budget);
            let mut rest: Vec<DocumentId> = rest.into_iter().map(|change| change.document).collect();
            rest.extend(others);
            if changes.is_empty() {
                let again = Task::Offer { documents: Some(rest.clone()), next: None, more: false };
                return Next::Done(if rest.is_empty() { Vec::new() } else { vec![again] });
            }
            let more = !rest.is_empty();
            Next::Send(Message::Offer { changes }, Task::Offer { documents: Some(rest), next: None, more })
        }
        Heard::Answer(Answer::Stale) => {
            context.event(Event::Stale { site: peer.settings.site.clone() });
            peer.cursors.push = None;
            Next::Done(vec![Task::Repair(Box::default())])
        }
        Heard::Reply(Message::Wanted { wants, freezes }) => {
            let mut tasks = Vec::new();
            if !wants.is_empty() {
                tasks.push(Task::Give { wants, rest: Vec::new() });
            }
            let shared = peer.shared();
            let freezes = freezes.into_iter().filter(|document| shared.holds(document));
            tasks.extend(freezes.map(|document| Task::GiveFreezes { document, after: None, more: false }));
            if next.is_some() {
                tasks.push(Task::Commit { pull: None, push: next.clone() });
            }
            // A feed that does not advance would be offered for ever.
            if more && (documents.is_some() || next != peer.cursors.push) {
                tasks.push(Task::Offer { documents, next: None, more: false });
            }
            Next::Done(tasks)
        }
        Heard::Answer(_) => Next::Fail(Trouble::Store),
        Heard::Reply(_) => Next::Fail(Trouble::Malformed),
    }
}

pub(super) fn give(
    context: &mut Context,
    peer: &Peer,
    wants: Vec<Want>,
    rest: Vec<Want>,
    heard: Heard,
) -> Next {
    match heard {
        Heard::Start => {
            let shared = peer.shared();
            let wants: Vec<Want> = wants.into_iter().filter(|want| shared.holds(&want.document)).collect();
            if wants.is_empty() {
                return Next::Done(Vec::new());
            }
            let question = Question::Read { wants: wants.clone(), budget: context.settings.budget };
            Next::Ask(question, Task::Give { wants, rest })
        }
        Heard::Answer(Answer::Read(read)) => {
            let (packs, rest) = packs(&wants, read);
            if packs.is_empty() {
                return Next::Done(Vec::new());
            }
            // One for each pack, as the outcomes are.
            let given: BTreeSet<&DocumentId> = packs.iter().map(|pack| &pack.document).collect();
            let wants = wants.into_iter().filter(|want| given.contains(&want.document)).collect();
            Next::Send(Message::Give { packs }, Task::Give { wants, rest })
        }
        Heard::Reply(Message::Taken { outcomes }) => {
            // It keeps what it has against a document to itself, and gets no more of that one; what it lacks will be compared.
            let refused = wants.iter().zip(&outcomes).filter(|(_, outcome)| **outcome != Outcome::Taken);
            let refused: BTreeSet<DocumentId> = refused.map(|(want, _)| want.document.clone()).collect();
            let mut rest = rest;
            rest.retain(|want| !refused.contains(&want.document));
            Next::Done(match rest.is_empty() {
                true => Vec::new(),
                false => vec![Task::Give { wants: rest, rest: Vec::new() }],
            })
        }
        Heard::Answer(_) => Next::Fail(Trouble::Store),
        Heard::Reply(_) => Next::Fail(Trouble::Malformed),
    }
}

pub(super) fn give_freezes(document: DocumentId, after: Option<Digest>, more: bool, heard: Heard) -> Next {
    match heard {
        Heard::Start => {
            let question = Question::Freezes { document: document.clone(), after, most: MAX_FREEZES };
            Next::Ask(question, Task::GiveFreezes { document, after, more })
        }
        Heard::Answer(Answer::Freezes { freezes, more }) => {
            let Some(last) = freezes.last().map(|freeze| freeze.id(&document)) else {
                return Next::Done(Vec::new());
            };
            let message = Message::GiveFreezes { document: document.clone(), freezes };
            Next::Send(message, Task::GiveFreezes { document, after: Some(last), more })
        }
        Heard::Reply(Message::Taken { .. }) if more => {
            Next::Done(vec![Task::GiveFreezes { document, after, more: false }])
        }
        Heard::Reply(Message::Taken { .. }) => Next::Done(Vec::new()),
        Heard::Answer(_) => Next::Fail(Trouble::Store),
        Heard::Reply(_) => Next::Fail(Trouble::Malformed),
    }
}

/// Packs of what was read, and what was wanted and not read.
pub(super) fn packs(wants: &[Want], read: Vec<Option<Stored>>) -> (Vec<Pack>, Vec<Want>) {
    let (mut packs, mut rest) = (Vec::new(), Vec::new());
    for (want, read) in wants.iter().zip(read) {
        let stored = match read {
            Some(stored) if !stored.ranges.is_empty() => stored,
            _ => {
                rest.push(want.clone());
                continue;
            }
        };
        let read: BTreeMap<&AgentId, u64> =
            stored.ranges.iter().map(|range| (&range.agent, range.to)).collect();
        let left = |range: &Range| {
            let from = read.get(&range.agent).map_or(range.from, |newest| newest + 1);
            (from <= range.to).then(|| Range::new(range.agent.clone(), from, range.to))
        };
        let ranges: Vec<Range> = want.ranges.iter().filter_map(left).collect();
        if !ranges.is_empty() {
            rest.push(Want { document: want.document.clone(), ranges, hashes: want.hashes });
        }
        packs.push(stored.pack);
    }
    (packs, rest)
}

pub(super) fn accuse(evidence: Evidence, heard: Heard) -> Next {
    match heard {
        Heard::Start => Next::Send(Message::Accuse { evidence: evidence.clone() }, Task::Accuse(evidence)),
        Heard::Reply(Message::Taken { .. }) => Next::Done(Vec::new()),
        _ => Next::Fail(Trouble::Malformed),
    }
}
