//! One step of the causal index: what place the next events have, by what the index knows of those before them.
//!
//! Pure. The levels of a step are found together: an event that names one that comes later in the same step stands above it
//! at once. What stands lower than it must because of this step is left to be settled (`store::causal`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ramanujan_core::{Digest, VectorClock};

use crate::levels::{Leveled, raise};

/// An event that is not in the index yet.
#[derive(Clone, Debug)]
pub struct Coming {
    /// Its number in the log.
    pub seq: u64,
    /// Its identity.
    pub id: Digest,
    /// Whose it is.
    pub agent: String,
    /// The document that it is about, the empty text if none.
    pub document: String,
    /// The number that its sender gave it.
    pub number: Option<u64>,
    /// What its agent had seen of the document, itself counted.
    pub clock: VectorClock,
    /// What it names.
    pub causes: Vec<Digest>,
}

impl Coming {
    /// The agent's entry in its own clock.
    pub fn own(&self) -> u64 {
        self.clock.get(&self.agent)
    }
}

/// The events of one agent in one document: (document, agent).
pub type Chain<'a> = (&'a str, &'a str);

/// An event of a chain that stands in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The agent's entry in its own clock.
    pub own: u64,
    /// The sum of its clock.
    pub total: u64,
    /// Its level.
    pub level: u64,
}

/// What the index and the log know of the events of a step.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// Of named events in the log, the number, and the level of those in the index.
    pub causes: HashMap<Digest, (u64, Option<u64>)>,
    /// Of each chain that a clock names, the first event of those with the greatest counter.
    pub heads: HashMap<Chain<'a>, Standing>,
    /// Of a chain and a counter below that of its head, the first event of those with the greatest counter up to this one.
    pub earlier: HashMap<(Chain<'a>, u64), Standing>,
    /// Of agents, the greatest number in the index and the level of its event.
    pub last_numbers: HashMap<&'a str, (u64, u64)>,
    /// Of an agent and a number below the greatest, the number before it and the level of its event.
    pub numbers_before: HashMap<(&'a str, u64), (u64, u64)>,
    /// Events of the step that others name which are in the index already.
    pub named: HashSet<u64>,
    /// Events in the index that waited for an event with this id.
    pub awaiting: Vec<(Digest, u64)>,
    /// The greatest counter of each chain that an event in the index knows.
    pub heard: HashMap<Chain<'a>, u64>,
}

/// What a step adds to the index.
#[derive(Debug, Default)]
pub struct Step<'a> {
    /// Of each event its level, in the order of the events.
    pub levels: Vec<u64>,
    /// (cause, effect).
    pub links: Vec<(u64, u64)>,
    /// Names of events that are not there, and who names them.
    pub awaited: Vec<(Digest, u64)>,
    /// Ids that are no longer waited for.
    pub arrived: BTreeSet<Digest>,
    /// The greatest counter of each chain that an event of the step knows.
    pub heard: BTreeMap<Chain<'a>, u64>,
    /// Events that may have come after what they caused, or that stand in a circle.
    pub late: BTreeSet<u64>,
}

/// The chains that the clocks of events name, and those that the events are of.
pub fn chains(coming: &[Coming]) -> BTreeSet<Chain<'_>> {
    let mut chains = BTreeSet::new();
    for event in coming {
        chains
            .extend(event.clock.entries().iter().map(|(agent, _)| (event.document.as_str(), agent.as_str())));
        chains.insert((event.document.as_str(), event.agent.as_str()));
    }
    chains
}

/// The counters for which the heads of their chains are too new.
pub fn below_heads<'a>(
    coming: &'a [Coming],
    heads: &HashMap<Chain<'a>, Standing>,
) -> BTreeSet<(Chain<'a>, u64)> {
    let mut asked = BTreeSet::new();
    for event in coming {
        for (agent, &count) in event.clock.entries().iter() {
            let chain = (event.document.as_str(), agent.as_str());
            let Some(head) = heads.get(&chain) else { continue };
            if count < head.own {
                asked.insert((chain, count));
            }
            // Its agent's event of the same counter may be itself over again: then the one before counts.
            if agent.as_str() == event.agent && count > 0 && count <= head.own {
                asked.insert((chain, count - 1));
            }
        }
    }
    asked
}

/// The first event of each counter of the chains of a step: (total, which event).
type Own<'a> = HashMap<Chain<'a>, BTreeMap<u64, (u64, usize)>>;

