//! Comparing all documents: spans are narrowed until the documents that differ are known.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::DocumentId;

use super::context::Context;
use super::interface::Trouble;
use super::peer::Peer;
use super::task::{Comparing, Heard, Next, Reconcile, Repair, Task};
use crate::fold::{Places, Span};
use crate::limits::{FAN_OUT, MAX_DIFFERING, MAX_DOCUMENTS, MAX_SPANS};
use crate::message::{Compared, Cursor, Message};
use crate::store::{Answer, Question};

pub(super) fn step(_: &mut Context, peer: &mut Peer, mut repair: Box<Repair>, heard: Heard) -> Next {
    match (std::mem::take(&mut repair.stage), heard) {
        (_, Heard::Start) => {
            peer.unstick();
            let question = Question::Folds { shared: peer.shared(), places: vec![Places::ALL] };
            Next::Ask(question, Task::Repair(repair))
        }
        (Comparing::Whole, Heard::Answer(Answer::Folds { folds, end })) => {
            let [whole] = folds.as_slice() else { return Next::Fail(Trouble::Store) };
            repair.ours = Some(end);
            if whole.count == 0 && pulls(peer) && peer.cursors.pull.is_none() {
                // Everything is lacking: the feed from its beginning has it without narrowing anything. That is a cursor, so
                // that a round that is cut off goes on there.
                let push = repair.ours.filter(|_| pushes(peer));
                return Next::Done(vec![Task::Commit { pull: Some(Cursor::default()), push }, Task::Pull]);
            }
            repair.queue.push(Span { places: Places::ALL, print: whole.print() });
            compare(peer, repair)
        }
        (Comparing::Peer, Heard::Reply(Message::Differ { spans, next })) => {
            if spans.len() != repair.asked.len() {
                return Next::Fail(Trouble::Malformed);
            }
            repair.theirs.get_or_insert(next);
            let asked = std::mem::take(&mut repair.asked);
            if pushes(peer) && asked.iter().all(|span| span.places == Places::ALL) && is_nothing(&spans) {
                // The same the other way: everything is lacking there.
                peer.suspicious = false;
                let pull = repair.theirs.filter(|_| pulls(peer));
                let offer = Task::Offer { documents: None, next: None, more: false };
                return Next::Done(vec![Task::Commit { pull, push: Some(Cursor::default()) }, offer]);
            }
            let Some(stage) = Comparing::sort(asked.into_iter().zip(spans).collect()) else {
                return Next::Fail(Trouble::Malformed);
            };
            repair.stage = stage;
            let Comparing::Parts { parts, .. } = &repair.stage else { return compare(peer, repair) };
            if parts.is_empty() {
                return list(peer, repair);
            }
            let places = parts.iter().map(|part| part.places).collect();
            Next::Ask(Question::Folds { shared: peer.shared(), places }, Task::Repair(repair))
        }
        (Comparing::Parts { parts, lists }, Heard::Answer(Answer::Folds { folds, .. })) => {
            for (part, fold) in parts.iter().zip(&folds) {
                if fold.print() != part.print {
                    repair.queue.push(Span { places: part.places, print: fold.print() });
                }
            }
            repair.stage = Comparing::Parts { parts: Vec::new(), lists };
            list(peer, repair)
        }
        (Comparing::Lists(theirs), Heard::Answer(Answer::List(ours))) => {
            for ((_, theirs), ours) in theirs.into_iter().zip(ours) {
                repair.found.extend(differing(ours, theirs));
            }
            compare(peer, repair)
        }
        (_, Heard::Answer(_)) => Next::Fail(Trouble::Store),
        (_, Heard::Reply(_)) => Next::Fail(Trouble::Malformed),
    }
}

/// Whether no document is listed.
fn is_nothing(spans: &[Compared]) -> bool {
    spans.iter().all(|span| matches!(span, Compared::Documents(documents) if documents.is_empty()))
}

fn pulls(peer: &Peer) -> bool {
    peer.settings.direction.is_some_and(|direction| direction.pulls())
}

