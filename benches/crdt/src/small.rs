//! Clocks, counters and sets beside `crdts`: a clone of one replica's state takes in the other's.
//!
//! Actors and elements are `u64` on both sides. The peer's merge consumes the other state; the clones that it consumes
//! are made beforehand and not timed, so it is timed at its best.

use std::collections::BTreeMap;
use std::time::Instant;

use crdts::{CmRDT, CvRDT, GCounter, Orswot, PNCounter, VClock};
use ramanujan_core::{AgentId, VersionVector};
use ramanujan_crdt::Json;
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::types::{self, OrSet, State};
use serde_json::json;

use crate::contestants::Failure;
use crate::measure::{Limits, Sample, medians, repeated, stretched};
use crate::table::{Cell, Goal, OURS, OWN_JSON, Row, Unit};

const ACTORS: [u64; 3] = [9, 48, 1000];
const PEER: &str = "crdts";
/// Of the peer's time: five times as fast.
const GOAL: Goal = Goal { at_most: 0.2 };
/// Of the size of its JSON.
const SIZE_GOAL: Goal = Goal { at_most: 0.5 };

/// How the two states came apart.
#[derive(Clone, Copy)]
enum Shape {
    /// Both know all actors; each has heard more of some.
    SameActors,
    /// A quarter of the actors is known to the one only, another quarter to the other only.
    OtherActors,
}

