//! From changes to stored deltas: look what is lacking, fetch it, check it, store it, look again.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use ramanujan_crdt::{CrdtType, Delta};

use super::context::Context;
use super::interface::Trouble;
use super::peer::Peer;
use super::task::{Heard, Inquiry, Next, Opened, Reconcile, Searching, Taking, Task};
use crate::change::Change;
use crate::limits::MAX_DOCUMENTS;
use crate::message::{Message, Want};
use crate::pack::{Blob, Pack, claims};
use crate::range::{Range, lacking};
use crate::store::{Answer, Look, Question, Seen};
use crate::verify::{self, Checking};

pub(super) fn step(context: &mut Context, peer: &mut Peer, mut all: Box<Reconcile>, heard: Heard) -> Next {
    match (std::mem::take(&mut all.stage), heard) {
        (_, Heard::Start) => look(peer, all),
        (Taking::Look, Heard::Answer(Answer::Seen(seen))) if seen.len() == all.changes.len() => {
            fetch(context, peer, all, seen)
        }
        (Taking::Fetch, Heard::Reply(Message::Deltas { packs })) => {
            let Some(opened) = open(peer, packs) else { return Next::Fail(Trouble::Malformed) };
            let asked = |opened: &Opened| all.lacked.contains_key(&opened.document);
            if !opened.iter().all(asked) {
                return Next::Fail(Trouble::Malformed);
            }
            // Where nothing comes at all, that is the answer for all of them.
            let documents = opened.iter().map(|opened| opened.document.clone()).collect();
            all.answered = if opened.is_empty() { all.lacked.keys().cloned().collect() } else { documents };
            let looks = opened.iter().map(needs).collect();
            all.stage = Taking::Check(opened);
            Next::Ask(Question::Look(looks), Task::Reconcile(all))
        }
        (Taking::Check(opened), Heard::Answer(Answer::Seen(seen))) if seen.len() == opened.len() => {
            let (mut packs, mut stored) = (Vec::new(), Vec::new());
            for (mut opened, seen) in opened.into_iter().zip(seen) {
                let (document, crdt_type) = (opened.document.clone(), opened.crdt_type);
                let (bytes, count) = (opened.bytes.take(), opened.deltas.len());
                let found = check(opened, &seen);
                judge(&mut all, &document, &found);
                if !found.good.is_empty() && seen.crdt_type.is_none_or(|known| known == crdt_type) {
                    stored.push((document.clone(), dots(&found.good)));
                    packs.push(pack(
                        document,
                        crdt_type,
                        bytes.filter(|_| found.good.len() == count),
                        &found,
                    ));
                }
            }
            if packs.is_empty() {
                return look(peer, all);
            }
            all.stage = Taking::Append(stored);
            Next::Ask(Question::Append(packs), Task::Reconcile(all))
        }
        (Taking::Append(stored), Heard::Answer(Answer::Appended(results)))
            if results.len() == stored.len() =>
        {
            for ((document, dots), result) in stored.into_iter().zip(results) {
                match result {
                    None => context.stored(&peer.settings.site, document, dots),
                    Some(_) => {
                        context.unfit(peer, &document);
                        give_up(peer, &mut all, &document);
                    }
                }
            }
            look(peer, all)
        }
        (_, Heard::Answer(_)) => Next::Fail(Trouble::Store),
        (_, Heard::Reply(_)) => Next::Fail(Trouble::Malformed),
    }
}

/// Asks what is here of what the changes say.
fn look(peer: &Peer, mut all: Box<Reconcile>) -> Next {
    let shared = peer.shared();
    all.changes.retain(|change| {
        shared.holds(&change.document) && !peer.is_stuck(&change.document, &change.state().digest())
    });
    if all.changes.is_empty() {
        return done(*all);
    }
    let looks = all.changes.iter().map(look_for).collect();
    all.stage = Taking::Look;
    Next::Ask(Question::Look(looks), Task::Reconcile(all))
}

pub(super) fn look_for(change: &Change) -> Look {
    Look {
        document: change.document.clone(),
        agents: change.ranges.iter().map(|range| range.agent.clone()).collect(),
        dots: change.heads.iter().map(|(dot, _)| dot.clone()).collect(),
    }
}

