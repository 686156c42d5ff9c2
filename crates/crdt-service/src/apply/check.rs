//! Checking operations: dot, parents, causal past, position.

use std::collections::BTreeMap;
use std::rc::Rc;

use ramanujan_core::{Code, Dot, MAX_SAFE_INTEGER, Problem, VectorClock};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::state::{EMPTY_CHAIN, extend_chain};
use ramanujan_crdt::text::maximal;
use ramanujan_crdt::wire::Wanted;
use ramanujan_crdt::{CrdtType, Delta, Op, TextError};

use super::known::{Known, Needed};
use super::operation::{Base, Operation};
use super::resolve::{ContentAt, code_points};
use crate::record::Recorded;

/// What became of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub(crate) record: Rc<Recorded>,
    /// The same operation is recorded already.
    pub(crate) duplicate: bool,
}

/// Why a batch cannot be accepted.
pub(crate) enum Refusal<'a> {
    /// The fork of parents lies further back than the tail of this document that was read.
    NeedsHistory { document: &'a str },
    /// An operation is stored already, and its row was not read.
    NeedsOwn,
    /// What is wrong with the operation of this index.
    Operation(usize, Problem),
}

/// The key under which the `index`-th operation of a request is stored.
pub(crate) fn key_of(key: &str, index: usize) -> String {
    format!("{key}#{index}")
}

/// What has to be known of each document for [`batch`]. `look_for_own`: rows of the batch's own dots may exist already.
pub(crate) fn needs<'a>(
    operations: &'a [Operation],
    key: Option<&str>,
    look_for_own: bool,
) -> BTreeMap<&'a str, Needed> {
    let mut needed: BTreeMap<&str, Needed> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        let needed = needed.entry(operation.document.as_str()).or_default();
        let own = |seq| Dot::new(operation.agent.clone(), seq);
        match operation.seq {
            Some(seq) => {
                if seq > 1 {
                    needed.dots.insert(own(seq - 1));
                }
                if look_for_own || !matches!(operation.base, Base::Parents(_) | Base::Exactly(_)) {
                    needed.dots.insert(own(seq));
                }
            }
            None => {
                needed.newest = true;
                needed.keys.extend(key.map(|key| (operation.agent.to_string(), key_of(key, index))));
            }
        }
        match &operation.base {
            Base::Parents(parents) | Base::Exactly(parents) => {
                needed.dots.extend(parents.iter().cloned());
                // Only the position in a text depends on what lies between the parents and their fork.
                if parents.len() > 1 && operation.wanted.crdt_type() == CrdtType::Text && needed.tail == 0 {
                    needed.widen();
                }
            }
            Base::Clock(clock) => needed.dots.extend(dots_of(clock)),
            Base::Current => needed.newest = true,
        }
    }
    needed
}

/// Checks a batch in order, each operation also against those before it.
pub(crate) fn batch<'a>(
    operations: &'a [Operation],
    key: Option<&str>,
    documents: &mut BTreeMap<&'a str, Known>,
    content_at: &ContentAt<'_>,
) -> Result<Vec<Accepted>, Refusal<'a>> {
    let mut accepted = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let document = operation.document.as_str();
        let key = key.filter(|_| operation.seq.is_none()).map(|key| key_of(key, index));
        let known = documents.entry(document).or_default();
        match one(known, operation, key.as_deref(), content_at) {
            Ok(new) => accepted.push(new),
            Err(Unfit::NeedsHistory) => return Err(Refusal::NeedsHistory { document }),
            Err(Unfit::NeedsOwn) => return Err(Refusal::NeedsOwn),
            Err(Unfit::Problem(problem)) => return Err(Refusal::Operation(index, problem)),
        }
    }
    Ok(accepted)
}

/// The newest dot of each agent in a version. Clock keys are agent ids by construction.
fn dots_of(clock: &VectorClock) -> impl Iterator<Item = Dot> {
    clock.iter().filter_map(|(agent, seq)| Some(Dot::new(agent.parse().ok()?, seq)))
}

/// Why one operation is not accepted as things are.
enum Unfit {
    NeedsHistory,
    NeedsOwn,
    Problem(Problem),
}

impl From<Problem> for Unfit {
    fn from(problem: Problem) -> Self {
        Unfit::Problem(problem)
    }
}

