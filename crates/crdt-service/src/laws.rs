//! `POST /crdt/verify`: whether joining the given states obeys the laws of a join semilattice.
//!
//! Every pair and every triple is really joined and the results compared as canonical bytes; a law that fails names
//! the states that show it (Shapiro et al., "Conflict-free Replicated Data Types", 2011, §2.3).
//!
//! The laws are about states of one history, in which a dot names one operation. Where two states have different contents
//! under one dot they are of two, and no law says what their join is: 409 `dot-conflict`, whatever the type. Deltas show it
//! by their digests, before they are folded into states that no longer tell. Encoded states show it where one counts all
//! operations of the other: their join must then be that one.

use ramanujan_core::{Code, Problem, json};
use ramanujan_crdt::CrdtType;
use ramanujan_shell::now_millis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::merge::join::{Form, Operand};
#[cfg(not(target_family = "wasm"))]
use crate::merge::read::Wire;
use crate::merge::read::operand;
use crate::merge::replay::Contents;

/// Fewest and most states of a request: a law about one state says little, and triples grow with the cube.
const STATES: std::ops::RangeInclusive<usize> = 2..=8;
/// Milliseconds after which no further join begins: far below what a request may last.
const BUDGET_MILLIS: u64 = 5000;

/// States to try the laws on.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyRequest {
    crdt_type: CrdtType,
    /// Two to eight states of that type.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(with = "Vec<Wire>", extend("minItems" = *STATES.start(), "maxItems" = *STATES.end()))
    )]
    states: Vec<Box<RawValue>>,
}

/// What was found of one law.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
struct Law {
    /// Whether no instance failed.
    holds: bool,
    /// Instances of the law that were computed.
    checked: u64,
    /// Indexes of states for which it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    counter_example: Option<Vec<usize>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
struct Verdict {
    /// `a ⊔ b = b ⊔ a`.
    commutative: Law,
    /// `(a ⊔ b) ⊔ c = a ⊔ (b ⊔ c)`.
    associative: Law,
    /// `a ⊔ a = a`.
    idempotent: Law,
    /// `(a ⊔ b) ⊔ a = a ⊔ b`: a join is above what was joined.
    monotone: Law,
    /// Whether every instance was computed within the time.
    complete: bool,
}

/// What was found of states.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "Verified"))]
pub(crate) struct Reply {
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("const" = "ok")))]
    status: &'static str,
    crdt_type: CrdtType,
    /// How many states were given.
    states: usize,
    /// Whether all laws hold.
    holds: bool,
    #[serde(flatten)]
    verdict: Verdict,
}

/// The body of the reply to a request with this body.
///
/// # Errors
/// 400 and 422 for a body that is none; whatever refuses a state, with its index; 409 `dot-conflict` if two states have
/// different contents under one dot.
pub(crate) fn verify(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let (mut requests, many) = json::one_or_many(body)?;
    let Some(VerifyRequest { crdt_type, states }) = requests.pop().filter(|_| !many) else {
        return Err(Problem::new(Code::InvalidVerify, "give crdt_type and states"));
    };
    if !STATES.contains(&states.len()) {
        let detail = format!("{} states; {} to {} are taken", states.len(), STATES.start(), STATES.end());
        return Err(Problem::new(Code::InvalidVerify, detail));
    }
    let mut operands = Vec::with_capacity(states.len());
    let mut contents = Contents::default();
    for (index, raw) in states.iter().enumerate() {
        let side = format!("states[{index}]");
        let operand = operand(crdt_type, &side, raw)?;
        for entry in operand.deltas(&side)?.iter() {
            contents.is_new(entry)?;
        }
        // As states, so that it is the join of states that is tried.
        operands.push(operand.folded()?);
    }
    let began = now_millis();
    let verdict = check(&operands, || now_millis().saturating_sub(began) < BUDGET_MILLIS)?;
    let laws = [&verdict.commutative, &verdict.associative, &verdict.idempotent, &verdict.monotone];
    let holds = laws.iter().all(|law| law.holds);
    let reply = Reply { status: "ok", crdt_type, states: operands.len(), holds, verdict };
    Ok(serde_json::to_vec(&reply)?)
}

/// A type with a binary operation that should be the join of a semilattice.
trait Semilattice: Clone {
    /// Whatever the service's own join says of two states that cannot be joined.
    fn join(&self, other: &Self) -> Result<Self, Problem>;
    /// Bytes that are equal exactly for equal states.
    fn canonical(&self) -> Result<Vec<u8>, Problem>;
    /// Whether it says that it holds all operations of `other`, so that their join is itself.
    fn counts(&self, other: &Self) -> bool;
}

impl Semilattice for Operand {
    fn join(&self, other: &Self) -> Result<Self, Problem> {
        self.clone().join(other.clone())
    }

    fn canonical(&self) -> Result<Vec<u8>, Problem> {
        Operand::canonical(self)
    }

    fn counts(&self, other: &Self) -> bool {
        match (&self.form, &other.form) {
            (Form::State(own), Form::State(other)) => own.version().includes(other.version()),
            _ => false,
        }
    }
}

