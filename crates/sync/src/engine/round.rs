//! The steady state: hello, what is new, marks and freezes.

use ramanujan_core::{Digest, DocumentId};

use super::context::Context;
use super::interface::{Event, Trouble};
use super::peer::Peer;
use super::task::{Heard, Next, Reconcile, Repair, Task};
use crate::limits::{MAX_FREEZES, OLDEST_VERSION, VERSION};
use crate::message::{Cursor, Message};
use crate::store::{Answer, Question};

/// The tasks of a round.
pub(super) fn begin(peer: &Peer, repair_every: u64) -> Vec<Task> {
    let Some(direction) = peer.settings.direction else { return Vec::new() };
    let lost =
        direction.pulls() && peer.cursors.pull.is_none() || direction.pushes() && peer.cursors.push.is_none();
    let due = peer.rounds > 0 && peer.rounds.is_multiple_of(repair_every.max(1));
    let mut tasks = Vec::new();
    // Now and then, because a peer may have become interested in other documents.
    if peer.greeted.is_none() || due {
        tasks.push(Task::Greet);
    }
    if lost || due || peer.suspicious {
        tasks.push(Task::Repair(Box::default()));
        return tasks;
    }
    if direction.pulls() {
        tasks.push(Task::Pull);
    }
    if direction.pushes() {
        tasks.push(Task::Offer { documents: None, next: None, more: false });
    }
    tasks
}

pub(super) fn greet(context: &Context, peer: &mut Peer, heard: Heard) -> Next {
    match heard {
        Heard::Start => {
            let hello = Message::Hello {
                oldest: OLDEST_VERSION,
                newest: VERSION,
                manifest: context.settings.manifest.clone(),
                interest: peer.settings.interest.clone(),
            };
            Next::Send(hello, Task::Greet)
        }
        Heard::Reply(Message::Welcome { version, manifest, interest })
            if (OLDEST_VERSION..=VERSION).contains(&version) =>
        {
            peer.greeted = Some((manifest, interest));
            Next::Done(Vec::new())
        }
        _ => Next::Fail(Trouble::Malformed),
    }
}

pub(super) fn pull(context: &mut Context, peer: &mut Peer, heard: Heard) -> Next {
    match heard {
        Heard::Start => {
            let after = peer.cursors.pull.clone().unwrap_or_default();
            let interest = peer.settings.interest.clone();
            Next::Send(Message::Pull { after, interest, budget: context.settings.budget }, Task::Pull)
        }
        Heard::Reply(Message::Changes { changes, next, more }) => {
            let mut tasks = Vec::new();
            // A feed that does not advance would be asked for ever.
            let goes_on = more && peer.cursors.pull.as_ref() != Some(&next);
            if !changes.is_empty() {
                tasks.push(Task::Reconcile(Box::new(Reconcile { changes, ..Reconcile::default() })));
            }
            tasks.push(Task::Commit { pull: Some(next), push: None });
            if goes_on {
                tasks.push(Task::Pull);
            }
            Next::Done(tasks)
        }
        Heard::Reply(Message::Stale) => {
            context.event(Event::Stale { site: peer.settings.site.clone() });
            peer.cursors.pull = None;
            Next::Done(vec![Task::Repair(Box::<Repair>::default())])
        }
        _ => Next::Fail(Trouble::Malformed),
    }
}

pub(super) fn commit(
    context: &mut Context,
    peer: &mut Peer,
    pull: Option<Cursor>,
    push: Option<Cursor>,
) -> Next {
    let mut cursors = peer.cursors.clone();
    cursors.pull = pull.or(cursors.pull);
    cursors.push = push.or(cursors.push);
    if cursors != peer.cursors {
        peer.cursors = cursors.clone();
        context.event(Event::Cursors { site: peer.settings.site.clone(), cursors });
    }
    Next::Done(Vec::new())
}

pub(super) fn mark(marks: Vec<(DocumentId, u64)>, heard: Heard) -> Next {
    match heard {
        Heard::Start => Next::Ask(Question::Mark(marks.clone()), Task::Mark(marks)),
        Heard::Answer(Answer::Done) => Next::Done(Vec::new()),
        _ => Next::Fail(Trouble::Store),
    }
}

pub(super) fn freezes(document: DocumentId, after: Option<Digest>, more: bool, heard: Heard) -> Next {
    match heard {
        Heard::Start => {
            let message = Message::Frozen { document: document.clone(), after };
            Next::Send(message, Task::Freezes { document, after, more: false })
        }
        Heard::Reply(Message::Freezes { freezes, more }) if freezes.len() <= MAX_FREEZES => {
            let ids: Vec<Digest> = freezes.iter().map(|freeze| freeze.id(&document)).collect();
            let rises =
                ids.is_sorted_by(|one, other| one < other) && ids.first().is_none_or(|id| Some(*id) > after);
            let Some(last) = ids.last().copied().filter(|_| rises) else {
                return if ids.is_empty() { Next::Done(Vec::new()) } else { Next::Fail(Trouble::Malformed) };
            };
            let question = Question::Freeze { document: document.clone(), freezes };
            Next::Ask(question, Task::Freezes { document, after: Some(last), more })
        }
        Heard::Answer(Answer::Done) if more => {
            Next::Done(vec![Task::Freezes { document, after, more: false }])
        }
        Heard::Answer(Answer::Done) => Next::Done(Vec::new()),
        Heard::Answer(_) => Next::Fail(Trouble::Store),
        Heard::Reply(_) => Next::Fail(Trouble::Malformed),
    }
}