fn done(mut all: Reconcile) -> Next {
    let mut tasks = Vec::new();
    let ask: Vec<DocumentId> = std::mem::take(&mut all.ask).into_iter().collect();
    tasks.extend(ask.chunks(MAX_DOCUMENTS).map(|chunk| Task::Ask(chunk.to_vec())));
    tasks.append(&mut all.then);
    if !all.marks.is_empty() {
        tasks.push(Task::Mark(all.marks));
    }
    Next::Done(tasks)
}

/// What becomes of a change, by what is here.
pub(super) enum Standing {
    /// All of it is here, and follows from the same history.
    Agreed,
    /// This much is lacking.
    Lacks(Vec<Range>),
    /// The change does not say enough.
    Unclear,
    /// A delta that both have has another hash.
    Parted(Dot),
    /// What is claimed cannot be, or is not wanted from there.
    Hopeless,
}

pub(super) fn standing(peer: &Peer, change: &Change, seen: &Seen) -> Standing {
    if seen.crdt_type.is_some_and(|known| known != change.crdt_type) {
        return Standing::Hopeless;
    }
    let held: BTreeMap<&AgentId, u64> =
        change.ranges.iter().map(|range| &range.agent).zip(seen.held.iter().copied()).collect();
    let lack = lacking(
        &change.ranges,
        |agent| held.get(agent).copied().unwrap_or(0),
        |agent| peer.barred(&change.document, agent),
    );
    if lack.gap {
        return if change.whole { Standing::Hopeless } else { Standing::Unclear };
    }
    if !lack.ranges.is_empty() {
        return Standing::Lacks(lack.ranges);
    }
    let mut unknown = false;
    for ((dot, claimed), ours) in change.heads.iter().zip(&seen.hashes) {
        let barred = peer.barred(&change.document, &dot.agent).is_some_and(|from| from <= dot.seq);
        match ours {
            Some(ours) if ours != claimed && !barred => return Standing::Parted(dot.clone()),
            Some(ours) if ours != claimed => unknown = true,
            Some(_) => {}
            None => unknown = true,
        }
    }
    match (unknown, change.whole) {
        (false, _) => Standing::Agreed,
        (true, false) => Standing::Unclear,
        (true, true) => Standing::Hopeless,
    }
}

fn fetch(context: &mut Context, peer: &mut Peer, mut all: Box<Reconcile>, seen: Vec<Seen>) -> Next {
    let mut wants = Vec::new();
    let mut open = Vec::new();
    for (change, seen) in std::mem::take(&mut all.changes).into_iter().zip(seen) {
        let document = change.document.clone();
        if !all.lacked.contains_key(&document) {
            if change.marks > seen.marks {
                all.marks.push((document.clone(), change.marks));
            }
            if change.freezes.count > 0 && change.freezes != seen.freezes {
                all.then.push(Task::Freezes { document: document.clone(), after: None, more: false });
            }
        }
        let ranges = match standing(peer, &change, &seen) {
            Standing::Agreed => {
                peer.agree(&change);
                continue;
            }
            Standing::Unclear => {
                all.ask.insert(document);
                continue;
            }
            Standing::Hopeless => {
                if !peer.is_barred(&document) {
                    context.unfit(peer, &document);
                }
                peer.stick(&document, change.state().digest());
                continue;
            }
            Standing::Parted(dot) => {
                all.then.push(inquire(document, Searching::parted(dot)));
                continue;
            }
            Standing::Lacks(ranges) => ranges,
        };
        let count = ranges.iter().map(Range::count).sum();
        let before = all.lacked.insert(document.clone(), count);
        if all.answered.contains(&document) && before.is_some_and(|before| count >= before) {
            // Nothing came of it. With a claim for each delta those can be told apart that follow from what is here.
            if !all.claimed.insert(document.clone()) {
                peer.stick(&document, change.state().digest());
                continue;
            }
        }
        let hashes = all.claimed.contains(&document) || peer.is_barred(&document);
        wants.push(Want { document, ranges, hashes });
        open.push(change);
    }
    all.changes = open;
    if wants.is_empty() {
        return done(*all);
    }
    all.stage = Taking::Fetch;
    Next::Send(Message::Want { wants, budget: context.settings.budget }, Task::Reconcile(all))
}

