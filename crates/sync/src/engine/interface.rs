//! What goes into the engine and comes out of it.

use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use serde::{Deserialize, Serialize};

use crate::SiteId;
use crate::evidence::Evidence;
use crate::interest::Interest;
use crate::limits::{BUDGET, MAX_SERVING};
use crate::message::{Cursor, Frame, Refusal};
use crate::store::{Answer, Question};

/// The moment, and randomness for jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of any clock; it may jump.
    pub millis: u64,
    /// A random number.
    pub random: u64,
}

/// What a site does, or lets a peer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Fetches from the other.
    Pull,
    /// Gives to the other.
    Push,
    /// Both.
    Both,
}

impl Direction {
    /// Whether it fetches.
    pub fn pulls(self) -> bool {
        self != Direction::Push
    }

    /// Whether it gives.
    pub fn pushes(self) -> bool {
        self != Direction::Pull
    }
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSettings {
    /// Its name.
    pub site: SiteId,
    /// What this site does with it; none if it only answers.
    pub direction: Option<Direction>,
    /// What the peer may do here.
    pub grants: Direction,
    /// Which documents are exchanged with it.
    pub interest: Interest,
}

/// How an engine works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// This site.
    pub site: SiteId,
    /// Version of its manifest.
    pub manifest: String,
    /// From the end of a round with a peer to the next, in milliseconds.
    pub interval_ms: u64,
    /// How long an answer is waited for.
    pub timeout_ms: u64,
    /// The first back-off after a failure; it doubles with each.
    pub back_off_ms: u64,
    /// The longest back-off.
    pub longest_back_off_ms: u64,
    /// Every so many rounds all documents are compared.
    pub repair_every: u64,
    /// Bytes of an answer that are asked for.
    pub budget: u32,
    /// Exchanges of others that are answered at a time.
    pub serving: usize,
}

impl Settings {
    /// Of a site, with what suits sites a tenth of a second apart.
    pub fn of(site: SiteId) -> Self {
        Settings {
            site,
            manifest: String::new(),
            interval_ms: 1000,
            timeout_ms: 10_000,
            back_off_ms: 500,
            longest_back_off_ms: 60_000,
            repair_every: 64,
            budget: BUDGET,
            serving: MAX_SERVING,
        }
    }
}

/// Places in the feeds of both sides. They may be lost, which costs a repair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursors {
    /// In the peer's feed.
    pub pull: Option<Cursor>,
    /// In this site's feed.
    pub push: Option<Cursor>,
}

/// What a site remembers of a peer between two rounds. An engine that begins with it goes on where the last one was; without
/// it, it begins with a comparison of all documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// What the peer said in its welcome: the version of its manifest, and its interest.
    pub greeted: Option<(String, Interest)>,
    /// Where the feeds are.
    pub cursors: Cursors,
    /// Rounds that ended well.
    pub rounds: u64,
    /// Rounds that failed since then.
    pub failures: u32,
    /// Why the last one failed.
    pub trouble: Option<Trouble>,
    /// Milliseconds until the next round.
    pub wait_ms: u64,
    /// Something happened that a comparison would bring to light.
    pub suspicious: bool,
    /// What is not taken from it: the document, the agent, and the number of the first delta.
    pub quarantines: Vec<(DocumentId, AgentId, u64)>,
    /// Documents that cannot be mended from there, with the digest of the state that it claims.
    pub stuck: Vec<(DocumentId, Digest)>,
    /// Evidence that it has not been told of.
    pub accusations: Vec<Evidence>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time passed.
    Tick,
    /// A peer sent something; the transport made sure that it is from whom it says.
    Frame(Frame),
    /// The store answered.
    Answer {
        /// Of the question.
        ticket: u64,
        /// The answer.
        answer: Answer,
    },
    /// A frame could not be sent, or its answer not be read.
    Failed {
        /// To whom.
        to: SiteId,
        /// In which exchange.
        exchange: u64,
        /// How long the other side, or what lies between, asks to wait.
        wait_ms: Option<u64>,
    },
    /// Something was written here.
    Changed,
    /// Somebody made sure that a peer holds what it should.
    Release(Quarantine),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a frame.
    Send {
        /// To whom.
        to: SiteId,
        /// The frame.
        frame: Frame,
    },
    /// Ask the store.
    Ask {
        /// To be handed back with the answer.
        ticket: u64,
        /// The question.
        question: Question,
    },
    /// Record what happened.
    Event(Event),
}

/// Deltas of an agent that are not taken from a peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Quarantine {
    /// The peer.
    pub site: SiteId,
    /// The document.
    pub document: DocumentId,
    /// The agent.
    pub agent: AgentId,
    /// Number of the first delta that is not taken.
    pub from: u64,
}

/// What went wrong with a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// It does not answer in time, or cannot be reached.
    Silent,
    /// It is busy.
    Busy,
    /// It refuses.
    Refused(Refusal),
    /// What it says makes no sense.
    Malformed,
    /// Our own store failed.
    Store,
    /// A round made too many tasks.
    TooMuch,
}

/// Something to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Cursors moved: keep them, or lose them.
    Cursors {
        /// With whom.
        site: SiteId,
        /// Where they are.
        cursors: Cursors,
    },
    /// Deltas of a document were stored.
    Stored {
        /// From whom.
        site: SiteId,
        /// The document.
        document: DocumentId,
        /// Their dots.
        dots: Vec<Dot>,
    },
    /// A round with a peer ended well.
    Round {
        /// With whom.
        site: SiteId,
    },
    /// A round failed.
    Failed {
        /// With whom.
        site: SiteId,
        /// Why.
        trouble: Trouble,
        /// Milliseconds until the next try.
        wait_ms: u64,
    },
    /// The peer's cursor was not ours any more, or its ours: all documents are compared.
    Stale {
        /// Who.
        site: SiteId,
    },
    /// Deltas of an agent are not taken from a peer from now on.
    Quarantined(Quarantine),
    /// Evidence was found, or told by a peer and checked.
    Evidence {
        /// Who found it, if not this site.
        told_by: Option<SiteId>,
        /// The evidence.
        evidence: Evidence,
        /// Of the two contents the one that this site holds: true if it is the finder's, false if it is the other.
        holds: Option<bool>,
    },
    /// The store does not take deltas of a document, or a peer claims what it does not give.
    Unfit {
        /// From whom.
        site: SiteId,
        /// The document.
        document: DocumentId,
    },
}

/// How it stands with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// The peer.
    pub site: SiteId,
    /// Version of its manifest, once it was heard.
    pub manifest: Option<String>,
    /// Where the feeds are.
    pub cursors: Cursors,
    /// Rounds that ended well.
    pub rounds: u64,
    /// Rounds that failed since then.
    pub failures: u32,
    /// Why the last one failed.
    pub trouble: Option<Trouble>,
    /// Milliseconds until the next round; 0 during one.
    pub next_ms: u64,
    /// Tasks that wait.
    pub tasks: usize,
    /// What is not taken from it.
    pub quarantines: Vec<Quarantine>,
    /// Documents that differ and cannot be mended from there.
    pub stuck: usize,
}
