//! Checking operations: dot, parents, causal past, position.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Digest, Dot, MAX_SAFE_INTEGER, Problem, VectorClock};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::state::{EMPTY_CHAIN, extend_chain};
use ramanujan_crdt::wire::{OperationRequest, Wanted};
use ramanujan_crdt::{CrdtType, Delta, Op, TextError};
use ramanujan_shell::Store;

use super::Indexed;
use super::known::{Known, KnownDocument, Needed, fetch, past_of};
use super::resolve::{Resolver, code_points};

/// First number of newest deltas looked at for the fork of several parents; it grows fourfold while the fork lies
/// further back.
const FIRST_TAIL: u64 = 64;

/// An operation that may be stored, or is.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) delta: Delta,
    pub(super) digest: Digest,
    pub(super) chain: Digest,
    pub(crate) clock: VectorClock,
    pub(super) size: u64,
    pub(super) totals: Totals,
    pub(crate) duplicate: bool,
}

/// The key under which the `index`-th operation of a request is stored.
pub(super) fn key_of(key: &str, index: usize) -> String {
    format!("{key}#{index}")
}

/// Checks a batch in order, each operation also against those before it. `look_for_own`: rows of the batch's own dots
/// may exist already.
pub(super) fn batch(
    store: &Store,
    requests: &[OperationRequest],
    wanted: &[Wanted],
    key: Option<&str>,
    look_for_own: bool,
) -> Result<Vec<Checked>, Indexed> {
    let mut needed = needs(requests, wanted, key, look_for_own);
    'load: loop {
        let mut documents = BTreeMap::new();
        for (document, needed) in &needed {
            documents.insert(*document, fetch(store, document, needed).map_err(|problem| (None, problem))?);
        }
        let mut checked = Vec::with_capacity(requests.len());
        for (index, (request, wanted)) in requests.iter().zip(wanted).enumerate() {
            let Some(known) = documents.get_mut(request.document_id.as_str()) else { continue };
            let key = key.filter(|_| request.seq.is_none()).map(|key| key_of(key, index));
            match one(store, known, request, wanted, key.as_deref()) {
                Ok(new) => checked.push(new),
                Err(Refusal::NeedsHistory) => {
                    if let Some(needed) = needed.get_mut(request.document_id.as_str()) {
                        needed.tail = (needed.tail * 4).max(FIRST_TAIL);
                    }
                    continue 'load;
                }
                Err(Refusal::Problem(problem)) => return Err((Some(index), problem)),
            }
        }
        return Ok(checked);
    }
}

fn needs<'a>(
    requests: &'a [OperationRequest],
    wanted: &[Wanted],
    key: Option<&str>,
    look_for_own: bool,
) -> BTreeMap<&'a str, Needed> {
    let mut needed: BTreeMap<&str, Needed> = BTreeMap::new();
    for (index, (request, wanted)) in requests.iter().zip(wanted).enumerate() {
        let needed = needed.entry(request.document_id.as_str()).or_default();
        let own = |seq| Dot::new(request.agent_id.clone(), seq);
        match (request.seq, key) {
            (Some(seq), _) => {
                if seq > 1 {
                    needed.dots.insert(own(seq - 1));
                }
                if look_for_own || request.parents.is_none() {
                    needed.dots.insert(own(seq));
                }
            }
            (None, key) => {
                needed.newest = true;
                needed.keys.extend(key.map(|key| (request.agent_id.to_string(), key_of(key, index))));
            }
        }
        match (&request.parents, &request.vector_clock) {
            (Some(parents), _) => {
                needed.dots.extend(parents.iter().cloned());
                // Only the position in a text depends on what lies between the parents and their fork.
                if parents.len() > 1 && wanted.crdt_type() == CrdtType::Text {
                    needed.tail = FIRST_TAIL;
                }
            }
            (None, Some(clock)) => needed.dots.extend(dots_of(clock)),
            (None, None) => needed.newest = true,
        }
    }
    needed
}

/// The newest dot of each agent in a version. Clock keys are agent ids by construction.
fn dots_of(clock: &VectorClock) -> impl Iterator<Item = Dot> {
    clock.iter().filter_map(|(agent, seq)| Some(Dot::new(agent.parse().ok()?, seq)))
}

