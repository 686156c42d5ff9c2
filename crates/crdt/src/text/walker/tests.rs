//! The walker against diamond-types, an independent implementation of the same order.

use std::cell::Cell;
use std::cmp::Ordering;

use diamond_types::list::{Branch, OpLog};
use proptest::prelude::*;

use super::super::run::{Kind, Lv, Run};
use super::super::runs::Runs;
use super::{Change, Walker, transform};

/// Names whose byte order is not the order in which agents appear.
const NAMES: [&str; 4] = ["@m", "@a", "@z", "@b"];

fn by_name(a: u32, b: u32) -> Ordering {
    NAMES[a as usize].cmp(NAMES[b as usize])
}

#[derive(Clone, Debug)]
enum Step {
    Insert { agent: usize, place: u16, len: u32 },
    Delete { agent: usize, place: u16, len: u32 },
    Backspace { agent: usize, place: u16, len: u32 },
    Sync { from: usize, to: usize },
}

fn any_history(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    let agent = 0..NAMES.len();
    let edit = (agent.clone(), any::<u16>(), 1u32..4);
    let step = prop_oneof![
        4 => edit.clone().prop_map(|(agent, place, len)| Step::Insert { agent, place, len }),
        // Many insertions at one place, where the order is hardest.
        3 => (agent.clone(), 0u16..2, 1u32..3).prop_map(|(agent, place, len)| Step::Insert { agent, place, len }),
        2 => edit.clone().prop_map(|(agent, place, len)| Step::Delete { agent, place, len }),
        1 => edit.prop_map(|(agent, place, len)| Step::Backspace { agent, place, len }),
        3 => (agent.clone(), agent).prop_map(|(from, to)| Step::Sync { from, to }),
    ];
    prop::collection::vec(step, 1..steps)
}

/// One history in both forms, with the version of each agent.
struct Both {
    log: OpLog,
    runs: Runs,
    content: Vec<char>,
    agents: Vec<Branch>,
}

impl Both {
    fn new() -> Self {
        let mut log = OpLog::new();
        for name in NAMES {
            log.get_or_create_agent_id(name);
        }
        Self { log, runs: Runs::default(), content: Vec::new(), agents: NAMES.map(|_| Branch::new()).into() }
    }

    fn of(history: &[Step]) -> Self {
        let mut both = Self::new();
        for step in history {
            both.step(step);
        }
        both
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Insert { agent, place, len } => {
                let position = place as usize % (self.agents[agent].len() + 1);
                let first = self.content.len() as u32;
                let text: String = (first..first + len).filter_map(|c| char::from_u32(0x4e00 + c)).collect();
                self.push_run(agent, Kind::Insert, position, len, false);
                self.content.extend(text.chars());
                self.agents[agent].insert(&mut self.log, agent as u32, position, &text);
            }
            Step::Delete { agent, place, len } => {
                let length = self.agents[agent].len();
                if length == 0 {
                    return;
                }
                let position = place as usize % length;
                let len = (len as usize).min(length - position);
                self.push_run(agent, Kind::Delete, position, len as u32, false);
                self.content.extend(std::iter::repeat_n(' ', len));
                self.agents[agent].delete(&mut self.log, agent as u32, position..position + len);
            }
            Step::Backspace { agent, place, len } => {
                let length = self.agents[agent].len();
                if length == 0 {
                    return;
                }
                let position = place as usize % length;
                let len = (len as usize).min(position + 1);
                self.push_run(agent, Kind::Delete, position, len as u32, true);
                self.content.extend(std::iter::repeat_n(' ', len));
                for back in 0..len {
                    let at = position - back;
                    self.agents[agent].delete(&mut self.log, agent as u32, at..at + 1);
                }
            }
            Step::Sync { from, to } => {
                let version = self.version(from);
                self.agents[to].merge(&self.log, &version);
            }
        }
    }

    fn version(&self, agent: usize) -> Vec<usize> {
        self.agents[agent].local_version_ref().to_vec()
    }

    fn push_run(&mut self, agent: usize, kind: Kind, position: usize, len: u32, backward: bool) {
        let parents = lvs(self.agents[agent].local_version_ref());
        let (start, position) = (self.content.len() as u32, position as u32);
        let next = Run { start, len, agent: agent as u32, kind, position, backward };
        if !self.runs.try_extend(&next, &parents) {
            let begins = !self.runs.follows(next.agent, &parents);
            self.runs.push(next, &parents, begins);
        }
    }

    /// What `transform` makes of the text at `from`.
    fn transformed(&self, runs: &Runs, from: &[usize], to: &[usize]) -> String {
        let mut text: Vec<char> = self.log.checkout(from).content().to_string().chars().collect();
        transform(runs, &by_name, &lvs(from), &lvs(to), |change| self.apply(&mut text, change)).unwrap();
        text.into_iter().collect()
    }

    fn apply(&self, text: &mut Vec<char>, Change { kind, position, events }: Change) {
        let (at, events) = (position as usize, events.start as usize..events.end as usize);
        match kind {
            Kind::Insert => drop(text.splice(at..at, self.content[events].iter().copied())),
            Kind::Delete => drop(text.drain(at..at + events.len())),
        }
    }

    /// The runs of the first `end` events, and their version.
    fn prefix(&self, end: usize) -> (Runs, Vec<usize>) {
        let (mut runs, mut heads) = (Runs::default(), Vec::new());
        for index in (0..self.runs.len()).take_while(|index| (self.runs.start(*index) as usize) < end) {
            let (run, parents) = (self.runs.get(index), self.runs.parents(index));
            let run = Run { len: run.len.min(end as u32 - run.start), ..run };
            heads.retain(|head| !parents.contains(&(*head as Lv)));
            heads.push(run.end() as usize - 1);
            runs.push(run, &parents, !self.runs.is_inside(index));
        }
        (runs, heads)
    }

    fn merged(&self, from: &[usize], to: &[usize]) -> String {
        let mut branch = self.log.checkout(from);
        branch.merge(&self.log, to);
        branch.content().to_string()
    }
}

