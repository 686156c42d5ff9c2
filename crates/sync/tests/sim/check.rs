//! What must hold.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Digest, DocumentId, Dot};
use ramanujan_crdt::state::HashDag;

use crate::document::{Document, Entry, dots};
use crate::plan::Plan;
use crate::store::Memory;
use crate::world::{Met, World, name};

/// Milliseconds in which everything must be equal once it is mended.
const PATIENCE_MS: u64 = 120_000;

/// What came of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) trace: u64,
    pub(crate) met: Met,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    /// Milliseconds after which all were equal, from the moment at which everything was mended.
    pub(crate) converged_ms: u64,
    /// The most rounds that a site had finished with a peer then.
    pub(crate) rounds: u64,
}

/// Runs a plan.
///
/// # Errors
/// What does not hold.
pub(crate) fn run(plan: &Plan) -> Result<Report, String> {
    let mut world = World::new(plan.clone());
    world.run_until(plan.faulty_ms);
    world.heal();
    let step = if plan.faulty_ms == 0 { 20 } else { 500 };
    let mut waiting = String::new();
    for _ in 0..PATIENCE_MS / step {
        world.run_until(world.now + step);
        if let Some(problem) = &world.problem {
            return Err(problem.clone());
        }
        match unequal(&world) {
            None => {
                for site in &world.sites {
                    sound(&site.store)?;
                }
                let rounds = world.sites.iter().flat_map(|site| site.rounds.values()).max();
                return Ok(Report {
                    trace: world.trace,
                    frames: world.frames,
                    bytes: world.bytes,
                    converged_ms: world.now - plan.faulty_ms,
                    rounds: rounds.copied().unwrap_or(0),
                    met: world.met,
                });
            }
            Some(why) => waiting = why,
        }
    }
    Err(format!("not equal after {PATIENCE_MS} ms: {waiting}"))
}

/// What one new delta costs where all was equal: the most rounds of a site with a peer until all have it, and the questions that
/// were asked meanwhile.
///
/// # Errors
/// What does not hold.
pub(crate) fn spread(plan: &Plan) -> Result<(u64, u64), String> {
    let mut world = World::new(plan.clone());
    world.run_until(20_000);
    if let Some(why) = unequal(&world) {
        return Err(why);
    }
    let rounds = |world: &World| -> Vec<u64> {
        world.sites.iter().flat_map(|site| site.rounds.values().copied()).collect()
    };
    let (before, frames) = (rounds(&world), world.frames);
    world.write(0);
    for _ in 0..1000 {
        world.run_until(world.now + 20);
        if unequal(&world).is_none() {
            let after = rounds(&world);
            let most = before.iter().zip(&after).map(|(before, after)| after - before).max();
            return Ok((most.unwrap_or(0), (world.frames - frames) / 2));
        }
    }
    Err("one delta does not get everywhere".into())
}

/// Documents in which a dot was given to two contents.
fn contested(world: &World) -> BTreeSet<&DocumentId> {
    world.hashes.iter().filter(|(_, hashes)| hashes.len() > 1).map(|((document, _), _)| document).collect()
}

/// Why sites that should be equal are not.
fn unequal(world: &World) -> Option<String> {
    let contested = contested(world);
    let all: BTreeSet<&DocumentId> =
        world.sites.iter().flat_map(|site| site.store.documents.keys()).collect();
    let empty = Document::default();
    for site in 0..world.sites.len() {
        if world.sites[site].engine.is_none() {
            return Some(format!("s{site} is down"));
        }
    }
    for document in all {
        let honest = (0..world.sites.len()).filter(|site| world.is_honest(*site));
        let held: Vec<(usize, &Document)> = honest
            .filter(|site| world.sites[*site].interest.holds(document))
            .map(|site| (site, world.sites[site].store.documents.get(document).unwrap_or(&empty)))
            .collect();
        if contested.contains(document) {
            if let Some(why) = unnoticed(world, document) {
                return Some(why);
            }
            continue;
        }
        let (first, one) = held[0];
        for (site, other) in &held[1..] {
            let same = one.heads == other.heads
                && dots(one) == dots(other)
                && one.marks == other.marks
                && one.freezes.keys().eq(other.freezes.keys());
            if !same {
                return Some(format!(
                    "{document} is not the same at s{first} ({}, {} marks, {} freezes) and s{site} ({}, {} marks, {} freezes)",
                    one.deltas.len(),
                    one.marks,
                    one.freezes.len(),
                    other.deltas.len(),
                    other.marks,
                    other.freezes.len(),
                ));
            }
        }
        for (site, own) in &held {
            if let Some(dot) = lost(world, document, own) {
                return Some(format!("s{site} lacks {dot} of {document}, which was acknowledged"));
            }
        }
    }
    for (number, site) in world.sites.iter().enumerate() {
        if let Some(document) = site.store.documents.keys().find(|document| !site.interest.holds(document)) {
            return Some(format!("s{number} has {document}, in which it is not interested"));
        }
    }
    None
}

