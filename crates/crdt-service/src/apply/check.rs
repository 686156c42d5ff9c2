//! Checking operations: dot, parents, causal past, position.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ramanujan_core::{Code, DocumentId, Dot, MAX_SAFE_INTEGER, Problem, VectorClock};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::state::hash_of;
use ramanujan_crdt::wire::Wanted;
use ramanujan_crdt::{CrdtType, Delta, Op};

use super::cause::Cause;
use super::known::{Known, Needed};
use super::operation::{Base, Operation};
use super::resolve::{ContentAt, Resolver, code_points};
use super::unfit::Unfit;
use crate::record::Recorded;
use crate::version::SMALL_CLOCK;

/// What became of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub(crate) record: Rc<Recorded>,
    /// What it has seen of the heads that were stored, if it has seen all of its batch before it.
    pub(crate) seen: Option<Rc<BTreeSet<Dot>>>,
    /// The same operation is recorded already.
    pub(crate) duplicate: bool,
    /// What its first parents are, in their order; as many as were asked for.
    pub(crate) causes: Vec<Cause>,
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

/// What has to be known of each document for [`batch`].
pub(crate) fn needs<'a>(operations: &'a [Operation], key: Option<&str>) -> BTreeMap<&'a str, Needed> {
    let mut needed: BTreeMap<&str, Needed> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        let needed = needed.entry(operation.document.as_str()).or_default();
        needed.agents.insert(operation.agent.to_string());
        if operation.seq.is_none() {
            needed.keys.extend(key.map(|key| (operation.agent.to_string(), key_of(key, index))));
        }
        match &operation.base {
            Base::Parents(parents) | Base::Exactly(parents) => {
                needed.parents.extend(parents.iter().cloned());
                // The position in a text depends on what lies between the parents and their fork.
                if parents.len() > 1
                    && operation.wanted.crdt_type() == CrdtType::Text
                    && needed.steps_back == 0
                {
                    needed.widen();
                }
            }
            Base::Clock(clock) => needed.parents.extend(dots_of(clock)),
            Base::Current => needed.heads = true,
        }
    }
    needed
}

/// The dots that the operations of a batch are to have, as far as they say so.
pub(crate) fn own_dots(operations: &[Operation]) -> impl Iterator<Item = (&str, Dot)> {
    operations.iter().filter_map(|operation| {
        Some((operation.document.as_str(), Dot::new(operation.agent.clone(), operation.seq?)))
    })
}