fn lvs(version: &[usize]) -> Vec<Lv> {
    version.iter().map(|event| *event as Lv).collect()
}

fn cases() -> u32 {
    std::env::var("RAMANUJAN_LAW_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(10_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_merge_of_every_history_is_that_of_diamond_types(history in any_history(24)) {
        let both = Both::of(&history);
        let tip = both.log.local_version();
        prop_assert_eq!(both.transformed(&both.runs, &[], &tip), both.merged(&[], &tip));
    }

    /// Also where one side has what the other lacks, or has nothing new.
    #[test]
    fn so_is_every_step_from_one_version_to_another(history in any_history(24)) {
        let both = Both::of(&history);
        let tip = both.log.local_version();
        for from in 0..NAMES.len() {
            let (from, to) = (both.version(from), both.version((from + 1) % NAMES.len()));
            prop_assert_eq!(both.transformed(&both.runs, &from, &to), both.merged(&from, &to));
            prop_assert_eq!(both.transformed(&both.runs, &from, &tip), both.merged(&from, &tip));
        }
    }

    /// A replica that follows a growing history and edits in between: what it kept is as good as a replay of all.
    #[test]
    fn following_a_history_leads_to_the_same_texts(
        history in any_history(40),
        cuts in prop::collection::vec((any::<u16>(), any::<u16>()), 1..8),
    ) {
        let both = Both::of(&history);
        let total = both.content.len();
        let mut walker = Walker::default();
        let (mut followed, mut runs) = (0, Runs::default());
        for (own, theirs) in cuts.into_iter().chain([(0, u16::MAX)]) {
            let applied = followed + own as usize % (total - followed + 1) / 2;
            let end = if theirs == u16::MAX { total } else { applied + theirs as usize % (total - applied + 1) };
            let (from, to) = (both.prefix(applied).1, both.prefix(end).1);
            runs = both.prefix(end).0;
            if applied < end {
                let mut text: Vec<char> = both.log.checkout(&from).content().to_string().chars().collect();
                let (from, to) = (lvs(&from), lvs(&to));
                prop_assert!(walker.follow(&runs, &by_name, &from, applied as Lv, &to, |c| both.apply(&mut text, c)));
                let expected = both.merged(&from.iter().map(|e| *e as usize).collect::<Vec<_>>(), &both.prefix(end).1);
                prop_assert_eq!(text.into_iter().collect::<String>(), expected);
                followed = end;
                walker = if own % 3 == 0 { walker.clone() } else { walker };
            }
        }
        let tip = both.log.local_version();
        let length = both.log.checkout(&tip).len() as i64;
        for agent in 0..NAMES.len() {
            let version = both.version(agent);
            if let Some(excess) = walker.excess(&runs, &by_name, &lvs(&tip), &lvs(&version)) {
                prop_assert_eq!(length + excess, both.agents[agent].len() as i64);
            }
        }
    }
}

/// Steps of a merge of `agents` that each insert a character at one place, in the comparisons of names that it takes.
fn comparisons(agents: u32) -> u64 {
    let mut runs = Runs::default();
    for agent in 0..agents {
        let run = Run { start: agent, len: 1, agent, kind: Kind::Insert, position: 0, backward: false };
        runs.push(run, &[], true);
    }
    let place = |agent: u32| agent.wrapping_mul(0x9e37_79b9);
    let count = Cell::new(0);
    let by_name = |a: u32, b: u32| {
        count.set(count.get() + 1);
        place(a).cmp(&place(b))
    };
    let heads: Vec<Lv> = (0..agents).collect();
    let mut merged: Vec<Lv> = Vec::new();
    let insert = |change: Change| merged.insert(change.position as usize, change.events.start);
    transform(&runs, &by_name, &[], &heads, insert).unwrap();
    assert!(merged.is_sorted_by_key(|event| place(*event)));
    count.get()
}

/// Not with their square.
#[test]
fn steps_grow_with_the_logarithm_of_the_number_of_agents() {
    let [few, many] = [1000, 10_000].map(|agents| (agents, comparisons(agents)));
    for (agents, comparisons) in [few, many] {
        let levels = u64::from(agents.ilog2());
        assert!(
            comparisons < 8 * u64::from(agents) * levels,
            "{comparisons} comparisons for {agents} agents"
        );
    }
}
