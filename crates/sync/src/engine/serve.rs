//! Answers to the exchanges of others. Nothing is remembered between two of them.

use std::collections::BTreeMap;

use ramanujan_core::{DocumentId, Dot};

use super::context::Context;
use super::interface::Event;
use super::peer::Peer;
use super::push::packs;
use super::reconcile::{self, Standing, standing};
use super::task::{Opened, Serving, Work};
use crate::SiteId;
use crate::change::Change;
use crate::evidence::Evidence;
use crate::interest::Shared;
use crate::limits::{self, LEAF, MAX_DOCUMENTS, MAX_FREEZES};
use crate::message::{Compared, Message, Outcome, Refusal, Want};
use crate::pack::Pack;
use crate::store::{Answer, Look, Question, Seen};

/// What comes next.
pub(super) enum Next {
    /// The store is to answer.
    Ask(Question, Serving),
    /// This is said.
    Say(SiteId, u64, Message),
}

fn refuse(reason: Refusal) -> Message {
    Message::Refused { reason }
}

/// Begins an answer.
pub(super) fn begin(context: &mut Context, peer: &Peer, exchange: u64, message: Message) -> Next {
    let to = peer.settings.site.clone();
    let (pulls, pushes) = (peer.settings.grants.pulls(), peer.settings.grants.pushes());
    let allowed = match &message {
        Message::Offer { .. } | Message::Give { .. } | Message::GiveFreezes { .. } => pushes,
        Message::Pull { .. } | Message::Want { .. } | Message::Frozen { .. } => pulls,
        _ => true,
    };
    let say = |message| Next::Say(to.clone(), exchange, message);
    if !allowed {
        return say(refuse(Refusal::NotAPeer));
    }
    let ask = |question, work| Next::Ask(question, Serving { to: to.clone(), exchange, work });
    let ours = || peer.settings.interest.clone();
    let held = |document: &DocumentId| peer.settings.interest.holds(document);
    match message {
        Message::Hello { oldest, newest, .. } => {
            if oldest > limits::VERSION || newest < limits::OLDEST_VERSION {
                return say(refuse(Refusal::Version));
            }
            let manifest = context.settings.manifest.clone();
            say(Message::Welcome { version: newest.min(limits::VERSION), manifest, interest: ours() })
        }
        Message::Pull { after, interest, budget } => {
            let shared = Shared { ours: ours(), theirs: interest };
            ask(Question::Feed { after, shared, most: MAX_DOCUMENTS, budget }, Work::Pull)
        }
        Message::Compare { interest, spans } => {
            let shared = Shared { ours: ours(), theirs: interest };
            let places = spans.iter().map(|span| span.places).collect();
            ask(Question::Folds { shared: shared.clone(), places }, Work::Compare { spans, shared })
        }
        Message::Ask { mut documents } => {
            documents.retain(held);
            ask(Question::States(documents), Work::States)
        }
        Message::Want { mut wants, budget } => {
            wants.retain(|want| held(&want.document));
            let question = Question::Read { wants: wants.clone(), budget: budget.min(limits::BUDGET) };
            ask(question, Work::Read(wants))
        }
        Message::Probe { document, dots } if held(&document) => {
            ask(Question::Look(vec![Look { document, agents: Vec::new(), dots }]), Work::Probe)
        }
        Message::Frozen { document, after } if held(&document) => {
            ask(Question::Freezes { document, after, most: MAX_FREEZES }, Work::Freezes)
        }
        Message::Offer { mut changes } => {
            changes.retain(|change| held(&change.document));
            let looks = changes.iter().map(reconcile::look_for).collect();
            ask(Question::Look(looks), Work::Offer(changes))
        }
        Message::Give { packs } => {
            let known = packs.iter().all(|pack| held(&pack.document));
            match reconcile::open(peer, packs).filter(|_| known) {
                None => say(refuse(Refusal::Malformed)),
                Some(opened) => {
                    ask(Question::Look(opened.iter().map(reconcile::needs).collect()), Work::Check(opened))
                }
            }
        }
        Message::GiveFreezes { document, freezes } if held(&document) => {
            let taken = Message::Taken { outcomes: vec![Outcome::Taken] };
            ask(Question::Freeze { document, freezes }, Work::Mark(taken))
        }
        Message::Accuse { evidence } => match evidence.check() {
            Err(_) => say(refuse(Refusal::Malformed)),
            Ok(dot) => {
                let range = crate::range::Range::new(dot.agent.clone(), dot.seq, dot.seq);
                let wants =
                    vec![Want { document: evidence.document().clone(), ranges: vec![range], hashes: true }];
                ask(Question::Read { wants, budget: 0 }, Work::Accused(evidence))
            }
        },
        _ => say(refuse(Refusal::Malformed)),
    }
}

