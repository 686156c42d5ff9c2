//! Where two histories part. An agent's delta commits to all of its earlier ones, so along an agent the hashes agree up to a
//! place and differ after it; the place is found by dividing. What differs there is the delta itself, or one of its parents,
//! and then the search goes on with that one's agent.

use ramanujan_core::{Digest, DocumentId, Dot};
use ramanujan_crdt::Delta;

use super::context::Context;
use super::interface::Trouble;
use super::peer::Peer;
use super::task::{Heard, Inquiry, Next, Searching, Task};
use crate::evidence::{Evidence, Statement};
use crate::limits::{MAX_DESCENTS, MAX_PROBES, PROBE_PARTS};
use crate::message::{Message, Want};
use crate::pack::{Blob, Pack};
use crate::range::Range;
use crate::store::{Answer, Look, Question, Stored};

pub(super) fn step(context: &mut Context, peer: &mut Peer, mut search: Box<Inquiry>, heard: Heard) -> Next {
    match (search.stage.clone(), heard) {
        (Searching::Parents { delta, claim, .. }, Heard::Start) if delta.parents.is_empty() => {
            unfounded(context, peer, &search.document, &delta, Vec::new(), claim)
        }
        (Searching::Parents { delta, .. }, Heard::Start) => {
            let dots = delta.parents.iter().take(MAX_PROBES).cloned().collect();
            Next::Send(Message::Probe { document: search.document.clone(), dots }, Task::Inquire(search))
        }
        (Searching::Parents { delta, claim, theirs: None }, Heard::Reply(Message::Hashes { hashes })) => {
            let look = look(&search.document, delta.parents.clone());
            search.stage = Searching::Parents { delta, claim, theirs: Some(hashes) };
            Next::Ask(look, Task::Inquire(search))
        }
        (Searching::Parents { delta, claim, theirs: Some(theirs) }, Heard::Answer(Answer::Seen(seen))) => {
            let Some(seen) = seen.into_iter().next() else { return Next::Fail(Trouble::Store) };
            let both = delta.parents.iter().zip(&theirs).zip(&seen.hashes);
            let parted = both.into_iter().find(|((_, theirs), ours)| ours.is_some() && theirs != ours);
            if let Some(((parent, _), _)) = parted {
                search.stage = Searching::parted(parent.clone());
                return descend(context, peer, search, &delta.dot);
            }
            let parents: Option<Vec<Digest>> = seen.hashes.into_iter().collect();
            match parents {
                Some(parents) if theirs.len() == delta.parents.len() => {
                    unfounded(context, peer, &search.document, &delta, parents, claim)
                }
                // A parent is not here after all: nothing can be said of this delta.
                _ => Next::Done(Vec::new()),
            }
        }
        (Searching::Between { high, low, .. }, Heard::Start) => divide(search, high, low),
        (Searching::Between { high, low, asked, theirs: None }, Heard::Reply(Message::Hashes { hashes })) => {
            let look = look(&search.document, asked.clone());
            search.stage = Searching::Between { high, low, asked, theirs: Some(hashes) };
            Next::Ask(look, Task::Inquire(search))
        }
        (
            Searching::Between { high, low, asked, theirs: Some(theirs) },
            Heard::Answer(Answer::Seen(seen)),
        ) => {
            let Some(seen) = seen.into_iter().next() else { return Next::Fail(Trouble::Store) };
            let (mut low, mut high) = (low, high);
            for ((dot, ours), at) in asked.iter().zip(&seen.hashes).zip(0..) {
                // A peer that does not know what its own deltas were made after contradicts itself.
                if theirs.get(at).is_some_and(|theirs| theirs == ours) {
                    low = low.max(dot.seq);
                } else {
                    high = dot.clone();
                    break;
                }
            }
            divide(search, high, low)
        }
        (Searching::Fetch(dot), Heard::Reply(Message::Deltas { packs })) => {
            let document = search.document.clone();
            let Some((theirs, claim)) = fetched(packs, &document, &dot) else {
                // It withholds what its own history needs.
                context.unfit(peer, &document);
                let is_new = context.bar(peer, &document, &dot.agent, dot.seq);
                return again(is_new, &document);
            };
            search.stage = Searching::Compare { theirs, claim };
            Next::Ask(read(&document, &dot), Task::Inquire(search))
        }
        (Searching::Compare { theirs, .. }, Heard::Start) => {
            Next::Ask(read(&search.document, &theirs.dot), Task::Inquire(search))
        }
        (Searching::Compare { theirs, claim }, Heard::Answer(Answer::Read(read))) => {
            let ours = read.into_iter().flatten().next().map(|Stored { pack, .. }| pack.open());
            let Ok(ours) = ours.unwrap_or(Ok(Vec::new())) else { return Next::Fail(Trouble::Store) };
            let ours = ours.into_iter().find(|delta| delta.dot == theirs.dot);
            let Some(ours) = ours else { return Next::Done(Vec::new()) };
            if ours != theirs {
                return equivocation(context, peer, &search.document, &ours, &theirs);
            }
            let Some(claim) = claim else { return Next::Done(Vec::new()) };
            search.stage = Searching::Parents { delta: theirs, claim, theirs: None };
            Next::Done(vec![Task::Inquire(search)])
        }
        (_, Heard::Answer(_)) => Next::Fail(Trouble::Store),
        (_, _) => Next::Fail(Trouble::Malformed),
    }
}