fn pushes(peer: &Peer) -> bool {
    peer.settings.direction.is_some_and(|direction| direction.pushes())
}

/// Documents of two lists that are not equal in both.
fn differing(ours: Vec<(DocumentId, u64)>, theirs: Vec<(DocumentId, u64)>) -> BTreeSet<DocumentId> {
    let mut ours: BTreeMap<DocumentId, u64> = ours.into_iter().collect();
    let mut differ = BTreeSet::new();
    for (document, leaf) in theirs {
        if ours.remove(&document) != Some(leaf) {
            differ.insert(document);
        }
    }
    differ.extend(ours.into_keys());
    differ
}

/// Asks for the own documents of spans that the peer has listed.
fn list(peer: &mut Peer, mut repair: Box<Repair>) -> Next {
    match std::mem::take(&mut repair.stage) {
        Comparing::Parts { lists, .. } if !lists.is_empty() => {
            let places = lists.iter().map(|(places, _)| *places).collect();
            repair.stage = Comparing::Lists(lists);
            Next::Ask(Question::List { shared: peer.shared(), places }, Task::Repair(repair))
        }
        _ => compare(peer, repair),
    }
}

/// Asks the peer about spans that differ; at the end about the documents.
fn compare(peer: &mut Peer, mut repair: Box<Repair>) -> Next {
    if !repair.queue.is_empty() && repair.found.len() < MAX_DIFFERING {
        // Each may become sixteen; the newest first, so that few wait at a time.
        let rest = repair.queue.len().saturating_sub(MAX_SPANS / FAN_OUT as usize);
        repair.asked = repair.queue.split_off(rest);
        repair.stage = Comparing::Peer;
        let message =
            Message::Compare { interest: peer.settings.interest.clone(), spans: repair.asked.clone() };
        return Next::Send(message, Task::Repair(repair));
    }
    let all = repair.queue.is_empty();
    let documents: Vec<DocumentId> = std::mem::take(&mut repair.found).into_iter().collect();
    let mut tasks: Vec<Task> =
        documents.chunks(MAX_DOCUMENTS).map(|chunk| Task::Ask(chunk.to_vec())).collect();
    if all {
        peer.suspicious = false;
        // What goes the other way was not exchanged, so its cursor has nothing to say.
        let pull = repair.theirs.filter(|_| pulls(peer));
        let push = repair.ours.filter(|_| pushes(peer));
        tasks.push(Task::Commit { pull, push });
    } else {
        // The rest, once these are equal.
        tasks.push(Task::Repair(Box::default()));
    }
    Next::Done(tasks)
}

/// Asks how documents are, and takes in and gives what differs.
pub(super) fn ask(peer: &Peer, documents: Vec<DocumentId>, heard: Heard) -> Next {
    match heard {
        Heard::Start => Next::Send(Message::Ask { documents: documents.clone() }, Task::Ask(documents)),
        Heard::Reply(Message::States { changes, more }) => {
            let asked: BTreeSet<&DocumentId> = documents.iter().collect();
            let are_asked = changes.iter().all(|change| change.whole && asked.contains(&change.document));
            if !are_asked || more && changes.is_empty() {
                return Next::Fail(Trouble::Malformed);
            }
            let mut tasks = Vec::new();
            let told: BTreeSet<&DocumentId> = changes.iter().map(|change| &change.document).collect();
            let (documents, rest): (Vec<DocumentId>, Vec<DocumentId>) = match more {
                true => documents.iter().cloned().partition(|document| told.contains(document)),
                false => (documents.clone(), Vec::new()),
            };
            if pulls(peer) && !changes.is_empty() {
                tasks.push(Task::Reconcile(Box::new(Reconcile { changes, ..Reconcile::default() })));
            }
            if pushes(peer) {
                tasks.push(Task::Offer { documents: Some(documents), next: None, more: false });
            }
            if !rest.is_empty() {
                tasks.push(Task::Ask(rest));
            }
            Next::Done(tasks)
        }
        _ => Next::Fail(Trouble::Malformed),
    }
}
