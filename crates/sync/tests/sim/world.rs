//! Sites with stores in memory, joined by links that lose, repeat, delay and cut, in virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use ramanujan_agents::topology::Graph;
use ramanujan_core::splitmix::{SplitMix64, mix};
use ramanujan_core::{AgentId, Digest, DocumentId, Dot};
use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::engine::{Cursors, Trouble};
use ramanujan_sync::interest::Interest;
use ramanujan_sync::store::{Question, Store};
use ramanujan_sync::{
    Direction, Engine, Event, Frame, Input, Message, Now, Output, PeerSettings, Settings, SiteId,
};

use crate::plan::{Class, Lie, Plan, graph};
use crate::store::Memory;

/// Which paths were met.
pub(crate) type Met = BTreeMap<&'static str, u64>;

/// What a clock shows at the beginning, in milliseconds: it may be set back by hours.
const EPOCH_MS: u64 = 1 << 40;

/// What happens at a moment.
pub(crate) enum Happening {
    Arrives { to: usize, bytes: Vec<u8> },
    Answers { site: usize, start: u64, ticket: u64, question: Box<Question> },
    Wakes { site: usize, start: u64 },
    Writes { site: usize },
    Fault(Fault),
    Starts { site: usize },
}

#[derive(Clone, Copy)]
pub(crate) enum Fault {
    Next,
    Heal { from: usize, to: usize },
    Jump(usize),
}

pub(crate) struct Site {
    pub(crate) engine: Option<Engine>,
    pub(crate) store: Memory,
    /// How often it was started.
    pub(crate) start: u64,
    pub(crate) cursors: BTreeMap<SiteId, Cursors>,
    /// Milliseconds that its clock is ahead.
    pub(crate) ahead: i64,
    pub(crate) slow: u64,
    pub(crate) lie: Option<Lie>,
    /// What it writes as; another name after a backup was restored, if whoever restores it is careful.
    pub(crate) agent: AgentId,
    pub(crate) interest: Interest,
    wakes_at: Option<u64>,
    pub(crate) rounds: BTreeMap<SiteId, u64>,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) graph: Graph,
    pub(crate) sites: Vec<Site>,
    pub(crate) now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    happenings: BTreeMap<usize, Happening>,
    next: usize,
    pub(crate) random: SplitMix64,
    /// Directed links that are cut.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// All hashes that a delta was ever given by a disk, right or not.
    pub(crate) hashes: BTreeMap<(DocumentId, Dot), BTreeSet<Digest>>,
    /// Deltas that a site has acknowledged.
    pub(crate) acknowledged: BTreeSet<(DocumentId, Dot, Digest)>,
    pub(crate) met: Met,
    pub(crate) trace: u64,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) writing: bool,
    pub(crate) problem: Option<String>,
}

pub(crate) fn name(site: usize) -> SiteId {
    format!("s{site}").parse().expect("a name")
}

