//! Texts that many agents wrote at the same time, none of them having seen another.

use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::{Op, TextDocument, TextGraph};

const AGENTS: usize = 10_000;

/// The base, which every agent of some histories has seen.
const BASE: &str = "0123456789";

struct Event {
    dot: Dot,
    parents: Vec<Dot>,
    op: Op,
}

fn insert(position: u64, text: impl Into<String>) -> Op {
    Op::Insert { position, text: text.into() }
}

/// A name of the agent of a number; names are not in the order of the numbers.
fn name(number: usize) -> String {
    format!("{:08x}", (number as u32).wrapping_mul(0x9e37_79b9))
}

/// The word of an agent, which no other has.
fn word(number: usize) -> String {
    format!("<{number:05}>")
}

/// Adds operations that an agent makes one after the other, the first of them on `parents`; returns the last one.
fn push(
    events: &mut Vec<Event>,
    name: &str,
    mut parents: Vec<Dot>,
    ops: impl IntoIterator<Item = Op>,
) -> Dot {
    for (op, seq) in ops.into_iter().zip(1..) {
        let dot = Dot::new(name.parse().unwrap(), seq);
        events.push(Event { dot: dot.clone(), parents, op });
        parents = vec![dot];
    }
    parents.swap_remove(0)
}

/// What every agent does at the same time, and then one that has seen all of it; with `based`, all on a base.
fn history(based: bool, each: impl Fn(usize) -> Vec<Op>) -> Vec<Event> {
    let mut events = Vec::new();
    let base: Vec<Dot> =
        based.then(|| push(&mut events, "base", vec![], [insert(0, BASE)])).into_iter().collect();
    let heads = (0..AGENTS).map(|number| push(&mut events, &name(number), base.clone(), each(number)));
    let mut heads: Vec<Dot> = heads.collect();
    heads.sort_unstable();
    push(&mut events, "merge", heads, [insert(0, "|")]);
    events
}

/// The words in the order of their agents' names: nothing else orders them.
fn words(word: impl Fn(usize) -> String) -> String {
    let mut agents: Vec<usize> = (0..AGENTS).collect();
    agents.sort_unstable_by_key(|number| name(*number));
    agents.into_iter().map(word).collect()
}

/// Through a graph and a document, at once and one after the other, in the order given and with the agents the other way
/// round, from bytes and by a merge.
fn assert_text(events: &[Event], expected: &str) {
    let backward = || {
        let (merge, others) = events.split_last().unwrap();
        let mut stretches: Vec<&[Event]> = others.chunk_by(|a, b| a.dot.agent == b.dot.agent).collect();
        // The base first.
        let first = usize::from(others[0].dot.agent.as_str() == "base");
        stretches[first..].reverse();
        stretches.into_iter().flatten().chain([merge])
    };
    let mut graph = TextGraph::new();
    for event in backward() {
        graph.push(&event.dot, &event.parents, &event.op).unwrap();
    }
    assert!(graph.text().unwrap() == expected, "a graph");

    let mut document = TextDocument::new();
    for event in events {
        document.push(&event.dot, &event.parents, &event.op).unwrap();
    }
    assert!(document.text().unwrap() == expected, "a document");
    let bytes = document.encode();
    let mut loaded = TextDocument::load(&bytes).unwrap();
    assert!(loaded.text().unwrap() == expected, "a document from bytes");

    let mut followed = TextDocument::new();
    for (place, event) in backward().enumerate() {
        followed.push(&event.dot, &event.parents, &event.op).unwrap();
        if place % 100 == 0 {
            followed.text().unwrap();
        }
    }
    assert!(followed.text().unwrap() == expected, "a document read again and again");
    assert_eq!(followed.encode(), bytes);
    assert!(!followed.merge(&document).unwrap());
}

#[test]
fn insertions_of_ten_thousand_agents_stand_in_the_order_of_names() {
    let events = history(false, |number| vec![insert(0, word(number))]);
    assert_text(&events, &format!("|{}", words(word)));
}