enum Refusal {
    NeedsHistory,
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::Problem(problem)
    }
}

fn one(
    store: &Store,
    known: &mut KnownDocument,
    request: &OperationRequest,
    wanted: &Wanted,
    key: Option<&str>,
) -> Result<Checked, Refusal> {
    let agent = &request.agent_id;
    let by_document;
    let wanted = if known.crdt_type.is_some_and(|existing| existing != wanted.crdt_type()) {
        by_document = request.wanted(known.crdt_type)?;
        &by_document
    } else {
        wanted
    };
    if let Some(existing) = known.crdt_type
        && existing != wanted.crdt_type()
    {
        let detail = format!(
            "{} is a {existing} document; {} is an operation of {}",
            request.document_id,
            request.operation,
            wanted.crdt_type()
        );
        return Err(Problem::new(Code::TypeConflict, detail).into());
    }
    let before = match request.seq {
        Some(seq) => known.get(&Dot::new(agent.clone(), seq)),
        None => key.and_then(|key| known.by_key(agent.as_str(), key)),
    };
    if let Some(stored) = before {
        return Ok(repeated(store, stored, request, wanted)?);
    }
    let parents = match (&request.parents, &request.vector_clock) {
        (Some(parents), _) => parents.clone(),
        (None, Some(clock)) => dots_of(clock).collect(),
        (None, None) => known.heads(),
    };
    let mut past = VectorClock::new();
    let mut with_clocks = Vec::with_capacity(parents.len());
    for parent in parents {
        let Some(stored) = known.get(&parent) else {
            let detail = format!("parent {parent} is not in {}; send it first", request.document_id);
            return Err(Problem::new(Code::UnknownParent, detail).with("parent", parent.to_string()).into());
        };
        past.join(&stored.clock);
        with_clocks.push((parent, &stored.clock));
    }
    let parents = ramanujan_crdt::text::maximal(with_clocks);
    let seq = match request.seq {
        Some(seq) => seq,
        None => known.last_seq(agent.as_str()) + 1,
    };
    check_sequence(known, request, &past, seq)?;
    let dot = Dot::new(agent.clone(), seq);
    let previous = known.get(&Dot::new(agent.clone(), seq - 1));
    let (totals, chain) = previous.map_or((Totals::default(), EMPTY_CHAIN), |p| (p.totals, p.chain));
    let in_code_points;
    let wanted = match wanted {
        Wanted::Op(op) if request.counts_utf16() => {
            in_code_points = Wanted::Op(code_points(store, &request.document_id, &past, op)?);
            &in_code_points
        }
        _ => wanted,
    };
    let (op, size, totals) = match wanted {
        Wanted::Append(text) => {
            let position = known.graph.length_at_dots(&parents).map_err(refusal)?;
            let op = Op::Insert { position, text: text.clone() };
            let size = known.graph.push(&dot, &parents, &op).map_err(refusal)?;
            (op, size, totals)
        }
        Wanted::Op(op) if op.crdt_type() == CrdtType::Text => {
            (op.clone(), known.graph.push(&dot, &parents, op).map_err(refusal)?, totals)
        }
        Wanted::Edit(edit) => {
            let edit = match edit.resolved() {
                Some(edit) => edit,
                None => {
                    let resolver = match known.resolver.take() {
                        Some(resolver) if resolver.is_at(&past) => resolver,
                        _ => Resolver::at(store, &request.document_id, &past, &known.added)?,
                    };
                    known.resolver.insert(resolver).resolve(edit)?
                }
            };
            (Op::Edit(edit), 0, totals)
        }
        Wanted::Op(op) => {
            let (plus, minus) = match op {
                Op::Increment { amount } | Op::Grow { amount } => (*amount, 0),
                Op::Decrement { amount } => (0, *amount),
                _ => (0, 0),
            };
            let totals = totals.add(plus, minus).ok_or_else(|| {
                Problem::new(Code::CounterOverflow, format!("the totals of {agent} would exceed 2^53-1"))
            })?;
            (op.clone(), 0, totals)
        }
    };
    let mut clock = past;
    clock.observe(agent.as_str(), seq);
    let delta = Delta { dot, parents, op };
    let digest = delta.digest();
    let chain = extend_chain(&chain, &digest);
    let new = Known { delta: delta.clone(), clock: clock.clone(), digest, chain, size, totals };
    if let Some(resolver) = known.resolver.take_if(|resolver| resolver.is_at(&past_of(&new))) {
        let mut resolver = resolver;
        resolver.follow(&new)?;
        known.resolver = Some(resolver);
    }
    known.add(new);
    Ok(Checked { delta, digest, chain, clock, size, totals, duplicate: false })
}