/// Checks a batch in order, each operation also against those before it.
pub(crate) fn batch<'a>(
    operations: &'a [Operation],
    key: Option<&str>,
    documents: &mut BTreeMap<&'a str, Known>,
    content_at: &ContentAt<'_>,
) -> Result<Vec<Accepted>, Refusal<'a>> {
    let mut accepted = Vec::with_capacity(operations.len());
    // Of each JSON document, as the last edit of the batch saw it.
    let mut resolvers: BTreeMap<&str, Option<Resolver>> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        let document = operation.document.as_str();
        let key = key.filter(|_| operation.seq.is_none()).map(|key| key_of(key, index));
        let known = documents.entry(document).or_default();
        let resolver = resolvers.entry(document).or_default();
        match one(known, resolver, operation, key.as_deref(), content_at) {
            Ok(new) => {
                let claims = operation.check_claims(&new.record);
                claims.map_err(|problem| Refusal::Operation(index, problem))?;
                accepted.push(new);
            }
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

fn one(
    known: &mut Known,
    resolver: &mut Option<Resolver>,
    operation: &Operation,
    key: Option<&str>,
    content_at: &ContentAt<'_>,
) -> Result<Accepted, Unfit> {
    let agent = &operation.agent;
    let wanted = operation.wanted_in(known.crdt_type)?;
    let before = match operation.seq {
        Some(seq) => known.record(&Dot::new(agent.clone(), seq)),
        None => key.and_then(|key| known.by_key(agent.as_str(), key)),
    };
    if let Some(before) = before.map(Rc::clone) {
        let accepted = repeated(known, resolver, before, operation, &wanted, content_at)?;
        // The next one is a repetition too, as a rule, and was made after this one.
        follow(resolver, &accepted.record)?;
        return Ok(accepted);
    }
    let last = known.last(agent.as_str());
    let seq = operation.seq.unwrap_or(last.seq + 1);
    if seq <= last.seq {
        refuse_later(operation, seq)?;
        return Err(Unfit::NeedsOwn);
    }
    let (parents, past) = newest_parents(known, operation)?;
    check_sequence(known, operation, &parents, past.as_ref(), seq)?;
    let dot = Dot::new(agent.clone(), seq);
    let op = op_at(known, resolver, operation, &wanted, &parents, content_at)?;
    let size = if op.crdt_type() == CrdtType::Text { known.graph.push(&dot, &parents, &op)? } else { 0 };
    let Totals { p, n } = op.counts();
    let totals = last.totals.add(p, n).ok_or_else(|| {
        Problem::new(Code::CounterOverflow, format!("the totals of {agent} would exceed 2^53-1"))
    })?;
    let delta = Delta { dot, parents, op };
    let digest = delta.digest();
    let new = Rc::new(Recorded {
        clock: past.and_then(|past| after(past, &delta.dot)),
        hash: hash_of(&digest, delta.parents.iter().filter_map(|parent| Some(&known.get(parent)?.hash))),
        delta,
        digest,
        whole: false,
        size,
        totals,
        log: 0,
        received: 0,
    });
    follow(resolver, &new)?;
    let seen = known.add(&new);
    Ok(Accepted { record: new, seen, duplicate: false, causes: Vec::new() })
}

/// The version after a delta that was made on `past`, where it is small enough to be kept.
fn after(mut past: VectorClock, dot: &Dot) -> Option<VectorClock> {
    past.observe(dot.agent.as_str(), dot.seq);
    (past.len() <= SMALL_CLOCK).then_some(past)
}

/// The newest of an operation's parents, each known, and the version that they make, where that is kept.
fn newest_parents(known: &Known, operation: &Operation) -> Result<(Vec<Dot>, Option<VectorClock>), Unfit> {
    let parents = match &operation.base {
        Base::Parents(parents) | Base::Exactly(parents) => parents.clone(),
        Base::Clock(clock) => dots_of(clock).collect(),
        Base::Current => known.heads(),
    };
    if let Some(unknown) = parents.iter().find(|parent| known.get(parent).is_none()) {
        let detail = format!("parent {unknown} is not in {}; send it first", operation.document);
        return Err(Problem::new(Code::UnknownParent, detail).with("parent", unknown.to_string()).into());
    }
    let (newest, past) = known.newest_of(parents)?;
    if let Base::Exactly(parents) = &operation.base
        && *parents != newest
    {
        let newest = newest.iter().map(Dot::to_string).collect::<Vec<_>>().join(", ");
        let detail = format!(
            "a delta of {} has parents that are not sorted, or that others of them have seen; the newest are {newest}",
            operation.agent
        );
        return Err(Problem::new(Code::InvalidDelta, detail).into());
    }
    Ok((newest, past))
}

/// What an operation does, in our own terms: code points, and places named by dots.
fn op_at(
    known: &Known,
    resolver: &mut Option<Resolver>,
    operation: &Operation,
    wanted: &Wanted,
    parents: &[Dot],
    content_at: &ContentAt<'_>,
) -> Result<Op, Unfit> {
    Ok(match wanted {
        Wanted::Op(op) if operation.utf16 => code_points(content_at, &operation.document, parents, op)?,
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
            None => {
                let document = &operation.document;
                Op::Edit(resolver_at(resolver, content_at, document, parents, known)?.resolve(edit)?)
            }
        },
    })
}

/// The JSON document at the version of `parents`: the one that was asked for last, if that is it.
fn resolver_at<'a>(
    resolver: &'a mut Option<Resolver>,
    content_at: &ContentAt<'_>,
    document: &DocumentId,
    parents: &[Dot],
    known: &Known,
) -> Result<&'a Resolver, Unfit> {
    let found = match resolver.take() {
        Some(found) if found.is_at(parents) => found,
        _ => Resolver::at(content_at, document, parents, known)?,
    };
    Ok(resolver.insert(found))
}

/// Takes a delta into the JSON document at hand, if it was made on that.
fn follow(resolver: &mut Option<Resolver>, new: &Recorded) -> Result<(), Problem> {
    match resolver {
        Some(resolver) if resolver.is_at(&new.delta.parents) => resolver.follow(new),
        _ => Ok(()),
    }
}

/// The operation under this dot or key exists: the same again is a duplicate, anything else a conflict.
fn repeated(
    known: &Known,
    resolver: &mut Option<Resolver>,
    before: Rc<Recorded>,
    operation: &Operation,
    wanted: &Wanted,
    content_at: &ContentAt<'_>,
) -> Result<Accepted, Unfit> {
    let same = |dots: Vec<Dot>| -> Result<bool, Unfit> {
        // Parents may be named redundantly; the version they stand for is what counts.
        let is_known = dots.iter().all(|dot| known.get(dot).is_some());
        Ok(is_known && known.newest_of(dots)?.0 == before.delta.parents)
    };
    let parents_agree = match &operation.base {
        Base::Parents(parents) => before.delta.parents == *parents || same(parents.clone())?,
        Base::Exactly(parents) if before.delta.parents == *parents => true,
        Base::Exactly(_) => {
            // Where they are no parents of any delta, that is what is wrong.
            newest_parents(known, operation)?;
            false
        }
        Base::Clock(clock) => same(dots_of(clock).collect())?,
        Base::Current => true,
    };
    if !parents_agree || !is_wanted(known, resolver, &before, operation, wanted, content_at)? {
        let detail = format!(
            "{} of {} exists with other content; an operation is never replaced",
            before.dot(),
            operation.document
        );
        let problem = Problem::new(Code::DotConflict, detail);
        return Err(problem.with("operation_id", before.dot().to_string()).into());
    }
    Ok(Accepted { record: before, seen: None, duplicate: true, causes: Vec::new() })
}