fn lost<'a>(world: &'a World, document: &DocumentId, own: &Document) -> Option<&'a Dot> {
    let acknowledged = world.acknowledged.iter().filter(|(of, ..)| of == document);
    let is_lost = |dot: &Dot, hash: &Digest| own.deltas.get(dot).is_none_or(|(held, _)| held != hash);
    acknowledged.filter(|(_, dot, hash)| is_lost(dot, hash)).map(|(_, dot, _)| dot).next()
}

/// A site that fetches from one with another history under the same dots must have found out.
fn unnoticed(world: &World, document: &DocumentId) -> Option<String> {
    for (number, site) in world.sites.iter().enumerate() {
        let engine = site.engine.as_ref()?;
        let barred: BTreeSet<_> = engine
            .status()
            .into_iter()
            .flat_map(|peer| peer.quarantines)
            .filter(|quarantine| quarantine.document == *document)
            .map(|quarantine| quarantine.site)
            .collect();
        let own = site.store.documents.get(document)?;
        let fetches = engine.status().into_iter().filter(|peer| peer.cursors.pull.is_some());
        for peer in fetches.map(|peer| peer.site) {
            let other = world.graph.neighbours(number).iter().find(|other| name(**other) == peer)?;
            let Some(theirs) = world.sites[*other].store.documents.get(document) else { continue };
            let differs = own
                .deltas
                .iter()
                .any(|(dot, (hash, _))| theirs.deltas.get(dot).is_some_and(|(theirs, _)| theirs != hash));
            if differs && !barred.contains(&peer) {
                return Some(format!("s{number} has not noticed that {document} is another at {peer}"));
            }
        }
    }
    None
}

/// Everything a store says of its documents follows from its deltas.
fn sound(store: &Memory) -> Result<(), String> {
    let mut dags: BTreeMap<&DocumentId, HashDag> = BTreeMap::new();
    for entry in &store.log {
        let Entry::Delta { document, delta, hash } = entry else { continue };
        let dag = dags.entry(document).or_insert_with(|| HashDag::new(delta.op.crdt_type()));
        let made =
            dag.push(&delta.dot, &delta.parents, &delta.digest()).map_err(|error| error.to_string())?;
        if made != *hash {
            return Err(format!("{} of {document} has a hash that does not follow", delta.dot));
        }
    }
    for (document, dag) in dags {
        if store.documents[document].state().as_ref() != Some(dag.state()) {
            return Err(format!("the state of {document} does not follow from its deltas"));
        }
    }
    Ok(())
}

/// A smaller plan that fails as well: classes of faults, time and documents are left out one by one.
pub(crate) fn shrink(plan: &Plan) -> Plan {
    let mut least = plan.clone();
    loop {
        let mut smaller: Vec<Plan> = least
            .classes
            .iter()
            .map(|class| {
                let classes = least.classes.iter().copied().filter(|other| other != class).collect();
                Plan { classes, ..least.clone() }
            })
            .collect();
        if least.faulty_ms > 1000 {
            smaller.push(Plan { faulty_ms: least.faulty_ms / 2, ..least.clone() });
        }
        if least.documents > 1 {
            smaller.push(Plan { documents: least.documents / 2, ..least.clone() });
        }
        match smaller.into_iter().find(|plan| run(plan).is_err()) {
            Some(plan) => least = plan,
            None => return least,
        }
    }
}