/// The operation under this dot or key exists: the same again is a duplicate, anything else a conflict.
fn repeated(
    store: &Store,
    stored: &Known,
    request: &OperationRequest,
    wanted: &Wanted,
) -> Result<Checked, Problem> {
    let parents_agree = match (&request.parents, &request.vector_clock) {
        (Some(parents), _) => {
            // Parents may be named redundantly; the version they stand for is what counts.
            stored.delta.parents.iter().all(|parent| parents.contains(parent))
                && parents.iter().all(|parent| past_of(stored).get(parent.agent.as_str()) >= parent.seq)
        }
        (None, Some(clock)) => past_of(stored) == *clock,
        (None, None) => true,
    };
    if !parents_agree || !is_wanted(store, request, wanted, stored)? {
        let detail = format!(
            "{} of {} exists with other content; an operation is never replaced",
            stored.delta.dot, request.document_id
        );
        return Err(
            Problem::new(Code::DotConflict, detail).with("operation_id", stored.delta.dot.to_string())
        );
    }
    Ok(Checked {
        delta: stored.delta.clone(),
        digest: stored.digest,
        chain: stored.chain,
        clock: stored.clock.clone(),
        size: stored.size,
        totals: stored.totals,
        duplicate: true,
    })
}

/// Whether the stored operation is what is asked for now.
fn is_wanted(
    store: &Store,
    request: &OperationRequest,
    wanted: &Wanted,
    stored: &Known,
) -> Result<bool, Problem> {
    let (document, op) = (&request.document_id, &stored.delta.op);
    Ok(match wanted {
        Wanted::Op(wanted) if request.counts_utf16() => {
            code_points(store, document, &past_of(stored), wanted).is_ok_and(|wanted| wanted == *op)
        }
        Wanted::Op(wanted) => wanted == op,
        Wanted::Append(wanted) => matches!(op, Op::Insert { text, .. } if text == wanted),
        Wanted::Edit(wanted) => match wanted.resolved() {
            Some(edit) => *op == Op::Edit(edit),
            // Indexes are those of the version that the stored operation was made on.
            None => Resolver::at(store, document, &past_of(stored), &[])?
                .resolve(wanted)
                .is_ok_and(|edit| *op == Op::Edit(edit)),
        },
    })
}

/// A replica is sequential: the past of `agent:n` holds `agent:n-1` and nothing later of it.
fn check_sequence(
    known: &KnownDocument,
    request: &OperationRequest,
    past: &VectorClock,
    seq: u64,
) -> Result<(), Problem> {
    let agent = &request.agent_id;
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
        let detail = format!("{agent}:{seq} comes before {agent}:{}, which is not stored", seq - 1);
        return Err(Problem::new(Code::SeqGap, detail));
    }
    let detail = format!(
        "the parents of {agent}:{seq} do not contain {agent}:{}; a replica that edits two versions needs two agent ids",
        seq - 1
    );
    Err(Problem::new(Code::AgentNotSequential, detail))
}

fn refusal(error: TextError) -> Refusal {
    let code = match &error {
        TextError::NeedsHistory => return Refusal::NeedsHistory,
        TextError::OutOfRange { .. } => Code::PositionOutOfRange,
        TextError::TooLong(_) | TextError::TooManyEvents => Code::DocumentTooLong,
        TextError::UnknownParent(_) => Code::UnknownParent,
        TextError::DuplicateDot(_) | TextError::Empty | TextError::NotText(_) => Code::InvalidOperation,
    };
    Problem::new(code, error.to_string()).into()
}