impl Searching {
    /// Begins with a delta that both have, with other hashes.
    pub(super) fn parted(high: Dot) -> Self {
        Searching::Between { high, low: 0, asked: Vec::new(), theirs: None }
    }
}

pub(super) fn inquire(document: DocumentId, stage: Searching) -> Task {
    Task::Inquire(Box::new(Inquiry { document, stage, descents: 0 }))
}

/// Reads packs, without the deltas that are not taken from this peer; `None` if one is not what it should be.
pub(super) fn open(peer: &Peer, packs: Vec<Pack>) -> Option<Vec<Opened>> {
    let mut documents = BTreeSet::new();
    let mut all = Vec::new();
    for pack in packs {
        let mut deltas = pack.open().ok()?;
        let count = deltas.len();
        deltas.retain(|delta| {
            peer.barred(&pack.document, &delta.dot.agent).is_none_or(|from| delta.dot.seq < from)
        });
        if !documents.insert(pack.document.clone()) {
            return None;
        }
        let claims = pack.claims.into_iter().collect();
        let bytes = (deltas.len() == count).then_some(pack.deltas);
        all.push(Opened { document: pack.document, crdt_type: pack.crdt_type, bytes, deltas, claims });
    }
    Some(all)
}

/// What the check of a pack has to know.
pub(super) fn needs(opened: &Opened) -> Look {
    Look { document: opened.document.clone(), agents: Vec::new(), dots: verify::needed(&opened.deltas) }
}

pub(super) fn check(opened: Opened, seen: &Seen) -> Checking {
    let dots = verify::needed(&opened.deltas);
    let known = dots.into_iter().zip(&seen.hashes).filter_map(|(dot, hash)| Some((dot, (*hash)?)));
    let known: BTreeMap<Dot, Digest> = known.collect();
    verify::check(opened.deltas, &opened.claims, &known)
}

/// What is to be stored of a pack that was checked. `bytes` are those of all that is good: they go on as they came, if a
/// delta stands in them after its parents.
pub(super) fn pack(document: DocumentId, crdt_type: CrdtType, bytes: Option<Blob>, found: &Checking) -> Pack {
    match bytes.filter(|_| found.causal) {
        Some(bytes) => Pack { document, crdt_type, deltas: bytes, claims: claims(&found.good) },
        None => Pack::of(document, crdt_type, &found.good, false),
    }
}

pub(super) fn dots(deltas: &[(Delta, Digest)]) -> Vec<Dot> {
    deltas.iter().map(|(delta, _)| delta.dot.clone()).collect()
}

/// What follows from a check that is not clean.
fn judge(all: &mut Reconcile, document: &DocumentId, found: &Checking) {
    if found.is_clean() {
        return;
    }
    if !found.missing.is_empty()
        && all.changes.iter().any(|change| change.document == *document && !change.whole)
    {
        // What comes before its parents is not kept: it comes again after them.
        all.ask.insert(document.clone());
        all.changes.retain(|change| change.document != *document);
    }
    if let Some(delta) = found.contradicting.first() {
        let stage = Searching::Compare { theirs: delta.clone(), claim: None };
        add_inquiry(all, document, stage);
        return;
    }
    let Some((delta, claim)) = found.mismatched.first() else { return };
    if all.claimed.insert(document.clone()) {
        // Another attempt, with a claim for each delta, finds the first that does not follow.
        all.lacked.insert(document.clone(), u64::MAX);
        return;
    }
    let stage = Searching::Parents { delta: delta.clone(), claim: *claim, theirs: None };
    add_inquiry(all, document, stage);
}

/// One inquiry a document: what else is wrong shows when this is settled.
fn add_inquiry(all: &mut Reconcile, document: &DocumentId, stage: Searching) {
    let is_of = |task: &Task| matches!(task, Task::Inquire(inquiry) if inquiry.document == *document);
    if !all.then.iter().any(is_of) {
        all.then.push(inquire(document.clone(), stage));
    }
}

fn give_up(peer: &mut Peer, all: &mut Reconcile, document: &DocumentId) {
    for change in all.changes.iter().filter(|change| change.document == *document) {
        peer.stick(document, change.state().digest());
    }
}