impl Shape {
    const ALL: [(Shape, &'static str); 2] =
        [(Shape::SameActors, "same actors"), (Shape::OtherActors, "some actors new")];

    /// What the left and the right replica have heard of an actor.
    fn heard(self, actor: u64, actors: u64) -> (u64, u64) {
        let count = 1 + actor % 7;
        match self {
            Shape::SameActors if actor.is_multiple_of(2) => (count + 1, count),
            Shape::SameActors => (count, count + 2),
            Shape::OtherActors if actor < actors / 4 => (count, 0),
            Shape::OtherActors if actor >= actors - actors / 4 => (0, count),
            Shape::OtherActors => (count, count),
        }
    }
}

/// The rows of all types.
pub(crate) fn rows(limits: Limits, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for actors in ACTORS {
        for (shape, name) in Shape::ALL {
            let what = format!("clone and merge, {name}");
            for (subject, pair) in [
                ("version vector", clocks as fn(u64, Shape) -> Result<Pair, Failure>),
                ("GCounter", g_counters),
                ("PN-counter", pn_counters),
                ("OR-set", sets),
            ] {
                let subject = format!("{subject}, {actors} actors");
                if !is_wanted(&subject) {
                    continue;
                }
                let Pair { ours, peer } = pair(actors, shape)?;
                let [ours, peer] = <[_; 2]>::try_from(medians(vec![ours, peer], limits))
                    .map_err(|_| "a measurement is missing")?;
                let cell = |result: Result<f64, String>| result.map_or_else(Cell::Missing, Cell::Value);
                let cells = [(OURS.to_owned(), cell(ours)), (PEER.to_owned(), cell(peer))];
                rows.push(Row {
                    subject,
                    what: what.clone(),
                    unit: Unit::Time,
                    goal: Some(GOAL),
                    cells: cells.into(),
                });
            }
        }
        let subject = format!("OR-set, {actors} actors");
        if is_wanted(&subject) {
            rows.push(size(subject, actors)?);
        }
    }
    Ok(rows)
}

/// One merge by both sides.
struct Pair {
    ours: Sample<'static>,
    peer: Sample<'static>,
}

impl Pair {
    fn new<O: Clone + 'static, P: Clone + CvRDT + 'static>(
        (left, right): (O, O),
        join: fn(&mut O, &O),
        (peer_left, peer_right): (P, P),
    ) -> Self {
        let ours = repeated(move || {
            let mut merged = left.clone();
            join(&mut merged, &right);
            merged
        });
        Pair { ours, peer: consuming(peer_left, peer_right) }
    }
}

/// As [`repeated`], for a merge that consumes its argument.
fn consuming<P: Clone + CvRDT + 'static>(left: P, right: P) -> Sample<'static> {
    stretched(move |calls| {
        let arguments: Vec<P> = vec![right.clone(); calls];
        let started = Instant::now();
        for argument in arguments {
            let mut merged = left.clone();
            merged.merge(argument);
            std::hint::black_box(merged);
        }
        started.elapsed()
    })
}

fn agree(equal: bool) -> Result<(), Failure> {
    if equal { Ok(()) } else { Err("the two libraries merge to different values".into()) }
}

fn clocks(actors: u64, shape: Shape) -> Result<Pair, Failure> {
    let mut ours: (VersionVector<u64>, VersionVector<u64>) = (VersionVector::new(), VersionVector::new());
    let mut peer: (VClock<u64>, VClock<u64>) = (VClock::new(), VClock::new());
    for actor in 0..actors {
        let (left, right) = shape.heard(actor, actors);
        ours.0.raise(&actor, left);
        ours.1.raise(&actor, right);
        if left > 0 {
            peer.0.apply(crdts::Dot::new(actor, left));
        }
        if right > 0 {
            peer.1.apply(crdts::Dot::new(actor, right));
        }
    }
    let (mut merged, mut theirs) = (ours.0.clone(), peer.0.clone());
    merged.join(&ours.1);
    theirs.merge(peer.1.clone());
    agree((0..actors).all(|actor| merged.counter(&actor) == theirs.get(&actor)))?;
    Ok(Pair::new(ours, VersionVector::join, peer))
}

fn g_counters(actors: u64, shape: Shape) -> Result<Pair, Failure> {
    let mut ours: (types::GCounter<u64>, types::GCounter<u64>) = Default::default();
    let mut peer: (GCounter<u64>, GCounter<u64>) = Default::default();
    for actor in 0..actors {
        let (left, right) = shape.heard(actor, actors);
        if left > 0 {
            ours.0.raise(&actor, left);
            peer.0.apply(peer.0.inc_many(actor, left));
        }
        if right > 0 {
            ours.1.raise(&actor, right);
            peer.1.apply(peer.1.inc_many(actor, right));
        }
    }
    let (mut merged, mut theirs) = (ours.0.clone(), peer.0.clone());
    merged.join(&ours.1);
    theirs.merge(peer.1.clone());
    agree(merged.value().to_string() == theirs.read().to_string())?;
    Ok(Pair::new(ours, types::GCounter::join, peer))
}

fn pn_counters(actors: u64, shape: Shape) -> Result<Pair, Failure> {
    let mut ours: (types::PnCounter<u64>, types::PnCounter<u64>) = Default::default();
    let mut peer: (PNCounter<u64>, PNCounter<u64>) = Default::default();
    for actor in 0..actors {
        let (left, right) = shape.heard(actor, actors);
        for (heard, mine, theirs) in [(left, &mut ours.0, &mut peer.0), (right, &mut ours.1, &mut peer.1)] {
            if heard > 0 {
                mine.raise(&actor, Totals { p: heard + 10, n: heard });
                theirs.apply(theirs.inc_many(actor, heard + 10));
                theirs.apply(theirs.dec_many(actor, heard));
            }
        }
    }
    let (mut merged, mut theirs) = (ours.0.clone(), peer.0.clone());
    merged.join(&ours.1);
    theirs.merge(peer.1.clone());
    agree(merged.value().to_string() == theirs.read().to_string())?;
    Ok(Pair::new(ours, types::PnCounter::join, peer))
}

/// One element per actor. Known to both, a quarter is then added anew and a quarter removed, half of it on each side.
fn sets(actors: u64, shape: Shape) -> Result<Pair, Failure> {
    let mut ours: (OrSet<u64, u64>, OrSet<u64, u64>) = (OrSet::new(), OrSet::new());
    let mut peer: (Orswot<u64, u64>, Orswot<u64, u64>) = (Orswot::new(), Orswot::new());
    let add = |mine: &mut OrSet<u64, u64>, theirs: &mut Orswot<u64, u64>, actor: u64| {
        mine.add(&actor, actor);
        let operation = theirs.add(actor, theirs.read_ctx().derive_add_ctx(actor));
        theirs.apply(operation);
    };
    for actor in 0..actors {
        let (left, right) = match shape {
            Shape::SameActors => (1, 1),
            Shape::OtherActors => shape.heard(actor, actors),
        };
        if left > 0 {
            add(&mut ours.0, &mut peer.0, actor);
        }
        if right > 0 {
            add(&mut ours.1, &mut peer.1, actor);
        }
    }
    if matches!(shape, Shape::SameActors) {
        for actor in 0..actors {
            let (mine, theirs) =
                if actor.is_multiple_of(2) { (&mut ours.0, &mut peer.0) } else { (&mut ours.1, &mut peer.1) };
            match actor % 8 {
                0 | 1 => add(mine, theirs, actor),
                2 | 3 => {
                    mine.remove(&actor, &actor);
                    let operation = theirs.rm(actor, theirs.contains(&actor).derive_rm_ctx());
                    theirs.apply(operation);
                }
                _ => {}
            }
        }
    }
    let (mut merged, mut theirs) = (ours.0.clone(), peer.0.clone());
    merged.join(&ours.1);
    theirs.merge(peer.1.clone());
    let mut elements: Vec<u64> = theirs.read().val.into_iter().collect();
    elements.sort_unstable();
    agree(merged.iter().copied().eq(elements))?;
    Ok(Pair::new(ours, OrSet::join, peer))
}

/// The encoded state beside the same state in JSON, and beside what the peer has: its serde form in JSON.
fn size(subject: String, actors: u64) -> Result<Row, Failure> {
    let mut set: OrSet<Json> = OrSet::new();
    let mut peer: Orswot<u64, u64> = Orswot::new();
    let mut elements = Vec::new();
    let mut version = BTreeMap::new();
    for actor in 0..actors {
        let agent: AgentId = actor.to_string().parse()?;
        let element = Json::int(actor.into()).ok_or("beyond what JSON can carry")?;
        set.add(&agent, element);
        let operation = peer.add(actor, peer.read_ctx().derive_add_ctx(actor));
        peer.apply(operation);
        elements.push(json!({"value": actor, "dots": [format!("{agent}:1")]}));
        version.insert(agent.to_string(), 1);
    }
    let text = json!({"crdt_type": "or-set", "version": version, "elements": elements}).to_string();
    let cells = [
        (OURS, State::OrSet(set).encode().len()),
        (OWN_JSON, text.len()),
        (PEER, serde_json::to_string(&peer)?.len()),
    ];
    Ok(Row {
        subject,
        what: "state on the wire".to_owned(),
        unit: Unit::Bytes,
        goal: Some(SIZE_GOAL),
        cells: cells.map(|(name, bytes)| (name.to_owned(), Cell::Value(bytes as f64))).into(),
    })
}