/// Gives the next events their places.
pub fn place<'a>(coming: &'a [Coming], known: &Known<'a>) -> Step<'a> {
    let mut step = Step::default();
    let mut edges = Vec::new();
    let by_id: HashMap<Digest, u64> = coming.iter().map(|event| (event.id, event.seq)).collect();
    let own = own(coming);
    let numbers = numbers(coming);
    let mut levels = BTreeMap::new();
    for event in coming {
        let mut least = 0;
        for cause in &event.causes {
            if let Some(seq) = by_id.get(cause) {
                step.links.push((*seq, event.seq));
                edges.push((*seq, event.seq));
            } else if let Some((seq, level)) = known.causes.get(cause) {
                step.links.push((*seq, event.seq));
                least = least.max(level.unwrap_or(0));
            } else {
                step.awaited.push((*cause, event.seq));
            }
        }
        if let Some(number) = event.number {
            let agent = event.agent.as_str();
            let within = numbers.get(agent).and_then(|own| own.range(..number).next_back());
            let before = match known.last_numbers.get(agent) {
                Some((last, level)) if *last < number => Some((*last, *level)),
                Some(_) => known.numbers_before.get(&(agent, number)).copied(),
                None => None,
            };
            match (within, before) {
                (Some((near, seq)), before) if before.is_none_or(|(far, _)| far <= *near) => {
                    edges.push((*seq, event.seq));
                }
                (_, Some((_, level))) => least = least.max(level),
                (_, None) => {}
            }
            if known.last_numbers.get(agent).is_some_and(|(last, _)| *last > number) {
                step.late.insert(event.seq);
            }
        }
        for (agent, &count) in event.clock.entries().iter() {
            match named(event, agent.as_str(), count, known, &own, coming) {
                Some(Before::Standing(level)) => least = least.max(level),
                Some(Before::Coming(seq)) => edges.push((seq, event.seq)),
                None => {}
            }
        }
        let level = event.clock.total().max(event.number.unwrap_or(0)).max(least + 1);
        levels.insert(event.seq, Leveled { level, raised: false });
        if known.named.contains(&event.seq) || heard_of(event, known) {
            step.late.insert(event.seq);
        }
        for (agent, &count) in event.clock.entries().iter() {
            let most = step.heard.entry((&event.document, agent.as_str())).or_default();
            *most = count.max(*most);
        }
        if event.clock.total() > 0 {
            step.heard.entry((&event.document, &event.agent)).or_default();
        }
    }
    step.late.extend(raise(&mut levels, &edges));
    for (id, effect) in &known.awaiting {
        let Some(seq) = by_id.get(id) else { continue };
        step.links.push((*seq, *effect));
        step.arrived.insert(*id);
        step.late.insert(*seq);
    }
    step.levels = coming.iter().map(|event| levels.get(&event.seq).map_or(1, |event| event.level)).collect();
    step
}

/// The first event of each counter in each chain.
fn own(coming: &[Coming]) -> Own<'_> {
    let mut own = Own::new();
    for (at, event) in coming.iter().enumerate().filter(|(_, event)| event.clock.total() > 0) {
        let total = event.clock.total();
        let chain = own.entry((event.document.as_str(), event.agent.as_str())).or_default();
        let first = chain.entry(event.own()).or_insert((total, at));
        if total < first.0 {
            *first = (total, at);
        }
    }
    own
}

/// The numbers of each agent, with the events that have them.
fn numbers(coming: &[Coming]) -> HashMap<&str, BTreeMap<u64, u64>> {
    let mut numbers: HashMap<&str, BTreeMap<u64, u64>> = HashMap::new();
    for event in coming {
        if let Some(number) = event.number {
            numbers.entry(&event.agent).or_default().insert(number, event.seq);
        }
    }
    numbers
}

/// What an event came after.
enum Before {
    /// Something in the index, of this level.
    Standing(u64),
    /// Another event of the step.
    Coming(u64),
}

/// The event that the entry (agent, count) of a clock names: of those with the greatest counter up to it the first, and of its
/// own agent one before itself.
fn named(
    event: &Coming,
    agent: &str,
    count: u64,
    known: &Known<'_>,
    own: &Own<'_>,
    coming: &[Coming],
) -> Option<Before> {
    let chain = (event.document.as_str(), agent);
    let standing = |count: u64| match known.heads.get(&chain) {
        Some(head) if head.own <= count => Some(*head),
        Some(_) => known.earlier.get(&(chain, count)).copied(),
        None => None,
    };
    let within = |count: u64| {
        let (own, (total, at)) = own.get(&chain)?.range(..=count).next_back()?;
        Some((*own, *total, coming.get(*at)?.seq))
    };
    let itself = agent == event.agent;
    let is_before = |own: u64, total: u64| !itself || own < event.own() || total < event.clock.total();
    let mut from_index = standing(count);
    if from_index.is_some_and(|found| !is_before(found.own, found.total)) {
        from_index = count.checked_sub(1).and_then(standing);
    }
    let mut from_step = within(count);
    if from_step.is_some_and(|(own, total, _)| !is_before(own, total)) {
        from_step = count.checked_sub(1).and_then(within);
    }
    match (from_index, from_step) {
        (Some(found), Some((own, total, _)))
            if found.own > own || (found.own == own && found.total <= total) =>
        {
            Some(Before::Standing(found.level))
        }
        (_, Some((_, _, seq))) => Some(Before::Coming(seq)),
        (Some(found), None) => Some(Before::Standing(found.level)),
        (None, None) => None,
    }
}

/// Whether an event in the index may know of this one: a clock there counts as far, and it is the first event of its counter.
fn heard_of(event: &Coming, known: &Known<'_>) -> bool {
    let own = event.own();
    let chain = (event.document.as_str(), event.agent.as_str());
    if own == 0 || known.heard.get(&chain).is_none_or(|most| *most < own) {
        return false;
    }
    let standing = match known.heads.get(&chain) {
        Some(head) if head.own <= own => Some(head),
        _ => known.earlier.get(&(chain, own)),
    };
    standing.is_none_or(|found| found.own != own || found.total > event.clock.total())
}