/// 409: two states hold the same operations by their versions, and do not by their contents.
fn two_contents(lesser: usize, greater: usize) -> Problem {
    let detail = format!(
        "states[{greater}] counts all operations of states[{lesser}] and does not hold them: a dot has two different contents"
    );
    Problem::new(Code::DotConflict, detail).with("side", format!("states[{greater}]"))
}

impl Law {
    /// Counts one instance, which shows that the law fails if `left` and `right` differ.
    fn compare(&mut self, left: &[u8], right: &[u8], states: &[usize]) {
        self.checked += 1;
        if left != right && self.counter_example.is_none() {
            self.counter_example = Some(states.to_vec());
        }
        self.holds = self.counter_example.is_none();
    }
}

/// Tries all instances of all laws over `states`, as long as `in_time` says so.
fn check<S: Semilattice>(states: &[S], in_time: impl Fn() -> bool) -> Result<Verdict, Problem> {
    let mut verdict = Verdict {
        commutative: Law { holds: true, ..Law::default() },
        associative: Law { holds: true, ..Law::default() },
        idempotent: Law { holds: true, ..Law::default() },
        monotone: Law { holds: true, ..Law::default() },
        complete: false,
    };
    let alone: Vec<Vec<u8>> = states.iter().map(S::canonical).collect::<Result<_, _>>()?;
    let mut pairs: Vec<Vec<(S, Vec<u8>)>> = Vec::with_capacity(states.len());
    for (a, left) in states.iter().enumerate() {
        let mut row = Vec::with_capacity(states.len());
        for (b, right) in states.iter().enumerate() {
            if !in_time() {
                return Ok(verdict);
            }
            let join = left.join(right)?;
            let bytes = join.canonical()?;
            if a != b && right.counts(left) && bytes != alone[b] {
                return Err(two_contents(a, b));
            }
            row.push((join, bytes));
        }
        pairs.push(row);
    }
    for (a, row) in pairs.iter().enumerate() {
        verdict.idempotent.compare(&row[a].1, &alone[a], &[a]);
        for (b, (join, bytes)) in row.iter().enumerate() {
            if !in_time() {
                return Ok(verdict);
            }
            if a < b {
                verdict.commutative.compare(bytes, &pairs[b][a].1, &[a, b]);
            }
            verdict.monotone.compare(&join.join(&states[a])?.canonical()?, bytes, &[a, b]);
        }
    }
    for (a, left) in states.iter().enumerate() {
        for (b, row) in pairs.iter().enumerate() {
            for (c, right) in states.iter().enumerate() {
                if !in_time() {
                    return Ok(verdict);
                }
                let (first, second) = (pairs[a][b].0.join(right)?, left.join(&row[c].0)?);
                verdict.associative.compare(&first.canonical()?, &second.canonical()?, &[a, b, c]);
            }
        }
    }
    Ok(Verdict { complete: true, ..verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of small numbers as bits, with an operation under test.
    #[derive(Clone)]
    struct Bits(u8, fn(u8, u8) -> u8);

    impl Semilattice for Bits {
        fn join(&self, other: &Self) -> Result<Self, Problem> {
            Ok(Bits((self.1)(self.0, other.0), self.1))
        }

        fn canonical(&self) -> Result<Vec<u8>, Problem> {
            Ok(vec![self.0])
        }

        fn counts(&self, _: &Self) -> bool {
            false
        }
    }

    fn verdict(join: fn(u8, u8) -> u8) -> Verdict {
        check(&[1, 2, 4, 6].map(|bits| Bits(bits, join)), || true).unwrap()
    }

    #[test]
    fn a_join_obeys_all_laws() {
        let verdict = verdict(|a, b| a | b);
        for (law, checked) in [
            (&verdict.commutative, 6),
            (&verdict.associative, 64),
            (&verdict.idempotent, 4),
            (&verdict.monotone, 16),
        ] {
            assert_eq!((law.holds, law.checked, law.counter_example.as_deref()), (true, checked, None));
        }
        assert!(verdict.complete);
    }

    #[test]
    fn a_wrong_join_is_found_out_with_an_example() {
        let last = verdict(|_, b| b);
        assert_eq!(last.commutative.counter_example, Some(vec![0, 1]));
        assert!(last.associative.holds && last.idempotent.holds);
        let sum = verdict(u8::wrapping_add);
        assert_eq!(sum.idempotent.counter_example, Some(vec![0]));
        assert!(sum.commutative.holds && sum.associative.holds && !sum.monotone.holds);
        let difference = verdict(u8::wrapping_sub);
        assert_eq!(difference.associative.counter_example, Some(vec![0, 0, 0]));
        let meet = verdict(|a, b| a & b);
        assert!(meet.commutative.holds && meet.associative.holds && meet.idempotent.holds);
        assert!(meet.monotone.holds, "a meet is a join upside down");
        let symmetric = verdict(|a, b| a ^ b);
        assert!(!symmetric.idempotent.holds && !symmetric.monotone.holds);
    }

    #[test]
    fn what_there_was_no_time_for_is_not_claimed() {
        let verdict = check(&[Bits(1, |a, b| a | b), Bits(2, |a, b| a | b)], || false).unwrap();
        assert_eq!((verdict.complete, verdict.associative.checked), (false, 0));
    }
}