fn number(site: &SiteId) -> usize {
    site.as_str()[1..].parse().expect("a number")
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let graph = graph(plan.sites);
        let mut random = SplitMix64::new(mix(plan.seed) ^ 0x5eed);
        let sites = (0..plan.sites).map(|site| Site {
            engine: None,
            store: Memory::new(random.next_u64()),
            start: 0,
            cursors: BTreeMap::new(),
            ahead: 0,
            slow: 1,
            lie: None,
            agent: name(site),
            interest: Interest::all(),
            wakes_at: None,
            rounds: BTreeMap::new(),
        });
        let mut world = World {
            sites: sites.collect(),
            graph,
            now: 0,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            next: 0,
            random,
            cut: BTreeSet::new(),
            hashes: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            met: Met::new(),
            trace: 0,
            frames: 0,
            bytes: 0,
            writing: true,
            problem: None,
            plan,
        };
        world.cast();
        for site in 0..world.sites.len() {
            if world.plan.write_ms == 0 {
                world.write(site);
                world.sites[site].store.synced = world.sites[site].store.log.len();
                world.acknowledge(site);
            } else {
                let at = world.random.below(world.plan.write_ms);
                world.at(at, Happening::Writes { site });
            }
            world.at(0, Happening::Starts { site });
        }
        if world.plan.faulty_ms > 0 {
            world.at(500, Happening::Fault(Fault::Next));
        }
        world
    }

    /// Who lies, who is slow, who is interested in little.
    fn cast(&mut self) {
        let sites = self.sites.len() as u64;
        if self.plan.has(Class::Liar) {
            let lie = [Lie::Claims, Lie::Contents, Lie::History][self.random.below(3) as usize];
            let site = self.random.below(sites) as usize;
            self.sites[site].lie = Some(lie);
        }
        if self.plan.has(Class::Slow) {
            let site = self.random.below(sites) as usize;
            self.sites[site].slow = 200;
        }
        if self.plan.has(Class::Interest) {
            let site = self.random.below(sites) as usize;
            if self.sites[site].lie.is_none() {
                self.sites[site].interest = Interest(vec!["d1*".parse().expect("a pattern")]);
            }
        }
    }

    pub(crate) fn meet(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    pub(crate) fn at(&mut self, when: u64, happening: Happening) {
        self.next += 1;
        self.happenings.insert(self.next, happening);
        // Two things of one moment come in the order in which they were caused.
        self.queue.push(Reverse((when.max(self.now), self.next as u64, self.next)));
    }

    /// Lets everything happen up to a moment, or until something is wrong.
    pub(crate) fn run_until(&mut self, end: u64) {
        while self.problem.is_none() {
            match self.queue.peek() {
                Some(Reverse((when, ..))) if *when <= end => {}
                _ => break,
            }
            let Some(Reverse((when, _, id))) = self.queue.pop() else { break };
            self.now = when;
            if let Some(happening) = self.happenings.remove(&id) {
                self.happen(happening);
            }
        }
        self.now = end;
    }

    fn trace(&mut self, what: u64) {
        self.trace = mix(self.trace ^ what ^ self.now.rotate_left(32));
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives { to, bytes } => {
                self.trace(ramanujan_core::fnv1a64(&bytes) ^ to as u64);
                match decode(&bytes) {
                    Ok(frame) => self.handle(to, Input::Frame(frame)),
                    Err(error) => self.problem = Some(format!("a frame cannot be read: {error}")),
                }
            }
            Happening::Answers { site, start, ticket, question } => {
                if self.sites[site].start == start && self.sites[site].engine.is_some() {
                    let answer = self.sites[site].store.answer(*question);
                    self.acknowledge(site);
                    self.handle(site, Input::Answer { ticket, answer });
                }
            }
            Happening::Wakes { site, start } => {
                if self.sites[site].start == start {
                    self.sites[site].wakes_at = None;
                    self.handle(site, Input::Tick);
                }
            }
            Happening::Writes { site } => {
                if self.writing {
                    if self.sites[site].engine.is_some() && self.sites[site].lie.is_none() {
                        self.write(site);
                        if self.random.below(4) > 0 {
                            self.sites[site].store.synced = self.sites[site].store.log.len();
                            self.acknowledge(site);
                        }
                        self.handle(site, Input::Changed);
                    }
                    let wait = 1 + self.random.below(2 * self.plan.write_ms);
                    self.at(self.now + wait, Happening::Writes { site });
                }
            }
            Happening::Starts { site } => self.start(site),
            Happening::Fault(fault) => self.fault(fault),
        }
    }

    fn start(&mut self, site: usize) {
        self.trace(site as u64 + 7);
        let mut settings = Settings::of(name(site));
        settings.timeout_ms = 2000;
        settings.longest_back_off_ms = 4000;
        settings.repair_every = 8;
        settings.budget = 4096;
        if self.plan.has(Class::FewAnswers) {
            settings.serving = 1;
        }
        let own = &mut self.sites[site];
        own.start += 1;
        own.wakes_at = None;
        let mut engine = Engine::new(settings, self.random.next_u64());
        for peer in self.graph.neighbours(site) {
            // Some links are pulled from both ends, some pulled and pushed from one.
            let direction = match (site + peer) % 3 {
                0 => Some(Direction::Pull),
                1 if site < *peer => Some(Direction::Both),
                1 => None,
                _ => Some(Direction::Both),
            };
            let settings = PeerSettings {
                site: name(*peer),
                direction,
                grants: Direction::Both,
                interest: own.interest.clone(),
            };
            let cursors = own.cursors.get(&name(*peer)).cloned().unwrap_or_default();
            engine.add(settings, cursors).expect("few peers");
        }
        own.engine = Some(engine);
        self.handle(site, Input::Tick);
    }

    fn handle(&mut self, site: usize, input: Input) {
        let random = self.random.next_u64();
        let millis = (EPOCH_MS + self.now).saturating_add_signed(self.sites[site].ahead);
        let Some(engine) = &mut self.sites[site].engine else { return };
        let outputs = engine.handle(Now { millis, random }, input);
        let wake = engine.next_tick();
        for output in outputs {
            match output {
                Output::Send { to, frame } => self.send(site, number(&to), frame),
                Output::Ask { ticket, question } => {
                    let wait = (1 + self.random.below(3)) * self.sites[site].slow.min(20);
                    let start = self.sites[site].start;
                    let question = Box::new(question);
                    self.at(self.now + wait, Happening::Answers { site, start, ticket, question });
                }
                Output::Event(event) => self.event(site, event),
            }
        }
        if let Some(wait) = wake {
            let when = self.now + wait.max(1);
            let start = self.sites[site].start;
            if self.sites[site].wakes_at.is_none_or(|known| when < known || known <= self.now) {
                self.sites[site].wakes_at = Some(when);
                self.at(when, Happening::Wakes { site, start });
            }
        }
    }

    fn event(&mut self, site: usize, event: Event) {
        match event {
            Event::Cursors { site: peer, cursors } => {
                self.sites[site].cursors.insert(peer, cursors);
            }
            Event::Stored { document, dots, .. } => self.check_stored(site, &document, &dots),
            Event::Round { site: peer } => *self.sites[site].rounds.entry(peer).or_default() += 1,
            Event::Failed { trouble, .. } => self.meet(match trouble {
                Trouble::Silent => "no answer",
                Trouble::Busy => "busy",
                Trouble::Malformed => "nonsense",
                Trouble::Refused(_) => "refused",
                Trouble::Store | Trouble::TooMuch => "store failed",
            }),
            Event::Stale { .. } => self.meet("stale cursor"),
            Event::Quarantined(_) => self.meet("quarantine"),
            Event::Evidence { told_by, evidence, holds } => {
                if let Err(error) = evidence.check() {
                    self.problem = Some(format!("evidence proves nothing: {error}"));
                }
                self.meet(match (told_by, evidence.digests(), holds) {
                    (None, Some(_), _) => "equivocation found",
                    (None, None, _) => "unfounded hash found",
                    (Some(_), _, Some(true)) => "told of evidence, holds the finder's",
                    (Some(_), _, Some(false)) => "told of evidence, holds the other",
                    (Some(_), ..) => "told of evidence",
                });
            }
            Event::Unfit { .. } => self.meet("unfit"),
        }
    }

    /// No site ever holds a delta with a hash that no disk gave it.
    fn check_stored(&mut self, site: usize, document: &DocumentId, dots: &[Dot]) {
        let own = &self.sites[site].store.documents[document];
        for dot in dots {
            let known = self.hashes.get(&(document.clone(), dot.clone()));
            let held = own.deltas.get(dot).map(|(hash, _)| *hash);
            if held.is_none_or(|hash| known.is_none_or(|known| !known.contains(&hash))) {
                self.problem = Some(format!("s{site} holds {dot} of {document} with a wrong hash"));
            }
        }
        self.meet("stored");
    }

    fn send(&mut self, from: usize, to: usize, frame: Frame) {
        let mut frame = frame;
        if let Some(lie) = self.sites[from].lie {
            crate::lies::twist(lie, &mut frame.message, &mut self.random, &mut self.met);
        }
        if let Message::Differ { .. } = frame.message {
            self.meet("comparison");
        }
        let bytes = encode(&frame);
        self.frames += 1;
        self.bytes += bytes.len() as u64;
        if self.cut.contains(&(from, to)) {
            return self.meet("cut");
        }
        let faulty = self.now < self.plan.faulty_ms;
        if faulty && self.plan.has(Class::Loss) && self.random.below(10) == 0 {
            return self.meet("lost");
        }
        let copies = if faulty && self.plan.has(Class::Duplicates) && self.random.below(10) == 0 {
            self.meet("repeated");
            2
        } else {
            1
        };
        for _ in 0..copies {
            let (least, most) = self.plan.delay_ms;
            let mut delay = least + self.random.below(most - least + 1);
            if faulty && self.plan.has(Class::Delay) && self.random.below(8) == 0 {
                // Past the time that an answer is waited for, some of them; others overtake these.
                delay += self.random.below(3000);
                self.meet("delayed");
            }
            delay *= if faulty { self.sites[from].slow.max(self.sites[to].slow) } else { 1 };
            self.at(self.now + delay, Happening::Arrives { to, bytes: bytes.clone() });
        }
    }

    /// Everything is mended, and nobody writes any more.
    pub(crate) fn heal(&mut self) {
        self.writing = false;
        self.cut.clear();
    }

    pub(crate) fn is_honest(&self, site: usize) -> bool {
        self.sites[site].lie.is_none()
    }
}