#[test]
fn words_typed_by_ten_thousand_agents_stay_whole() {
    let typed = |number| {
        let word = word(number);
        let (start, end) = word.split_at(3);
        vec![insert(0, start), insert(3, end), insert(1, "!"), Op::Delete { position: 0, length: 1 }]
    };
    let expected = words(|number| word(number).replace('<', "!"));
    assert_text(&history(false, typed), &format!("|{expected}"));
}

#[test]
fn words_typed_backward_by_ten_thousand_agents_stay_whole() {
    let typed = |number| word(number).chars().rev().map(|c| insert(0, c)).collect();
    assert_text(&history(false, typed), &format!("|{}", words(word)));
}

#[test]
fn replacements_by_ten_thousand_agents_stand_where_they_replace() {
    let replaced = |number| vec![Op::Delete { position: 4, length: 2 }, insert(4, word(number))];
    let expected = format!("|{}{}{}", &BASE[..4], words(word), &BASE[6..]);
    assert_text(&history(true, replaced), &expected);
}

/// A character in the tree of FugueMax (Weidner and Kleppmann, "The Art of the Fugue", §5), as the paper has it.
struct Node {
    agent: usize,
    left: Option<usize>,
    right: Option<usize>,
    /// Those that hang on its left, and on its right, in order.
    before: Vec<usize>,
    after: Vec<usize>,
}

/// All characters of all agents, without any cleverness.
#[derive(Default)]
struct Model {
    nodes: Vec<Node>,
    /// What hangs on the root.
    roots: Vec<usize>,
}

impl Model {
    fn in_order(&self) -> Vec<usize> {
        let mut out = Vec::new();
        self.roots.iter().for_each(|root| self.walk(*root, &mut out));
        out
    }

    fn walk(&self, node: usize, out: &mut Vec<usize>) {
        self.nodes[node].before.iter().for_each(|before| self.walk(*before, out));
        out.push(node);
        self.nodes[node].after.iter().for_each(|after| self.walk(*after, out));
    }

    /// Inserts a character of an agent between two that were neighbours where it was inserted.
    fn insert(&mut self, agent: usize, left: Option<usize>, right: Option<usize>) -> usize {
        let new = self.nodes.len();
        let order = self.in_order();
        let place = |node: Option<usize>| node.map(|node| order.iter().position(|other| *other == node));
        self.nodes.push(Node { agent, left, right, before: vec![], after: vec![] });
        let key = |node: usize| (name(self.nodes[node].agent), node);
        match right.filter(|right| self.nodes[*right].left == left) {
            Some(right) => {
                let siblings = &self.nodes[right].before;
                let at = siblings.iter().filter(|sibling| key(**sibling) < key(new)).count();
                self.nodes[right].before.insert(at, new);
            }
            None => {
                let siblings = left.map_or(&self.roots, |left| &self.nodes[left].after);
                // The further right the right origin, the earlier; that at the end of the document comes first.
                let reach = |node: usize| place(self.nodes[node].right).map_or(usize::MAX, |at| at.unwrap());
                let earlier = |sibling: &&usize| {
                    (std::cmp::Reverse(reach(**sibling)), key(**sibling))
                        < (std::cmp::Reverse(reach(new)), key(new))
                };
                let at = siblings.iter().filter(earlier).count();
                left.map_or(&mut self.roots, |left| &mut self.nodes[left].after).insert(at, new);
            }
        }
        new
    }
}

/// What an agent does next.
#[derive(Clone, Debug)]
enum Step {
    /// Inserts so many characters somewhere.
    Insert { agent: usize, place: u16, length: usize },
    /// Deletes a character.
    Delete { agent: usize, place: u16 },
    /// Takes over what another one has.
    Sync { from: usize, to: usize },
}

const FEW: usize = 12;

fn any_step() -> impl Strategy<Value = Step> {
    let place = || prop_oneof![3 => 0u16..3, 1 => any::<u16>()];
    prop_oneof![
        6 => (0..FEW, place(), 1usize..3).prop_map(|(agent, place, length)| Step::Insert { agent, place, length }),
        1 => (0..FEW, place()).prop_map(|(agent, place)| Step::Delete { agent, place }),
        1 => (0..FEW, 0..FEW).prop_map(|(from, to)| Step::Sync { from, to }),
    ]
}