impl From<TextError> for Unfit {
    fn from(error: TextError) -> Self {
        let code = match &error {
            TextError::NeedsHistory => return Unfit::NeedsHistory,
            // It is in the tail that was read for the fork of another's parents.
            TextError::DuplicateDot(_) => return Unfit::NeedsOwn,
            TextError::OutOfRange { .. } => Code::PositionOutOfRange,
            TextError::TooLong(_) | TextError::TooManyEvents => Code::DocumentTooLong,
            TextError::UnknownParent(_) => Code::UnknownParent,
            TextError::Empty | TextError::NotText(_) => Code::InvalidOperation,
        };
        Problem::new(code, error.to_string()).into()
    }
}

fn one(
    known: &mut Known,
    operation: &Operation,
    key: Option<&str>,
    content_at: &ContentAt<'_>,
) -> Result<Accepted, Unfit> {
    let agent = &operation.agent;
    let wanted = operation.wanted_in(known.crdt_type)?;
    let before = match operation.seq {
        Some(seq) => known.get(&Dot::new(agent.clone(), seq)),
        None => key.and_then(|key| known.by_key(agent.as_str(), key)),
    };
    if let Some(before) = before.map(Rc::clone) {
        let accepted = repeated(known, before, operation, &wanted, content_at)?;
        // The next one is a repetition too, as a rule, and was made after this one.
        known.follow(&accepted.record)?;
        return Ok(accepted);
    }
    let (parents, past) = causal_past(known, operation)?;
    let seq = operation.seq.unwrap_or_else(|| known.last_seq(agent.as_str()) + 1);
    check_sequence(known, operation, &past, seq)?;
    let dot = Dot::new(agent.clone(), seq);
    let previous = known.get(&Dot::new(agent.clone(), seq - 1));
    let (totals, chain) = previous.map_or((Totals::default(), EMPTY_CHAIN), |p| (p.totals, p.chain));
    let op = op_at(known, operation, &wanted, &parents, &past, content_at)?;
    let size = if op.crdt_type() == CrdtType::Text { known.graph.push(&dot, &parents, &op)? } else { 0 };
    let Totals { p, n } = op.counts();
    let totals = totals.add(p, n).ok_or_else(|| {
        Problem::new(Code::CounterOverflow, format!("the totals of {agent} would exceed 2^53-1"))
    })?;
    let mut clock = past;
    clock.observe(agent.as_str(), seq);
    let delta = Delta { dot, parents, op };
    let digest = delta.digest();
    let chain = extend_chain(&chain, &digest);
    let new = Rc::new(Recorded { delta, clock, digest, chain, size, totals, log: 0, received: 0 });
    known.follow(&new)?;
    known.add(&new);
    Ok(Accepted { record: new, duplicate: false })
}

/// The maximal ones of an operation's parents, and the version that they make.
fn causal_past(known: &Known, operation: &Operation) -> Result<(Vec<Dot>, VectorClock), Problem> {
    let parents = match &operation.base {
        Base::Parents(parents) | Base::Exactly(parents) => parents.clone(),
        Base::Clock(clock) => dots_of(clock).collect(),
        Base::Current => known.heads(),
    };
    let with_clocks = known.clocks(parents).map_err(|unknown| {
        let detail = format!("parent {unknown} is not in {}; send it first", operation.document);
        Problem::new(Code::UnknownParent, detail).with("parent", unknown.to_string())
    })?;
    let mut past = VectorClock::new();
    with_clocks.iter().for_each(|(_, clock)| past.join(clock));
    let newest = maximal(with_clocks);
    if let Base::Exactly(parents) = &operation.base
        && *parents != newest
    {
        let newest = newest.iter().map(Dot::to_string).collect::<Vec<_>>().join(", ");
        let detail = format!(
            "a delta of {} has parents that are not sorted, or that others of them have seen; the newest are {newest}",
            operation.agent
        );
        return Err(Problem::new(Code::InvalidDelta, detail));
    }
    Ok((newest, past))
}

