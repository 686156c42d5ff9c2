//! Two replicas that worked apart: what both send until they are equal.

use std::collections::HashSet;

use ramanujan_core::Dot;
use ramanujan_sync::Direction;
use yrs::updates::encoder::Encode;

use crate::automerging;
use crate::contestants::{Automerge, Contestant, Diamond, Failure, Loro, Ours, Yrs};
use crate::copies::document;
use crate::pair::{Cost, Pair};
use crate::session::{Plan, Played};
use crate::shelf::Shelf;
use crate::table::{Goal, Row, Unit};
use crate::trace::Trace;

/// A contestant whose exchange is: here is my version, give me what I lack.
trait Versioned: Contestant {
    /// Bytes of a version on the wire; 0 where the library has no encoding for it.
    fn version_bytes(version: &Self::Version) -> u64;
}

impl Versioned for Yrs {
    fn version_bytes(version: &Self::Version) -> u64 {
        version.encode_v1().len() as u64
    }
}

impl Versioned for Loro {
    fn version_bytes(version: &Self::Version) -> u64 {
        version.encode().len() as u64
    }
}

impl Versioned for Diamond {
    fn version_bytes(_: &Self::Version) -> u64 {
        0
    }
}

/// The two replicas, as they were after their own last operations.
fn replicas<C: Contestant>(
    trace: &Trace,
    plan: &Plan,
    (left, right): (usize, usize),
) -> Result<(C, C), Failure> {
    if let Some(reason) = C::obstacle(trace) {
        return Err(reason.into());
    }
    let mut replicas = Played::<C>::new(trace, plan)?.replicas;
    let right = replicas[right].copy()?;
    Ok((replicas.swap_remove(left), right))
}

/// Bytes of versions and updates, and of the updates alone.
fn versioned<C: Versioned>(trace: &Trace, plan: &Plan, pair: (usize, usize)) -> Result<(u64, u64), Failure> {
    let (mut one, mut other) = replicas::<C>(trace, plan, pair)?;
    let versions = C::version_bytes(&one.version()) + C::version_bytes(&other.version());
    let (of_one, of_other) = (one.known_by(&mut other)?, other.known_by(&mut one)?);
    let (to_other, to_one) = (one.diff(&of_one)?, other.diff(&of_other)?);
    one.apply(&to_one)?;
    other.apply(&to_other)?;
    if one.text()? != other.text()? {
        return Err("the replicas differ afterwards".into());
    }
    let updates = (to_one.len() + to_other.len()) as u64;
    Ok((versions + updates, updates))
}

/// Bytes of automerge's protocol where both know the heads that they last had in common, and of the changes alone.
fn automerge(trace: &Trace, plan: &Plan, pair: (usize, usize)) -> Result<(u64, u64), Failure> {
    let (mut one, mut other) = replicas::<Automerge>(trace, plan, pair)?;
    let shared = automerging::shared_heads(&mut one.document, &mut other.document);
    let changes = one.document.save_after(&shared).len() + other.document.save_after(&shared).len();
    let bytes = automerging::exchange(&mut one.document, &mut other.document, &shared)?;
    if one.text()? != other.text()? {
        return Err("the replicas differ afterwards".into());
    }
    Ok((bytes, changes as u64))
}

/// A round that pulls and pushes, where both have the cursors of what they had in common.
fn ours(trace: &Trace, plan: &Plan, pair: (usize, usize)) -> Result<Cost, Failure> {
    let (one, other) = replicas::<Ours>(trace, plan, pair)?;
    let dots = |own: &Ours| -> Result<HashSet<Dot>, Failure> {
        Ok(own.document.deltas()?.map(|delta| delta.dot).collect())
    };
    let (has_one, has_other) = (dots(&one)?, dots(&other)?);
    let fill = |shelf: &mut Shelf, own: &Ours, common: bool, theirs: &HashSet<Dot>| -> Result<(), Failure> {
        for delta in own.document.deltas()?.filter(|delta| theirs.contains(&delta.dot) == common) {
            if !shelf.push(&document()?, delta, None) {
                return Err("a delta comes before its parent".into());
            }
        }
        Ok(())
    };
    let mut pair = Pair::new(Direction::Both, [Shelf::new(1), Shelf::new(2)])?;
    fill(&mut pair.stores[0], &one, true, &has_other)?;
    fill(&mut pair.stores[1], &one, true, &has_other)?;
    pair.round()?;
    fill(&mut pair.stores[0], &one, false, &has_other)?;
    fill(&mut pair.stores[1], &other, false, &has_one)?;
    let cost = pair.round()?;
    if !pair.are_equal() {
        return Err("the sites differ after a round".into());
    }
    Ok(cost)
}

/// The rows of a recording with replicas that diverge.
pub(crate) fn measure(trace: &Trace, skip_slow: bool) -> Result<Vec<Row>, Failure> {
    let Some(pair) = trace.diverged else { return Ok(Vec::new()) };
    let plan = Plan::of(trace);
    let cost = ours(trace, &plan, pair)?;
    eprintln!("    {}: {}; deltas {}", trace.name, cost.by_kind(), cost.deltas);
    let work = format!("two diverged replicas of {}", trace.name);
    let mut rows = [
        Row::new(&work, "all bytes, both ways", Unit::Bytes, cost.bytes as f64, Goal::OfBest(1.0)),
        Row::new(&work, "of these the deltas", Unit::Bytes, cost.deltas as f64, Goal::OfBest(1.0)),
        Row::new(&work, "round trips", Unit::Count, cost.trips as f64, Goal::None),
    ];
    let yrs = if skip_slow && trace.operations.len() > crate::LONG {
        Err("takes minutes, left out with --quick".into())
    } else {
        versioned::<Yrs>(trace, &plan, pair)
    };
    let peers = [
        ("automerge", automerge(trace, &plan, pair)),
        ("yrs", yrs),
        ("loro", versioned::<Loro>(trace, &plan, pair)),
        ("diamond-types", versioned::<Diamond>(trace, &plan, pair)),
    ];
    for (name, bytes) in peers {
        let bytes = bytes.map_err(|error| error.to_string());
        let part =
            |of: fn(&(u64, u64)) -> u64| bytes.as_ref().map(|all| of(all) as f64).map_err(Clone::clone);
        rows[0].peers.push((name.into(), part(|all| all.0)));
        rows[1].peers.push((name.into(), part(|all| all.1)));
    }
    Ok(rows.into())
}
