//! What sites say to each other. `docs/sync.md` says what each message is for; bytes are in [`crate::codec`].

use ramanujan_core::{Digest, DocumentId, Dot};
use serde::{Deserialize, Serialize};

use crate::SiteId;
use crate::change::{Change, Freeze};
use crate::evidence::Evidence;
use crate::fold::{Print, Span};
use crate::interest::Interest;
use crate::pack::{Blob, Pack};
use crate::range::Range;

/// A message with what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Who sent it.
    pub from: SiteId,
    /// Number of the exchange, chosen by who began it; an answer repeats it. At most 2^53−1.
    pub exchange: u64,
    /// What is said.
    pub message: Message,
}

/// A place in a site's feed. Only the store that made it reads it.
pub type Cursor = Blob;

/// Deltas that are wanted of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// The document.
    pub document: DocumentId,
    /// Which; one range of an agent at most.
    pub ranges: Vec<Range>,
    /// Whether each delta is to come with its hash.
    pub hashes: bool,
}

/// What became of a span that was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Compared {
    /// Equal.
    Same,
    /// It differs; these are the fingerprints of its parts, which follow from its places.
    Parts(Vec<Print>),
    /// It differs; these are its documents, each with the first eight bytes of its leaf.
    Documents(Vec<(DocumentId, u64)>),
}

/// What became of deltas that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Outcome {
    /// They are stored, or were before.
    Taken,
    /// Some of them wait for others.
    Incomplete,
    /// Their hashes do not follow from the history that the receiver holds.
    Contradicts,
    /// The store does not take them.
    Unfit,
}

/// Why a question is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no version of messages that both sides know.
    Version,
    /// The asker is no peer, or not in this direction.
    NotAPeer,
    /// Something in it exceeds a bound or makes no sense.
    Malformed,
    /// The store failed.
    Failed,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Message {
    /// First contact.
    Hello {
        /// Oldest version of messages that the asker reads.
        oldest: u8,
        /// Newest version.
        newest: u8,
        /// Version of the asker's manifest.
        manifest: String,
        /// Which documents it exchanges.
        interest: Interest,
    },
    /// Answer to `hello`.
    Welcome {
        /// The version of messages to go on with.
        version: u8,
        /// Version of the manifest.
        manifest: String,
        /// Which documents it exchanges.
        interest: Interest,
    },
    /// What is new since a cursor?
    Pull {
        /// From the last answer.
        after: Cursor,
        /// Which documents.
        interest: Interest,
        /// Bytes that are wanted at most.
        budget: u32,
    },
    /// Answer to `pull`.
    Changes {
        /// Documents with what is new of them.
        changes: Vec<Change>,
        /// For the next question.
        next: Cursor,
        /// Whether there is more already.
        more: bool,
    },
    /// The cursor is not one of this log.
    Stale,
    /// Which documents differ?
    Compare {
        /// Which documents.
        interest: Interest,
        /// Fingerprints of the asker.
        spans: Vec<Span>,
    },
    /// Answer to `compare`.
    Differ {
        /// For each span.
        spans: Vec<Compared>,
        /// The end of the feed when that was found out.
        next: Cursor,
    },
    /// How are these documents?
    Ask {
        /// Their ids.
        documents: Vec<DocumentId>,
    },
    /// Answer to `ask`: those that are there, as a whole.
    States {
        /// The documents.
        changes: Vec<Change>,
        /// Whether others of them are there too, which did not fit.
        more: bool,
    },
    /// Give me deltas.
    Want {
        /// Which.
        wants: Vec<Want>,
        /// Bytes that are wanted at most.
        budget: u32,
    },
    /// Answer to `want`: as many as fit.
    Deltas {
        /// A pack for each document.
        packs: Vec<Pack>,
    },
    /// Which hashes have these deltas?
    Probe {
        /// The document.
        document: DocumentId,
        /// The deltas.
        dots: Vec<Dot>,
    },
    /// Answer to `probe`.
    Hashes {
        /// For each dot, none if it is not there.
        hashes: Vec<Option<Digest>>,
    },
    /// Which freezes are there?
    Frozen {
        /// The document.
        document: DocumentId,
        /// Those with an id after this one, in the order of ids.
        after: Option<Digest>,
    },
    /// Answer to `frozen`.
    Freezes {
        /// In the order of ids.
        freezes: Vec<Freeze>,
        /// Whether there are more.
        more: bool,
    },
    /// This is new here.
    Offer {
        /// Documents with what is new of them.
        changes: Vec<Change>,
    },
    /// Answer to `offer`: what of it is lacked.
    Wanted {
        /// Deltas to give.
        wants: Vec<Want>,
        /// Documents whose freezes differ.
        freezes: Vec<DocumentId>,
    },
    /// Deltas that were wanted.
    Give {
        /// A pack for each document.
        packs: Vec<Pack>,
    },
    /// Freezes of a document whose freezes differ.
    GiveFreezes {
        /// The document.
        document: DocumentId,
        /// In the order of ids.
        freezes: Vec<Freeze>,
    },
    /// Answer to `give`, `give-freezes` and `accuse`.
    Taken {
        /// For each pack.
        outcomes: Vec<Outcome>,
    },
    /// Two contents under one dot, or a hash that follows from nothing.
    Accuse {
        /// The evidence, for the receiver to check.
        evidence: Evidence,
    },
    /// Too many questions; ask again later.
    Busy {
        /// How much later, in milliseconds.
        wait_ms: u64,
    },
    /// There is no answer.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

impl Message {
    /// Whether it answers another.
    pub fn is_answer(&self) -> bool {
        matches!(
            self,
            Message::Welcome { .. }
                | Message::Changes { .. }
                | Message::Stale
                | Message::Differ { .. }
                | Message::States { .. }
                | Message::Deltas { .. }
                | Message::Hashes { .. }
                | Message::Freezes { .. }
                | Message::Wanted { .. }
                | Message::Taken { .. }
                | Message::Busy { .. }
                | Message::Refused { .. }
        )
    }
}
