//! What is kept of a lie, and how a third site checks it.

use ramanujan_core::{Digest, DocumentId, Dot};
use ramanujan_crdt::Delta;
use ramanujan_crdt::state::hash_of;
use serde::{Deserialize, Serialize};

use crate::SiteId;
use crate::pack::Blob;

/// A delta as a site gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Who gave it.
    pub site: SiteId,
    /// Its canonical bytes.
    pub delta: Blob,
}

/// What speaks against a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Evidence {
    /// Two deltas under one dot. Whoever reads it can check it without anything else at hand.
    Equivocation {
        /// The document.
        document: DocumentId,
        /// The delta that the finder holds.
        ours: Statement,
        /// The other one.
        theirs: Statement,
    },
    /// A hash that does not follow from the delta and from its parents' hashes, on which both sides agree.
    Unfounded {
        /// The document.
        document: DocumentId,
        /// The delta, from who claims the hash.
        theirs: Statement,
        /// The hashes of its parents, in the order of their dots.
        parents: Vec<Digest>,
        /// The hash that was claimed.
        claimed: Digest,
    },
}

/// It proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEvidence {
    /// A statement is not the canonical form of a delta.
    #[error("a statement is no delta")]
    NoDelta,
    /// The statements are of different dots.
    #[error("the deltas have different dots")]
    OtherDot,
    /// The statements agree, or the hash follows.
    #[error("there is no contradiction")]
    NoContradiction,
}

impl Evidence {
    /// The document that it is of.
    pub fn document(&self) -> &DocumentId {
        match self {
            Evidence::Equivocation { document, .. } | Evidence::Unfounded { document, .. } => document,
        }
    }

    /// Whom it speaks of: who gave the other delta, or claimed the hash.
    pub fn accused(&self) -> &SiteId {
        match self {
            Evidence::Equivocation { theirs, .. } | Evidence::Unfounded { theirs, .. } => &theirs.site,
        }
    }

    /// Checks it, and tells the dot that it is about. Needs no store: an equivocation is two deltas that no history holds
    /// both. An unfounded hash is checked given the parents' hashes, which the reader may compare with its own.
    ///
    /// # Errors
    /// [`NotEvidence`].
    ///
    /// ```
    /// use ramanujan_crdt::{Delta, Op};
    /// use ramanujan_sync::evidence::{Evidence, Statement, NotEvidence};
    /// use ramanujan_sync::pack::Blob;
    ///
    /// let statement = |site: &str, amount| {
    ///     let delta = Delta { dot: "ann:1".parse().unwrap(), parents: vec![], op: Op::Increment { amount } };
    ///     Statement { site: site.parse().unwrap(), delta: Blob(delta.canonical_bytes()) }
    /// };
    /// let evidence = |ours, theirs| Evidence::Equivocation {
    ///     document: "visits".parse().unwrap(),
    ///     ours: statement("vienna", ours),
    ///     theirs: statement("porto", theirs),
    /// };
    /// assert_eq!(evidence(1, 2).check(), Ok("ann:1".parse().unwrap()));
    /// assert_eq!(evidence(1, 1).check(), Err(NotEvidence::NoContradiction));
    /// ```
    pub fn check(&self) -> Result<Dot, NotEvidence> {
        let read = |statement: &Statement| {
            Delta::from_canonical(&statement.delta.0).map_err(|_| NotEvidence::NoDelta)
        };
        match self {
            Evidence::Equivocation { ours, theirs, .. } => {
                let (one, other) = (read(ours)?, read(theirs)?);
                if one.dot != other.dot {
                    return Err(NotEvidence::OtherDot);
                }
                if one == other { Err(NotEvidence::NoContradiction) } else { Ok(one.dot) }
            }
            Evidence::Unfounded { theirs, parents, claimed, .. } => {
                let delta = read(theirs)?;
                if hash_of(&Digest::of(&theirs.delta.0), parents) == *claimed {
                    return Err(NotEvidence::NoContradiction);
                }
                Ok(delta.dot)
            }
        }
    }

    /// Digests of the deltas that contradict each other: ours and theirs. `None` of an unfounded hash.
    pub fn digests(&self) -> Option<[Digest; 2]> {
        match self {
            Evidence::Equivocation { ours, theirs, .. } => {
                Some([Digest::of(&ours.delta.0), Digest::of(&theirs.delta.0)])
            }
            Evidence::Unfounded { .. } => None,
        }
    }
}
