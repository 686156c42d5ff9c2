//! What a site does with a peer, step by step, and with those who ask.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Digest, DocumentId, Dot};
use ramanujan_crdt::{CrdtType, Delta};

use super::interface::Trouble;
use crate::change::Change;
use crate::evidence::Evidence;
use crate::fold::{Places, Span};
use crate::interest::Shared;
use crate::message::{Compared, Cursor, Message, Outcome, Want};
use crate::pack::Blob;
use crate::store::{Answer, Question};

/// Something to do with a peer.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// Say hello.
    Greet,
    /// Ask for what is new.
    Pull,
    /// All up to here was taken: the peer's feed, and our own where all was compared.
    Commit { pull: Option<Cursor>, push: Option<Cursor> },
    /// Compare all documents.
    Repair(Box<Repair>),
    /// Ask how documents are.
    Ask(Vec<DocumentId>),
    /// Take in what changes say.
    Reconcile(Box<Reconcile>),
    /// Raise marks.
    Mark(Vec<(DocumentId, u64)>),
    /// Fetch the freezes of a document.
    Freezes { document: DocumentId, after: Option<Digest>, more: bool },
    /// Find out where histories part.
    Inquire(Box<Inquiry>),
    /// Offer what is new here, or these documents.
    Offer { documents: Option<Vec<DocumentId>>, next: Option<Cursor>, more: bool },
    /// Give deltas that are wanted.
    Give { wants: Vec<Want>, rest: Vec<Want> },
    /// Give the freezes of a document.
    GiveFreezes { document: DocumentId, after: Option<Digest>, more: bool },
    /// Tell of evidence.
    Accuse(Evidence),
}

/// What a task goes on with.
#[derive(Debug)]
pub(super) enum Heard {
    /// Its turn has come.
    Start,
    /// The peer answered.
    Reply(Message),
    /// The store answered.
    Answer(Answer),
}

/// What comes next.
pub(super) enum Next {
    /// The store is to answer.
    Ask(Question, Task),
    /// The peer is to answer.
    Send(Message, Task),
    /// The task is done; these come before those that wait.
    Done(Vec<Task>),
    /// The round has failed.
    Fail(Trouble),
}

/// A comparison of all documents.
#[derive(Clone, Debug, Default)]
pub(super) struct Repair {
    pub(super) stage: Comparing,
    /// Spans that differ and are still to compare.
    pub(super) queue: Vec<Span>,
    /// Those that the peer was asked about.
    pub(super) asked: Vec<Span>,
    /// Documents that differ, or that only one side has.
    pub(super) found: BTreeSet<DocumentId>,
    /// End of the peer's feed when it answered first.
    pub(super) theirs: Option<Cursor>,
    /// End of our feed when it began.
    pub(super) ours: Option<Cursor>,
}

/// Where a comparison stands.
#[derive(Clone, Debug, Default)]
pub(super) enum Comparing {
    /// The own fold of everything is asked for.
    #[default]
    Whole,
    /// The peer is asked.
    Peer,
    /// The own folds of parts are asked for, then documents listed.
    Parts { parts: Vec<Span>, lists: Vec<(Places, Vec<(DocumentId, u64)>)> },
    /// The own documents of spans are asked for.
    Lists(Vec<(Places, Vec<(DocumentId, u64)>)>),
}

impl Comparing {
    /// What the peer said of spans; `None` if a span does not have so many parts.
    pub(super) fn sort(spans: Vec<(Span, Compared)>) -> Option<Self> {
        let (mut parts, mut lists) = (Vec::new(), Vec::new());
        for (span, compared) in spans {
            match compared {
                Compared::Same => {}
                Compared::Parts(prints) => {
                    let places = span.places.parts();
                    if places.len() != prints.len() || places.len() < 2 {
                        return None;
                    }
                    let more = places.into_iter().zip(prints);
                    parts.extend(more.map(|(places, print)| Span { places, print }));
                }
                Compared::Documents(documents) => lists.push((span.places, documents)),
            }
        }
        Some(Comparing::Parts { parts, lists })
    }
}

/// Changes on their way to the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Reconcile {
    pub(super) stage: Taking,
    /// What is not settled yet.
    pub(super) changes: Vec<Change>,
    /// How many deltas of each document were lacking at the last look.
    pub(super) lacked: BTreeMap<DocumentId, u64>,
    /// Documents of which the peer's last answer had something.
    pub(super) answered: BTreeSet<DocumentId>,
    /// Documents of which every hash is to be claimed.
    pub(super) claimed: BTreeSet<DocumentId>,
    /// Documents that the peer is asked about once more.
    pub(super) ask: BTreeSet<DocumentId>,
    /// What comes after.
    pub(super) then: Vec<Task>,
    pub(super) marks: Vec<(DocumentId, u64)>,
}

/// Where a reconciliation stands.
#[derive(Clone, Debug, Default)]
pub(super) enum Taking {
    /// What is lacked is asked for.
    #[default]
    Look,
    /// The peer is asked for it.
    Fetch,
    /// What the checks need is asked for.
    Check(Vec<Opened>),
    /// It is stored.
    Append(Vec<(DocumentId, Vec<Dot>)>),
}

/// A pack that was read.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) document: DocumentId,
    pub(super) crdt_type: CrdtType,
    /// As it came, if none of its deltas was left out.
    pub(super) bytes: Option<Blob>,
    pub(super) deltas: Vec<Delta>,
    pub(super) claims: BTreeMap<Dot, Digest>,
}

/// A search for where histories part.
#[derive(Clone, Debug)]
pub(super) struct Inquiry {
    pub(super) document: DocumentId,
    pub(super) stage: Searching,
    /// How often it went to the deltas of an earlier agent.
    pub(super) descents: u32,
}

/// Where a search stands.
#[derive(Clone, Debug)]
pub(super) enum Searching {
    /// A delta whose claimed hash is not the one that follows here: is one of its parents another?
    Parents { delta: Delta, claim: Digest, theirs: Option<Vec<Option<Digest>>> },
    /// `agent:low` agrees (or is 0) and `agent:high` does not: where between them does it begin?
    Between { high: Dot, low: u64, asked: Vec<Dot>, theirs: Option<Vec<Option<Digest>>> },
    /// The first delta that differs is fetched.
    Fetch(Dot),
    /// It is here; the own one is asked for.
    Compare { theirs: Delta, claim: Option<Digest> },
}

/// An exchange that another began.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    pub(super) to: crate::SiteId,
    pub(super) exchange: u64,
    pub(super) work: Work,
}

/// What is done for it.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Pull,
    /// The own folds of the spans are asked for.
    Compare {
        spans: Vec<Span>,
        shared: Shared,
    },
    /// The own folds of the parts of spans; `all` is what is known of the spans, none of those that are to be listed.
    Parts {
        spans: Vec<Span>,
        all: Vec<Option<Compared>>,
        end: Cursor,
        lists: Vec<Places>,
        shared: Shared,
    },
    /// The own documents of spans.
    Lists {
        all: Vec<Option<Compared>>,
        end: Cursor,
    },
    States,
    Read(Vec<Want>),
    Probe,
    Freezes,
    Offer(Vec<Change>),
    /// Marks are raised or freezes stored, then this is said.
    Mark(Message),
    Check(Vec<Opened>),
    /// `places` are those of the packs that are stored among the outcomes.
    Append {
        stored: Vec<(DocumentId, Vec<Dot>)>,
        outcomes: Vec<Outcome>,
        places: Vec<usize>,
    },
    Accused(Evidence),
}