/// Whether the recorded operation is what is asked for now.
fn is_wanted(
    known: &Known,
    resolver: &mut Option<Resolver>,
    before: &Recorded,
    operation: &Operation,
    wanted: &Wanted,
    content_at: &ContentAt<'_>,
) -> Result<bool, Unfit> {
    let (document, Delta { parents, op, .. }) = (&operation.document, &before.delta);
    Ok(match wanted {
        Wanted::Op(wanted) if operation.utf16 => {
            code_points(content_at, document, parents, wanted).is_ok_and(|wanted| wanted == *op)
        }
        Wanted::Op(wanted) => wanted == op,
        Wanted::Append(wanted) => matches!(op, Op::Insert { text, .. } if text == wanted),
        Wanted::Edit(wanted) => match wanted.resolved() {
            Some(edit) => *op == Op::Edit(edit),
            // Indexes are those of the version that the recorded operation was made on.
            None => resolver_at(resolver, content_at, document, parents, known)?
                .resolve(wanted)
                .is_ok_and(|edit| *op == Op::Edit(edit)),
        },
    })
}

/// Refuses an operation whose parents name a later one of its agent.
fn refuse_later(operation: &Operation, seq: u64) -> Result<(), Problem> {
    let agent = &operation.agent;
    let seen = match &operation.base {
        Base::Parents(parents) | Base::Exactly(parents) => {
            parents.iter().filter(|parent| parent.agent == *agent).map(|parent| parent.seq).max()
        }
        Base::Clock(clock) => Some(clock.counter(agent)),
        Base::Current => None,
    };
    match seen.filter(|seen| *seen >= seq) {
        None => Ok(()),
        Some(seen) => {
            let detail = format!("the parents of {agent}:{seq} already contain {agent}:{seen}");
            Err(Problem::new(Code::SeqInPast, detail).with("expected_seq", seen + 1))
        }
    }
}

/// An agent is sequential: the past of `agent:n` holds `agent:n-1` and nothing later of it.
fn check_sequence(
    known: &Known,
    operation: &Operation,
    parents: &[Dot],
    past: Option<&VectorClock>,
    seq: u64,
) -> Result<(), Unfit> {
    let agent = &operation.agent;
    if seq > MAX_SAFE_INTEGER {
        return Err(Problem::new(Code::InvalidOperation, format!("{agent} has used up its numbers")).into());
    }
    let last = known.last(agent.as_str()).seq;
    if last + 1 != seq {
        let detail = format!("{agent}:{seq} comes after {agent}:{}, which is not stored", seq - 1);
        return Err(Problem::new(Code::SeqGap, detail).into());
    }
    let has_seen_last = match past {
        Some(past) => past.counter(agent) == last,
        None => known.has_seen_last(parents, agent)?,
    };
    if has_seen_last {
        return Ok(());
    }
    let detail = format!(
        "the parents of {agent}:{seq} do not contain {agent}:{last}; a replica that edits two versions needs two agent ids"
    );
    Err(Problem::new(Code::AgentNotSequential, detail).into())
}

#[cfg(test)]
mod tests {
    use ramanujan_crdt::request::{Change, EditRequest, PathStep};
    use ramanujan_crdt::{Edit, Json};

    use super::*;

    fn recorded(seq: u64, parents: &[Dot], edit: Edit) -> Recorded {
        let dot = Dot::new("a".parse().unwrap(), seq);
        let delta = Delta { dot, parents: parents.to_vec(), op: Op::Edit(edit) };
        let digest = delta.digest();
        let (clock, totals) = (None, Totals::default());
        Recorded { delta, clock, digest, hash: digest, whole: true, size: 0, totals, log: seq, received: 0 }
    }

    /// A batch of edits by index that is sent again would otherwise read the document for each of them.
    #[test]
    fn one_version_after_the_other_is_read_once() {
        let stored = |_: &DocumentId, _: &[Dot]| Err(Problem::new(Code::NoSuchVersion, "read"));
        let (known, mut resolver, document) = (Known::default(), None, "d".parse().unwrap());
        let request = EditRequest {
            path: vec![PathStep::Key("list".into())],
            change: Change::InsertItem { position: None, value: Json::Int(1) },
        };
        let mut parents: Vec<Dot> = Vec::new();
        for seq in 1..4 {
            // Of the empty version alone nothing has to be read.
            let Ok(found) = resolver_at(&mut resolver, &stored, &document, &parents, &known) else {
                panic!("{seq} is read")
            };
            let edit = found.resolve(&request).unwrap();
            let new = recorded(seq, &parents, edit);
            follow(&mut resolver, &new).unwrap();
            parents = vec![new.dot().clone()];
        }
        parents.push("b:1".parse().unwrap());
        assert!(resolver_at(&mut resolver, &stored, &document, &parents, &known).is_err(), "another version");
    }
}
