//! Generated sessions, for tests where no recordings are at hand.
//!
//! The text a session ends with is computed by a model that shares nothing with a CRDT library: every character ever
//! typed stands in one list in its final order, and a version is the set of transactions before it. The model can be
//! that simple because, as in real recordings, no two concurrent insertions are ever made at one place: an insertion
//! is only generated if the gap it goes into, from one visible neighbour to the next, does not overlap the gap of any
//! insertion that is concurrent to it. What lies between the neighbours is then known to be deleted, and the order is
//! settled.

use ramanujan_core::splitmix::SplitMix64;

use crate::recording::{Patch, Recording, Transaction};

/// What to generate.
#[derive(Clone, Debug)]
pub struct Options {
    /// The same options give the same session.
    pub seed: u64,
    pub transactions: usize,
    /// 1 gives a sequential session.
    pub agents: usize,
    /// Characters beyond ASCII: combining marks, emoji of several code points, CJK, right-to-left.
    pub non_ascii: bool,
    /// Agents that work on two branches at once.
    pub self_concurrent: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { seed: 1069, transactions: 200, agents: 1, non_ascii: false, self_concurrent: false }
    }
}

/// Longest text of one generated patch, in pieces (words, signs, emoji).
const MAX_PIECES: u64 = 6;
/// Attempts to find a free gap before a patch is left out.
const ATTEMPTS: usize = 8;

const ASCII: [&str; 10] = ["a", "e", " ", "the", "\n", "\"", "\\", "{x}", "\t", "<b>&amp;"];
const BEYOND: [&str; 10] =
    ["é", "e\u{301}", "語", "한국", "👩\u{200d}🚀", "🇩🇪", "שלום", "ß", "\u{10ffff}", "z\u{334}\u{35c}"];

/// Generates a session.
pub fn session(options: &Options) -> Recording {
    Generator::new(options).run()
}

/// Generates a session without the transactions that change nothing, as recordings have none. What knew one of them
/// knows its parents instead, and of those only such as do not know each other.
pub fn busy_session(options: &Options) -> Recording {
    let mut recording = session(options);
    let mut pasts: Vec<Past> = Vec::new();
    // For each transaction: the one that it became, or what is known where it was known.
    let mut known: Vec<Vec<usize>> = Vec::new();
    let mut kept: Vec<Transaction> = Vec::new();
    for transaction in recording.transactions {
        let mut all: Vec<usize> = transaction.parents.iter().flat_map(|at| known[*at].clone()).collect();
        all.sort_unstable();
        all.dedup();
        let is_old = |parent: &usize| all.iter().any(|other| other != parent && pasts[*other].has(*parent));
        let parents: Vec<usize> = all.iter().copied().filter(|parent| !is_old(parent)).collect();
        if transaction.patches.is_empty() {
            known.push(parents);
            continue;
        }
        let mut past = Past::default();
        parents.iter().for_each(|parent| past.join(&pasts[*parent]));
        past.add(kept.len());
        pasts.push(past);
        known.push(vec![kept.len()]);
        kept.push(Transaction { parents, ..transaction });
    }
    recording.transactions = kept;
    recording
}

/// A generator, and what a session draws from it.
struct Random(SplitMix64);

impl Random {
    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound as u64) as usize
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.0.next_u64() % 100 < percent
    }
}

/// A set of transactions.
#[derive(Clone, Debug, Default)]
struct Past(Vec<u64>);

impl Past {
    fn add(&mut self, index: usize) {
        if self.0.len() <= index / 64 {
            self.0.resize(index / 64 + 1, 0);
        }
        self.0[index / 64] |= 1 << (index % 64);
    }

    fn has(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn join(&mut self, other: &Past) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}

/// A character with who typed it and who deleted it. Its name is its index in the generator's list.
struct Character {
    value: char,
    typed_by: usize,
    deleted_by: Vec<usize>,
}

/// The gap an insertion went into: between two characters, or the ends of the document.
struct Gap {
    transaction: usize,
    left: Option<usize>,
    right: Option<usize>,
}

struct Generator<'a> {
    options: &'a Options,
    random: Random,
    characters: Vec<Character>,
    /// Names in final order.
    order: Vec<usize>,
    gaps: Vec<Gap>,
    /// The past of each transaction, itself included.
    pasts: Vec<Past>,
    transactions: Vec<Transaction>,
}

impl<'a> Generator<'a> {
    fn new(options: &'a Options) -> Self {
        Generator {
            options,
            random: Random(SplitMix64::new(options.seed)),
            characters: Vec::new(),
            order: Vec::new(),
            gaps: Vec::new(),
            pasts: Vec::new(),
            transactions: Vec::new(),
        }
    }