fn look(document: &DocumentId, dots: Vec<Dot>) -> Question {
    Question::Look(vec![Look { document: document.clone(), agents: Vec::new(), dots }])
}

fn want(document: &DocumentId, dot: &Dot) -> Vec<Want> {
    let ranges = vec![Range::new(dot.agent.clone(), dot.seq, dot.seq)];
    vec![Want { document: document.clone(), ranges, hashes: true }]
}

fn read(document: &DocumentId, dot: &Dot) -> Question {
    // One delta comes whatever its size.
    Question::Read { wants: want(document, dot), budget: 0 }
}

/// Goes on with an earlier agent, unless that was done too often.
fn descend(context: &mut Context, peer: &mut Peer, mut search: Box<Inquiry>, from: &Dot) -> Next {
    search.descents += 1;
    if search.descents > MAX_DESCENTS {
        let document = search.document.clone();
        context.unfit(peer, &document);
        context.bar(peer, &document, &from.agent, from.seq);
        return Next::Done(Vec::new());
    }
    Next::Done(vec![Task::Inquire(search)])
}

/// Asks for hashes between a number of an agent that agrees and a later one that does not.
fn divide(mut search: Box<Inquiry>, high: Dot, low: u64) -> Next {
    let between = high.seq.saturating_sub(low + 1);
    if between == 0 {
        search.stage = Searching::Fetch(high.clone());
        let message = Message::Want { wants: want(&search.document, &high), budget: 0 };
        return Next::Send(message, Task::Inquire(search));
    }
    let parts = between.min(PROBE_PARTS);
    let asked: Vec<Dot> = (1..=parts)
        .map(|nth| Dot::new(high.agent.clone(), low + between * nth / parts))
        .filter(|dot| dot.seq > low)
        .collect();
    let message = Message::Probe { document: search.document.clone(), dots: asked.clone() };
    search.stage = Searching::Between { high, low, asked, theirs: None };
    Next::Send(message, Task::Inquire(search))
}

/// The one delta that was fetched, and the hash that is claimed of it.
fn fetched(packs: Vec<Pack>, document: &DocumentId, dot: &Dot) -> Option<(Delta, Option<Digest>)> {
    let pack = packs.into_iter().find(|pack| pack.document == *document)?;
    let delta = pack.open().ok()?.into_iter().find(|delta| delta.dot == *dot)?;
    let claim = pack.claims.iter().find(|(claimed, _)| claimed == dot).map(|(_, hash)| *hash);
    Some((delta, claim))
}

fn statement(site: &crate::SiteId, delta: &Delta) -> Statement {
    Statement { site: site.clone(), delta: Blob(delta.canonical_bytes()) }
}

fn equivocation(
    context: &mut Context,
    peer: &mut Peer,
    document: &DocumentId,
    ours: &Delta,
    theirs: &Delta,
) -> Next {
    let evidence = Evidence::Equivocation {
        document: document.clone(),
        ours: statement(&context.settings.site, ours),
        theirs: statement(&peer.settings.site, theirs),
    };
    let is_new = context.convict(peer, evidence, &theirs.dot);
    again(is_new, document)
}

fn unfounded(
    context: &mut Context,
    peer: &mut Peer,
    document: &DocumentId,
    delta: &Delta,
    parents: Vec<Digest>,
    claimed: Digest,
) -> Next {
    let theirs = statement(&peer.settings.site, delta);
    let evidence = Evidence::Unfounded { document: document.clone(), theirs, parents, claimed };
    if evidence.check().is_ok() {
        let is_new = context.convict(peer, evidence, &delta.dot);
        return again(is_new, document);
    }
    Next::Done(Vec::new())
}

/// What does not follow from the deltas that are barred now can go on.
fn again(is_new: bool, document: &DocumentId) -> Next {
    Next::Done(if is_new { vec![Task::Ask(vec![document.clone()])] } else { Vec::new() })
}
