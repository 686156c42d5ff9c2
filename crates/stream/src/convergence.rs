//! GREEN's convergence witness: the deltas of a document, joined in two orders, are one term up to the laws of a join,
//! and one document when they are applied in both.
//!
//! The two halves say different things. The proof is about terms: whatever `merge` does, if it is associative,
//! commutative and idempotent, both orders give one state; that is so exactly if both join the same deltas. It says
//! nothing about whether this implementation's joins obey the laws. The second recomputation does, for these deltas:
//! it applies them in the second order and must come to the same state.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::wire::DeltaRecord;
use serde::Serialize;

use crate::gadgets::{self, Limits, Step, Verdict};
use crate::join::{Join, replay};
use crate::orders::{Block, Segment, latest_first, segments};
use crate::recompute::{Outcome, Recomputed};

/// Blocks of one proof: all joins of eight things and their nestings are 6,058 nodes, of nine 18,000.
const MAX_BLOCKS: usize = 7;
/// Proofs of one witness.
const MAX_PROOFS: usize = 16;
/// What was joined before a segment; no dot is called so.
const PAST: &str = "past";
const ORDERS: [&str; 2] = ["log", "latest-first"];
const RULES: [&str; 4] = ["assoc:merge", "assoc_rev:merge", "comm:merge", "idem:merge"];

/// What two orders of one document's deltas have in common.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "WitnessConvergence"))]
pub(crate) struct Convergence {
    /// Whether both orders join to one state.
    verdict: Verdict,
    /// Why it is not proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "String"))]
    reason: Option<String>,
    /// As the deltas arrived, and of those that may come next always the one that arrived last.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("const" = ORDERS)))]
    orders: [&'static str; 2],
    /// The laws that the proofs use.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("const" = RULES)))]
    rules: [&'static str; 4],
    /// Proofs in the order of the log. Outside of them both orders are the same.
    proofs: Vec<Proof>,
    /// What the second order comes to; absent where it is the first or was not gone through.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Digest"))]
    second_digest: Option<Digest>,
    /// Of the value that the second order comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Digest"))]
    second_value_digest: Option<Digest>,
}

/// Why two orders of one segment join to the same.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "ConvergenceProof"))]
struct Proof {
    /// The deltas of the part joined in the first order. `past` is what was joined before, `ann:2..ann:7` a run of deltas.
    left: String,
    /// The same in the second order.
    right: String,
    /// From the one to the other.
    steps: Vec<Step>,
}

/// Keeps deltas as they come by, as many as are looked at.
pub(crate) struct Kept {
    most: usize,
    records: Vec<DeltaRecord>,
    too_many: bool,
}

impl Kept {
    /// Keeps at most `most` deltas.
    pub(crate) fn at_most(most: usize) -> Kept {
        Kept { most, records: Vec::new(), too_many: false }
    }

    /// Keeps nothing of a document that has more than `most` deltas.
    pub(crate) fn none(most: usize) -> Kept {
        Kept { most, records: Vec::new(), too_many: true }
    }

    pub(crate) fn push(&mut self, record: DeltaRecord) {
        if self.too_many || self.records.len() == self.most {
            *self = Kept::none(self.most);
        } else {
            self.records.push(record);
        }
    }

    /// The witness, each of its proofs within `bounds`, and the mismatch if the second order comes to something else than `first`.
    pub(crate) fn witness(
        self,
        crdt_type: CrdtType,
        first: &Outcome,
        bounds: Limits,
    ) -> Result<(Convergence, Option<String>), Problem> {
        let mut witness = Convergence {
            verdict: Verdict::NotProved,
            reason: None,
            orders: ORDERS,
            rules: RULES,
            proofs: Vec::new(),
            second_digest: None,
            second_value_digest: None,
        };
        if self.too_many {
            witness.reason = Some(format!("the document has more than {} deltas", self.most));
            return Ok((witness, None));
        }
        let Some(order) = latest_first(&self.records) else {
            witness.reason = Some("a delta follows one that is not there".into());
            return Ok((witness, None));
        };
        let segments = segments(&order);
        (witness.verdict, witness.reason) =
            match proofs(&self.records, &segments, bounds, &mut witness.proofs)? {
                None => (Verdict::Equal, None),
                Some((verdict, reason)) => (verdict, Some(reason)),
            };
        if segments.is_empty() {
            return Ok((witness, None));
        }
        let mut second = Recomputed::new(crdt_type);
        second.push_all(order.iter().map(|place| &self.records[*place]));
        let (second, mismatches) = (second.finish(), second.mismatches);
        (witness.second_digest, witness.second_value_digest) = (Some(second.digest), second.value_digest);
        let agrees = mismatches.is_empty() && second == *first;
        let mismatch = (!agrees).then(|| {
            let first = mismatches.first().map_or("another state", String::as_str);
            format!("joined latest-first, the deltas make something else: {first}")
        });
        Ok((witness, mismatch))
    }
}

/// Proves each segment; what is in the way of the first that is not proved.
fn proofs(
    records: &[DeltaRecord],
    segments: &[Segment],
    bounds: Limits,
    proofs: &mut Vec<Proof>,
) -> Result<Option<(Verdict, String)>, Problem> {
    let unproved = |reason: String| Ok(Some((Verdict::NotProved, reason)));
    if segments.len() > MAX_PROOFS {
        return unproved(format!("{} parts differ; at most {MAX_PROOFS} are proved", segments.len()));
    }
    let rules = RULES.map(str::to_owned);
    for segment in segments {
        let blocks = segment.blocks.len();
        if blocks > MAX_BLOCKS {
            return unproved(format!(
                "{blocks} runs of deltas are concurrent; at most {MAX_BLOCKS} are proved"
            ));
        }
        let names: Vec<String> = segment.blocks.iter().map(|block| name(records, block)).collect();
        let past = || segment.has_past.then(|| PAST.to_owned()).into_iter();
        let left = Join::of(past().chain(names.iter().cloned()));
        let right = Join::of(past().chain(segment.second.iter().map(|block| names[*block].clone())));
        let (Some(left), Some(right)) = (left, right) else { continue };
        let found = gadgets::verify(&left.to_string(), &right.to_string(), &rules, bounds)
            .map_err(|reason| Problem::new(Code::Witness, reason))?;
        match found.verdict {
            Verdict::Equal if replay(&left, &right, &found.steps) => {
                let (left, right) = (left.to_string(), right.to_string());
                proofs.push(Proof { left, right, steps: found.steps });
            }
            Verdict::Equal => return unproved("a proof was found and does not hold".into()),
            Verdict::NotProved => return unproved("no proof was found within the limits".into()),
            Verdict::Refuted => {
                return Ok(Some((Verdict::Refuted, "the orders join different deltas".into())));
            }
        }
    }
    Ok(None)
}

/// The dots of a block: the first, and the last where there are more.
fn name(records: &[DeltaRecord], block: &Block) -> String {
    let dot = |place: usize| format!("{}:{}", records[place].agent_id, records[place].seq);
    match block.deltas {
        1 => dot(block.first),
        deltas => format!("{}..{}", dot(block.first), dot(block.first + deltas - 1)),
    }
}