/// Goes on when the store has answered.
pub(super) fn go_on(context: &mut Context, peer: &mut Peer, serving: Serving, answer: Answer) -> Next {
    let Serving { to, exchange, work } = serving;
    let say = |message| Next::Say(to.clone(), exchange, message);
    let ask = |question, work| Next::Ask(question, Serving { to: to.clone(), exchange, work });
    match (work, answer) {
        (Work::Pull, Answer::Feed { changes, next, more }) => say(Message::Changes { changes, next, more }),
        (Work::Pull, Answer::Stale) => say(Message::Stale),
        (Work::Compare { spans, shared }, Answer::Folds { folds, end }) => {
            let mut all = Vec::new();
            let (mut parts, mut lists) = (Vec::new(), Vec::new());
            for (span, fold) in spans.iter().zip(&folds) {
                all.push(if fold.print() == span.print {
                    Some(Compared::Same)
                } else if fold.count <= LEAF || span.places.from == span.places.to {
                    lists.push(span.places);
                    None
                } else {
                    parts.extend(span.places.parts());
                    Some(Compared::Parts(Vec::new()))
                });
            }
            let work = Work::Parts { spans, all, end, lists, shared: shared.clone() };
            ask(Question::Folds { shared, places: parts }, work)
        }
        (Work::Parts { spans, mut all, end, lists, shared }, Answer::Folds { folds, .. }) => {
            let mut folds = folds.iter();
            for (span, compared) in spans.iter().zip(&mut all) {
                if let Some(Compared::Parts(found)) = compared {
                    let count = span.places.parts().len();
                    found.extend(folds.by_ref().take(count).map(|fold| fold.print()));
                }
            }
            ask(Question::List { shared, places: lists }, Work::Lists { all, end })
        }
        (Work::Lists { all, end }, Answer::List(lists)) => {
            let mut lists = lists.into_iter();
            let list = |compared: Option<Compared>| {
                compared.unwrap_or_else(|| {
                    let mut documents = lists.next().unwrap_or_default();
                    // More than were counted a moment ago: those left out are found when these are equal.
                    documents.truncate(MAX_DOCUMENTS);
                    Compared::Documents(documents)
                })
            };
            say(Message::Differ { spans: all.into_iter().map(list).collect(), next: end })
        }
        (Work::States, Answer::States { changes, rest }) => {
            let (changes, more) = Change::split(changes, limits::BUDGET);
            say(Message::States { changes, more: !more.is_empty() || !rest.is_empty() })
        }
        (Work::Read(wants), Answer::Read(read)) => say(Message::Deltas { packs: packs(&wants, read).0 }),
        (Work::Probe, Answer::Seen(seen)) => {
            let hashes = seen.into_iter().next().map(|seen| seen.hashes).unwrap_or_default();
            say(Message::Hashes { hashes })
        }
        (Work::Freezes, Answer::Freezes { freezes, more }) => say(Message::Freezes { freezes, more }),
        (Work::Offer(changes), Answer::Seen(seen)) => {
            let marks: Vec<(DocumentId, u64)> = changes
                .iter()
                .zip(&seen)
                .filter(|(change, seen)| change.marks > seen.marks)
                .map(|(change, _)| (change.document.clone(), change.marks))
                .collect();
            let wants = changes.iter().zip(&seen).filter_map(|(change, seen)| want(peer, change, seen));
            let wants = wants.collect();
            let freezes = changes
                .iter()
                .zip(&seen)
                .filter(|(change, seen)| change.freezes.count > 0 && change.freezes != seen.freezes)
                .map(|(change, _)| change.document.clone())
                .collect();
            let wanted = Message::Wanted { wants, freezes };
            match marks.is_empty() {
                true => say(wanted),
                false => ask(Question::Mark(marks), Work::Mark(wanted)),
            }
        }
        (Work::Mark(wanted), Answer::Done) => say(wanted),
        (Work::Check(opened), Answer::Seen(seen)) if seen.len() == opened.len() => {
            let Judged { outcomes, packs, stored, places } = judge(peer, opened, &seen);
            if packs.is_empty() {
                return say(Message::Taken { outcomes });
            }
            ask(Question::Append(packs), Work::Append { stored, outcomes, places })
        }
        (Work::Append { stored, mut outcomes, places }, Answer::Appended(results)) => {
            for (((document, dots), result), place) in stored.into_iter().zip(results).zip(places) {
                match result {
                    None => context.stored(&to, document, dots),
                    Some(_) => outcomes[place] = Outcome::Unfit,
                }
            }
            say(Message::Taken { outcomes })
        }
        (Work::Accused(evidence), Answer::Read(read)) => {
            accused(context, &to, &evidence, read);
            say(Message::Taken { outcomes: vec![Outcome::Taken] })
        }
        _ => say(refuse(Refusal::Failed)),
    }
}