/// What an operation does, in our own terms: code points, and places named by dots.
fn op_at(
    known: &mut Known,
    operation: &Operation,
    wanted: &Wanted,
    parents: &[Dot],
    past: &VectorClock,
    content_at: &ContentAt<'_>,
) -> Result<Op, Unfit> {
    Ok(match wanted {
        Wanted::Op(op) if operation.utf16 => code_points(content_at, &operation.document, past, op)?,
        Wanted::Op(op) => {
            // The other edits are checked where their places are found.
            if let Op::Edit(edit) = op
                && let Some(excess) = edit.excess()
            {
                return Err(Problem::new(Code::InvalidOperation, excess.to_string()).into());
            }
            op.clone()
        }
        Wanted::Append(text) => {
            Op::Insert { position: known.graph.length_at_dots(parents)?, text: text.clone() }
        }
        Wanted::Edit(edit) => match edit.resolved() {
            Some(edit) => Op::Edit(edit),
            None => Op::Edit(known.resolver_at(content_at, &operation.document, past)?.resolve(edit)?),
        },
    })
}

/// The operation under this dot or key exists: the same again is a duplicate, anything else a conflict.
fn repeated(
    known: &mut Known,
    before: Rc<Recorded>,
    operation: &Operation,
    wanted: &Wanted,
    content_at: &ContentAt<'_>,
) -> Result<Accepted, Problem> {
    let parents_agree = match &operation.base {
        Base::Parents(parents) => {
            // Parents may be named redundantly; the version they stand for is what counts.
            let past = before.past();
            before.delta.parents.iter().all(|parent| parents.contains(parent))
                && parents.iter().all(|parent| past.get(parent.agent.as_str()) >= parent.seq)
        }
        Base::Exactly(parents) => before.delta.parents == *parents,
        Base::Clock(clock) => before.past() == *clock,
        Base::Current => true,
    };
    if !parents_agree || !is_wanted(known, &before, operation, wanted, content_at)? {
        let detail = format!(
            "{} of {} exists with other content; an operation is never replaced",
            before.dot(),
            operation.document
        );
        return Err(Problem::new(Code::DotConflict, detail).with("operation_id", before.dot().to_string()));
    }
    Ok(Accepted { record: before, duplicate: true })
}

/// Whether the recorded operation is what is asked for now.
fn is_wanted(
    known: &mut Known,
    before: &Recorded,
    operation: &Operation,
    wanted: &Wanted,
    content_at: &ContentAt<'_>,
) -> Result<bool, Problem> {
    let (document, op) = (&operation.document, &before.delta.op);
    Ok(match wanted {
        Wanted::Op(wanted) if operation.utf16 => {
            code_points(content_at, document, &before.past(), wanted).is_ok_and(|wanted| wanted == *op)
        }
        Wanted::Op(wanted) => wanted == op,
        Wanted::Append(wanted) => matches!(op, Op::Insert { text, .. } if text == wanted),
        Wanted::Edit(wanted) => match wanted.resolved() {
            Some(edit) => *op == Op::Edit(edit),
            // Indexes are those of the version that the recorded operation was made on.
            None => known
                .resolver_at(content_at, document, &before.past())?
                .resolve(wanted)
                .is_ok_and(|edit| *op == Op::Edit(edit)),
        },
    })
}

/// An agent is sequential: the past of `agent:n` holds `agent:n-1` and nothing later of it.
fn check_sequence(known: &Known, operation: &Operation, past: &VectorClock, seq: u64) -> Result<(), Problem> {
    let agent = &operation.agent;
    if seq > MAX_SAFE_INTEGER {
        return Err(Problem::new(Code::InvalidOperation, format!("{agent} has used up its numbers")));
    }
    let seen = past.get(agent.as_str());
    if seen + 1 == seq {
        return Ok(());
    }
    if seen >= seq {
        let detail = format!("the parents of {agent}:{seq} already contain {agent}:{seen}");
        return Err(Problem::new(Code::SeqInPast, detail).with("expected_seq", seen + 1));
    }
    if known.get(&Dot::new(agent.clone(), seq - 1)).is_none() {
        let detail = format!("{agent}:{seq} comes after {agent}:{}, which is not stored", seq - 1);
        return Err(Problem::new(Code::SeqGap, detail));
    }
    let detail = format!(
        "the parents of {agent}:{seq} do not contain {agent}:{}; a replica that edits two versions needs two agent ids",
        seq - 1
    );
    Err(Problem::new(Code::AgentNotSequential, detail))
}