    fn run(mut self) -> Recording {
        let agents = self.options.agents.max(1);
        let branches = if self.options.self_concurrent { agents * 2 } else { agents };
        // Per branch, its latest transaction.
        let mut heads: Vec<Option<usize>> = vec![None; branches];
        for index in 0..self.options.transactions {
            let branch = self.random.below(branches);
            // Who comes later begins with what somebody has; on the empty document nobody but the first could type.
            let somebody = (0..branches).cycle().skip(branch).take(branches).find_map(|other| heads[other]);
            let mut parents: Vec<usize> = heads[branch].or(somebody).into_iter().collect();
            if self.random.chance(15)
                && let Some(other) = heads[self.random.below(branches)]
                && parents.iter().all(|own| !self.pasts[*own].has(other))
            {
                parents.retain(|own| !self.pasts[other].has(*own));
                parents.push(other);
            }
            self.transaction(index, parents, branch % agents);
            heads[branch] = Some(index);
        }
        let everything = |_: usize| true;
        let end_content = self.visible(everything).map(|name| self.characters[name].value).collect();
        Recording { agents, transactions: self.transactions, end_content }
    }

    /// The names of the characters visible where the transactions `known` have happened.
    fn visible(&self, known: impl Fn(usize) -> bool + Copy) -> impl Iterator<Item = usize> {
        self.order.iter().copied().filter(move |name| {
            let character = &self.characters[*name];
            known(character.typed_by) && !character.deleted_by.iter().any(|by| known(*by))
        })
    }

    fn transaction(&mut self, index: usize, parents: Vec<usize>, agent: usize) {
        let mut past = Past::default();
        for parent in &parents {
            past.join(&self.pasts[*parent]);
        }
        past.add(index);
        // One in twelve has no edits, one in five has several.
        let count = match self.random.below(60) {
            0..5 => 0,
            5..17 => 2 + self.random.below(3),
            _ => 1,
        };
        let patches = (0..count).filter_map(|_| self.patch(index, &past)).collect();
        self.pasts.push(past);
        self.transactions.push(Transaction { parents, agent, patches });
    }

    fn patch(&mut self, transaction: usize, past: &Past) -> Option<Patch> {
        let mut seen: Vec<usize> = self.visible(|by| past.has(by)).collect();
        let deleting = !seen.is_empty() && self.random.chance(35);
        let inserting = !deleting || self.random.chance(30);
        let mut position = self.random.below(seen.len() + 1);
        let mut deleted = 0;
        if deleting {
            position = position.min(seen.len() - 1);
            deleted = 1 + self.random.below((seen.len() - position).min(5));
            for name in seen.drain(position..position + deleted) {
                self.characters[name].deleted_by.push(transaction);
            }
        }
        let mut inserted = String::new();
        if inserting {
            for attempt in 0..ATTEMPTS {
                let left = position.checked_sub(1).map(|before| seen[before]);
                let right = seen.get(position).copied();
                if self.is_free(past, left, right) {
                    inserted = self.text();
                    self.insert(transaction, left, right, &inserted);
                    break;
                }
                // A replacement stays where its deletion was.
                if deleting || attempt + 1 == ATTEMPTS {
                    break;
                }
                position = self.random.below(seen.len() + 1);
            }
        }
        (deleted > 0 || !inserted.is_empty()).then_some(Patch {
            position: position as u64,
            deleted: deleted as u64,
            inserted,
        })
    }

    fn text(&mut self) -> String {
        let pieces = 1 + self.random.0.next_u64() % MAX_PIECES;
        (0..pieces)
            .map(|_| {
                let alphabet = if self.options.non_ascii && self.random.chance(50) { BEYOND } else { ASCII };
                alphabet[self.random.below(alphabet.len())]
            })
            .collect()
    }

    /// Place of a gap's ends in the order; 0 is the start of the document.
    fn places(&self, left: Option<usize>, right: Option<usize>) -> (usize, usize) {
        let place = |name: usize| self.order.iter().position(|other| *other == name);
        let left = left.and_then(place).map_or(0, |at| at + 1);
        let right = right.and_then(place).map_or(self.order.len() + 1, |at| at + 1);
        (left, right)
    }

    fn is_free(&self, past: &Past, left: Option<usize>, right: Option<usize>) -> bool {
        let (start, end) = self.places(left, right);
        self.gaps.iter().filter(|gap| !past.has(gap.transaction)).all(|gap| {
            let (other_start, other_end) = self.places(gap.left, gap.right);
            start.max(other_start) >= end.min(other_end)
        })
    }

    fn insert(&mut self, transaction: usize, left: Option<usize>, right: Option<usize>, text: &str) {
        let (start, _) = self.places(left, right);
        let first = self.characters.len();
        self.characters.extend(text.chars().map(|value| Character {
            value,
            typed_by: transaction,
            deleted_by: Vec::new(),
        }));
        self.order.splice(start..start, first..self.characters.len());
        self.gaps.push(Gap { transaction, left, right });
    }
}

#[cfg(test)]
#[path = "generate_tests.rs"]
mod tests;
