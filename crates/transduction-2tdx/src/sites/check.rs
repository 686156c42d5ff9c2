//! Whether a stored document follows from its deltas: every hash from the delta and its parents' hashes, the heads from all.

use std::collections::BTreeMap;

use ramanujan_core::{Digest, DocumentId, Dot};
use ramanujan_crdt::Delta;
use ramanujan_crdt::state::hash_of;
use ramanujan_sync::change::Change;
use ramanujan_sync::pack::Pack;
use ramanujan_sync::verify;
use serde::{Deserialize, Serialize};

/// The first thing that does not follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "VerifyFinding"))]
pub(crate) struct Finding {
    /// What is wrong.
    pub(crate) what: String,
    /// The delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation_id: Option<Dot>,
    /// The hash that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stored: Option<Digest>,
    /// The hash that follows from the delta and from what it was made after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recomputed: Option<Digest>,
}

impl Finding {
    pub(crate) fn of(what: &str) -> Self {
        Finding { what: what.to_owned(), operation_id: None, stored: None, recomputed: None }
    }
}

/// A document as it was recomputed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "VerifiedDocument"))]
pub(crate) struct Checked {
    /// The document.
    pub(crate) document_id: DocumentId,
    /// Digest of the canonical state; none if there is no such document.
    pub(crate) digest: Option<Digest>,
    /// Deltas that were read.
    pub(crate) operations: u64,
    /// Whether every stored hash follows from the deltas.
    pub(crate) follows: bool,
    /// The first thing that does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) finding: Option<Finding>,
}

/// A document whose deltas are being read, in a causal order.
pub(crate) struct Check {
    change: Change,
    hashes: BTreeMap<Dot, Digest>,
    finding: Option<Finding>,
}

impl Check {
    /// Begins with what is said of the document.
    pub(crate) fn of(change: Change) -> Self {
        Check { change, hashes: BTreeMap::new(), finding: None }
    }

    /// Takes in deltas with the hashes that are stored with them. Whether there is reason to read on.
    pub(crate) fn take(&mut self, pack: &Pack) -> bool {
        let Ok(deltas) = pack.open() else {
            self.finding = Some(Finding::of("stored deltas cannot be read"));
            return false;
        };
        let claims: BTreeMap<Dot, Digest> = pack.claims.iter().cloned().collect();
        let needed = verify::needed(&deltas);
        let known =
            needed.into_iter().filter_map(|dot| Some((dot.clone(), *self.hashes.get(&dot)?))).collect();
        let found = verify::check(deltas, &claims, &known);
        self.hashes.extend(found.good.iter().map(|(delta, hash)| (delta.dot.clone(), *hash)));
        // What later deltas commit to is right whatever stands beside it, but here that counts, too.
        let beside = |(delta, hash): &(Delta, Digest)| {
            let stored = claims.get(&delta.dot).copied()?;
            (stored != *hash).then(|| (delta.clone(), stored))
        };
        let beside = found.good.iter().find_map(beside);
        if let Some((delta, stored)) = found.mismatched.first().cloned().or(beside) {
            let parents: Option<Vec<&Digest>> =
                delta.parents.iter().map(|dot| self.hashes.get(dot)).collect();
            self.finding = Some(Finding {
                what: "the stored hash of a delta is not the one that follows from it and from its parents"
                    .into(),
                recomputed: parents.map(|parents| hash_of(&delta.digest(), parents)),
                operation_id: Some(delta.dot),
                stored: Some(stored),
            });
        } else if !found.is_clean() {
            let dot =
                found.missing.first().cloned().or_else(|| Some(found.contradicting.first()?.dot.clone()));
            let what = "deltas are missing, or are there twice, or come after themselves";
            self.finding = Some(Finding { operation_id: dot, ..Finding::of(what) });
        }
        self.finding.is_none()
    }

    /// Something of it could not be read.
    pub(crate) fn spoil(&mut self, what: &str) {
        self.finding.get_or_insert_with(|| Finding::of(what));
    }

    /// What came of it.
    pub(crate) fn finish(mut self) -> Checked {
        if self.finding.is_none() {
            let differs = |(dot, hash): &&(Dot, Digest)| self.hashes.get(dot) != Some(hash);
            self.finding = self.change.heads.iter().find(differs).map(|(dot, hash)| Finding {
                what: "a head's stored hash is not that of its delta".into(),
                operation_id: Some(dot.clone()),
                stored: Some(*hash),
                recomputed: self.hashes.get(dot).copied(),
            });
        }
        Checked {
            digest: Some(self.change.state().digest()),
            operations: self.hashes.len() as u64,
            follows: self.finding.is_none(),
            finding: self.finding,
            document_id: self.change.document,
        }
    }
}
