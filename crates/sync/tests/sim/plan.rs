//! What happens in a simulation: all of it follows from a seed.

use ramanujan_agents::topology::{Graph, Kind};
use ramanujan_core::splitmix::SplitMix64;

/// How sites are joined: 9 and 48 on the shapes of the orchestrator, 17 on the Paley graph of that order, whose differences
/// are the squares modulo 17.
pub(crate) fn graph(sites: usize) -> Graph {
    match sites {
        17 => {
            let squares = [1, 2, 4, 8, 9, 13, 15, 16];
            Graph::from_edges(17, (0..17).flat_map(|u| squares.map(|s| (u, (u + s) % 17))))
        }
        n => Kind::Ramanujan3d.graph(n).expect("9, 17 or 48 sites"),
    }
}

/// What a site that lies does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Claims hashes that follow from nothing.
    Claims,
    /// Gives other deltas than it claims.
    Contents,
    /// Holds another delta under a dot, and all that follows from it.
    History,
}

/// A class of faults that can be left out to find out which of them is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Loss,
    Duplicates,
    Delay,
    Partition,
    OneWay,
    Crash,
    LostTail,
    Restore,
    Liar,
    Slow,
    Clock,
    Interest,
    FewAnswers,
    LostCursors,
    Deletions,
    Freezes,
}

impl Class {
    pub(crate) const ALL: [Class; 16] = [
        Class::Loss,
        Class::Duplicates,
        Class::Delay,
        Class::Partition,
        Class::OneWay,
        Class::Crash,
        Class::LostTail,
        Class::Restore,
        Class::Liar,
        Class::Slow,
        Class::Clock,
        Class::Interest,
        Class::FewAnswers,
        Class::LostCursors,
        Class::Deletions,
        Class::Freezes,
    ];
}

/// A simulation.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) sites: usize,
    pub(crate) classes: Vec<Class>,
    /// Milliseconds of writing and faults; then everything is mended.
    pub(crate) faulty_ms: u64,
    /// How many milliseconds lie between two writes of a site, on average.
    pub(crate) write_ms: u64,
    /// How many documents there are.
    pub(crate) documents: u64,
    /// Milliseconds of a message on its way, at least and at most.
    pub(crate) delay_ms: (u64, u64),
}

impl Plan {
    /// With a random choice of faults.
    pub(crate) fn of(seed: u64, sites: usize) -> Self {
        let mut random = SplitMix64::new(seed);
        let classes = Class::ALL.into_iter().filter(|_| random.below(2) == 0).collect();
        Plan {
            seed,
            sites,
            classes,
            faulty_ms: 20_000,
            write_ms: 2000,
            documents: 2 + random.below(14),
            delay_ms: (1, 20),
        }
    }

    /// Without faults: what is written before the start.
    pub(crate) fn calm(seed: u64, sites: usize) -> Self {
        let faults = Vec::new();
        Plan { seed, sites, classes: faults, faulty_ms: 0, write_ms: 0, documents: 5, delay_ms: (1, 3) }
    }

    pub(crate) fn has(&self, class: Class) -> bool {
        self.classes.contains(&class)
    }
}