/// What of an offer is wanted.
fn want(peer: &mut Peer, change: &Change, seen: &Seen) -> Option<Want> {
    match standing(peer, change, seen) {
        Standing::Lacks(ranges) => {
            let hashes = peer.is_barred(&change.document);
            Some(Want { document: change.document.clone(), ranges, hashes })
        }
        Standing::Agreed => None,
        // A comparison makes it clear.
        Standing::Unclear | Standing::Parted(_) | Standing::Hopeless => {
            peer.suspicious = true;
            None
        }
    }
}

/// What became of packs.
#[derive(Default)]
struct Judged {
    /// Of each.
    outcomes: Vec<Outcome>,
    /// What is to be stored.
    packs: Vec<Pack>,
    /// The deltas of those.
    stored: Vec<(DocumentId, Vec<Dot>)>,
    /// Their places among the outcomes.
    places: Vec<usize>,
}

fn judge(peer: &mut Peer, opened: Vec<Opened>, seen: &[Seen]) -> Judged {
    let mut all = Judged::default();
    for (mut opened, seen) in opened.into_iter().zip(seen) {
        let (document, crdt_type) = (opened.document.clone(), opened.crdt_type);
        let (bytes, count) = (opened.bytes.take(), opened.deltas.len());
        let found = reconcile::check(opened, seen);
        let is_of_type = seen.crdt_type.is_none_or(|known| known == crdt_type);
        let parted = !found.mismatched.is_empty() || !found.contradicting.is_empty();
        peer.suspicious |= parted;
        all.outcomes.push(match (is_of_type, parted, found.is_clean()) {
            (false, ..) => Outcome::Unfit,
            (_, true, _) => Outcome::Contradicts,
            (_, _, false) => Outcome::Incomplete,
            _ => Outcome::Taken,
        });
        if is_of_type && !found.good.is_empty() {
            all.places.push(all.outcomes.len() - 1);
            all.stored.push((document.clone(), reconcile::dots(&found.good)));
            let bytes = bytes.filter(|_| found.good.len() == count);
            all.packs.push(reconcile::pack(document, crdt_type, bytes, &found));
        }
    }
    all
}

/// Keeps evidence that another found. It bars nobody: what it says of our own peers shows when they are asked.
fn accused(
    context: &mut Context,
    from: &SiteId,
    evidence: &Evidence,
    read: Vec<Option<crate::store::Stored>>,
) {
    if !context.keep_told(evidence) {
        return;
    }
    let ours: BTreeMap<_, _> = read
        .into_iter()
        .flatten()
        .filter_map(|stored| stored.pack.open().ok())
        .flatten()
        .map(|delta| (delta.digest(), delta))
        .collect();
    let holds = evidence.digests().and_then(|[finders, other]| {
        match (ours.contains_key(&finders), ours.contains_key(&other)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    });
    let event = Event::Evidence { told_by: Some(from.clone()), evidence: evidence.clone(), holds };
    context.event(event);
}