/// What an agent has seen.
#[derive(Clone, Default)]
struct Replica {
    /// The first so many operations of each agent.
    seen: [usize; FEW],
    /// Agents and the numbers of their operations.
    heads: Vec<(usize, usize)>,
    inserted: Vec<usize>,
    deleted: Vec<usize>,
}

impl Replica {
    fn join(&mut self, other: &Replica) {
        let new = |theirs: &Replica, head: &(usize, usize)| {
            theirs.heads.contains(head) || theirs.seen[head.0] < head.1
        };
        let mut heads: Vec<(usize, usize)> =
            self.heads.iter().filter(|head| new(other, head)).copied().collect();
        heads.extend(other.heads.iter().filter(|head| new(self, head)));
        heads.sort_unstable();
        heads.dedup();
        self.heads = heads;
        for (mine, theirs) in self.seen.iter_mut().zip(&other.seen) {
            *mine = (*mine).max(*theirs);
        }
        self.inserted.extend(&other.inserted);
        self.deleted.extend(&other.deleted);
    }

    /// The characters, deleted ones too, in order; and which of them are to be seen.
    fn characters(&self, model: &Model) -> (Vec<usize>, Vec<usize>) {
        let all: Vec<usize> =
            model.in_order().into_iter().filter(|node| self.inserted.contains(node)).collect();
        let visible = all.iter().copied().filter(|node| !self.deleted.contains(node)).collect();
        (all, visible)
    }
}

fn letter(node: usize) -> char {
    char::from_u32(0x4e00 + node as u32).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Twelve agents that mostly write at one place without a look at each other.
    #[test]
    fn the_text_is_that_of_the_tree(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut model = Model::default();
        let mut graph = TextGraph::new();
        let mut document = TextDocument::new();
        let mut replicas: Vec<Replica> = vec![Replica::default(); FEW];
        let mut all = Replica::default();
        for (step, number) in steps.iter().zip(0..) {
            let (agent, op) = match *step {
                Step::Sync { from, to } => {
                    let other = replicas[from].clone();
                    replicas[to].join(&other);
                    continue;
                }
                Step::Insert { agent, place, length } => {
                    let (characters, visible) = replicas[agent].characters(&model);
                    let position = place as usize % (visible.len() + 1);
                    let mut left = position.checked_sub(1).map(|at| visible[at]);
                    let after = left.map_or(0, |left| characters.iter().position(|node| *node == left).unwrap() + 1);
                    let right = characters.get(after).copied();
                    let mut text = String::new();
                    for _ in 0..length {
                        let new = model.insert(agent, left, right);
                        text.push(letter(new));
                        replicas[agent].inserted.push(new);
                        all.inserted.push(new);
                        left = Some(new);
                    }
                    (agent, insert(position as u64, text))
                }
                Step::Delete { agent, place } => {
                    let (_, visible) = replicas[agent].characters(&model);
                    if visible.is_empty() {
                        continue;
                    }
                    let position = place as usize % visible.len();
                    replicas[agent].deleted.push(visible[position]);
                    all.deleted.push(visible[position]);
                    (agent, Op::Delete { position: position as u64, length: 1 })
                }
            };
            replicas[agent].seen[agent] += 1;
            let head = (agent, replicas[agent].seen[agent]);
            let dot = |(agent, seq)| Dot::new(name(agent).parse().unwrap(), seq as u64);
            let parents = std::mem::replace(&mut replicas[agent].heads, vec![head]);
            let (dot, parents): (Dot, Vec<Dot>) = (dot(head), parents.into_iter().map(dot).collect());
            graph.push(&dot, &parents, &op).unwrap();
            document.push(&dot, &parents, &op).unwrap();
            if number % 3 == 0 {
                let (_, visible) = all.characters(&model);
                prop_assert_eq!(document.text().unwrap(), visible.into_iter().map(letter).collect::<String>());
            }
        }
        let expected: String = all.characters(&model).1.into_iter().map(letter).collect();
        prop_assert_eq!(graph.text().unwrap(), expected.as_str());
        prop_assert_eq!(document.text().unwrap(), expected.as_str());
        prop_assert_eq!(TextDocument::load(&document.encode()).unwrap().text().unwrap(), expected);
    }
}
