//! What the engine asks of a store, and what that answers. crdt-service can answer all of it from its tables: heads with
//! hashes, version vectors, deltas by agent and number, marks and freezes.
//!
//! A question stands in an [`Output`](crate::Output), its answer comes back as an [`Input`](crate::Input) whenever it is
//! ready; so the engine waits for nothing. [`Store`] is for those who can answer at once; where it is another component, both
//! travel as bytes ([`crate::codec`]) or as JSON.

use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use ramanujan_crdt::CrdtType;
use serde::{Deserialize, Serialize};

use crate::change::{Change, Freeze, FreezeSum};
use crate::fold::{Fold, Places};
use crate::interest::Shared;
use crate::message::{Cursor, Want};
use crate::pack::Pack;
use crate::range::Range;

/// A question about a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The document.
    pub document: DocumentId,
    /// How many deltas of these agents are there?
    pub agents: Vec<AgentId>,
    /// Which hashes have these deltas?
    pub dots: Vec<Dot>,
}

/// The answer to a [`Look`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The document's type; none if it has no deltas.
    pub crdt_type: Option<CrdtType>,
    /// For each agent.
    pub held: Vec<u64>,
    /// For each dot.
    pub hashes: Vec<Option<Digest>>,
    /// How often it was deleted or recovered.
    pub marks: u64,
    /// Its freezes.
    pub freezes: FreezeSum,
}

/// Deltas as they are stored: packed, so that they go out as they came from the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// The deltas.
    pub pack: Pack,
    /// Which they are: of each agent one range.
    pub ranges: Vec<Range>,
}

/// Why deltas are not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreRefusal {
    /// A delta does not fit the document that its parents left, or is of another type.
    #[error("a delta does not fit")]
    Unfit,
    /// It would exceed a bound of this site.
    #[error("a bound would be exceeded")]
    Full,
}

/// A question to the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Question {
    /// Documents that were changed since the cursor, each once with what is new of it, in the order in which that was stored;
    /// at most so many, and at most so many bytes. From the beginning if the cursor is empty.
    Feed {
        /// From an earlier answer.
        after: Cursor,
        /// Which documents.
        shared: Shared,
        /// Most documents.
        most: usize,
        /// Most bytes of their encoding, roughly.
        budget: u32,
    },
    /// Folds of the leaves in spans of places, and the end of the feed.
    Folds {
        /// Which documents.
        shared: Shared,
        /// The spans.
        places: Vec<Places>,
    },
    /// The documents in spans, with the first eight bytes of their leaves.
    List {
        /// Which documents.
        shared: Shared,
        /// The spans.
        places: Vec<Places>,
    },
    /// Documents as a whole; those that are not there are left out.
    States(Vec<DocumentId>),
    /// Parts of versions of documents.
    Look(Vec<Look>),
    /// Deltas, at most so many bytes of them, one at least. Of each document a beginning of what is wanted, in a causal order.
    Read {
        /// Which.
        wants: Vec<Want>,
        /// Most bytes.
        budget: u32,
    },
    /// Store deltas that were checked, in a causal order, if they get the hashes that are claimed: of each document all or a
    /// beginning. Those that are stored already are passed over.
    Append(Vec<Pack>),
    /// Raise the marks of documents to these numbers; a greater one stays.
    Mark(Vec<(DocumentId, u64)>),
    /// Freezes of a document past an id, in the order of ids.
    Freezes {
        /// The document.
        document: DocumentId,
        /// An id.
        after: Option<Digest>,
        /// How many at most.
        most: usize,
    },
    /// Store freezes of a document, of those versions that are here and have their digests; others are passed over.
    Freeze {
        /// The document.
        document: DocumentId,
        /// The freezes.
        freezes: Vec<Freeze>,
    },
}

/// An answer of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Answer {
    /// To `Feed`.
    Feed {
        /// Documents with what is new.
        changes: Vec<Change>,
        /// Where to go on.
        next: Cursor,
        /// Whether there is more already.
        more: bool,
    },
    /// To `Feed`: the cursor is not one of this log.
    Stale,
    /// To `Folds`.
    Folds {
        /// For each span.
        folds: Vec<Fold>,
        /// The end of the feed.
        end: Cursor,
    },
    /// To `List`, for each span.
    List(Vec<Vec<(DocumentId, u64)>>),
    /// To `States`.
    States {
        /// Those that are there, of a beginning of the list.
        changes: Vec<Change>,
        /// Documents that were not looked for, because the others are much.
        rest: Vec<DocumentId>,
    },
    /// To `Look`, for each.
    Seen(Vec<Seen>),
    /// To `Read`, for each document; none if it is not there or nothing of it fits.
    Read(Vec<Option<Stored>>),
    /// To `Append`, for each document: why not all of it was stored.
    Appended(Vec<Option<StoreRefusal>>),
    /// To `Mark` and `Freeze`.
    Done,
    /// To `Freezes`.
    Freezes {
        /// In the order of ids.
        freezes: Vec<Freeze>,
        /// Whether there are more.
        more: bool,
    },
    /// The store failed; nothing was stored, or nobody knows.
    Failed,
}

/// A store that answers at once.
pub trait Store {
    /// The answer to a question.
    fn answer(&mut self, question: Question) -> Answer;
}
