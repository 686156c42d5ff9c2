//! Beside brute force: every term that rewriting reaches, found on trees and by a matcher of its own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::rules::{RULES, RuleSet};
use ramanujan_egraph::saturate::{Limits, StopReason};

use super::common::saturate_in;

/// Sets of rules by which graphs of small terms saturate. None makes a term larger, so that what is equal is reachable.
const SETS: [&[&str]; 2] = [
    &["assoc", "assoc_rev", "comm", "idem", "identity", "involution"],
    &["comm", "idem", "identity", "annihilate", "absorb", "involution", "complement"],
];
/// Terms after which a case is given up.
const MAX_TERMS: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tree {
    name: String,
    children: Vec<Tree>,
}

fn read(text: &str) -> Tree {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut stack = vec![Vec::new()];
    let mut names = Vec::new();
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        let done = match word {
            "(" => {
                names.push(words.next().unwrap().to_owned());
                stack.push(Vec::new());
                continue;
            }
            ")" => Tree { name: names.pop().unwrap(), children: stack.pop().unwrap() },
            name => Tree { name: name.to_owned(), children: Vec::new() },
        };
        stack.last_mut().unwrap().push(done);
    }
    stack.remove(0).remove(0)
}

impl Tree {
    fn size(&self) -> u64 {
        1 + self.children.iter().map(Tree::size).sum::<u64>()
    }

    fn is_variable(&self) -> bool {
        self.name.starts_with('?')
    }

    fn matches<'t>(&'t self, pattern: &Tree, bound: &mut BTreeMap<String, &'t Tree>) -> bool {
        if pattern.is_variable() {
            return *bound.entry(pattern.name.clone()).or_insert(self) == self;
        }
        self.name == pattern.name
            && self.children.len() == pattern.children.len()
            && self.children.iter().zip(&pattern.children).all(|(term, pattern)| term.matches(pattern, bound))
    }

    fn fill(&self, bound: &BTreeMap<String, &Tree>) -> Tree {
        match bound.get(&self.name) {
            Some(tree) if self.is_variable() => (*tree).clone(),
            _ => Tree {
                name: self.name.clone(),
                children: self.children.iter().map(|child| child.fill(bound)).collect(),
            },
        }
    }

    /// What one rewrite at any place makes of it.
    fn rewritten(&self, rules: &[(Tree, Tree)]) -> Vec<Tree> {
        let mut all = Vec::new();
        for (left, right) in rules {
            let mut bound = BTreeMap::new();
            if self.matches(left, &mut bound) {
                all.push(right.fill(&bound));
            }
        }
        for (place, child) in self.children.iter().enumerate() {
            for child in child.rewritten(rules) {
                let mut whole = self.clone();
                whole.children[place] = child;
                all.push(whole);
            }
        }
        all
    }
}

/// All terms reachable, `None` if they are too many.
fn reachable(start: &Tree, rules: &[(Tree, Tree)]) -> Option<BTreeSet<Tree>> {
    let mut all = BTreeSet::from([start.clone()]);
    let mut todo = vec![start.clone()];
    while let Some(term) = todo.pop() {
        for next in term.rewritten(rules) {
            if all.insert(next.clone()) {
                todo.push(next);
            }
        }
        if all.len() > MAX_TERMS {
            return None;
        }
    }
    Some(all)
}

fn library(names: &[&str]) -> Vec<(Tree, Tree)> {
    let signature = signature(&Language::ALL, Vec::new()).unwrap();
    let rules = RULES.iter().filter(|rule| names.contains(&rule.name));
    let equations = rules.flat_map(|rule| {
        let operators = rule.operators(&signature).collect::<Vec<_>>();
        operators.into_iter().flat_map(|op| rule.equations(&signature, op)).collect::<Vec<_>>()
    });
    equations.map(|equation| (read(&equation.left), read(&equation.right))).collect()
}

fn any_small_term() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["a", "b", "c", "id", "0", "1", "true", "false", "empty"]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 9, 2, |inner| {
        let lattice = prop::sample::select(vec!["and", "or", "union", "intersect", "merge", "max", "*"]);
        prop_oneof![
            5 => (lattice, inner.clone(), inner.clone()).prop_map(|(op, a, b)| format!("({op} {a} {b})")),
            1 => inner.prop_map(|a| format!("(not {a})")),
        ]
    })
}

const LIMITS: Limits = Limits { iterations: 200, nodes: 5_000 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_extracted_cost_is_the_least_of_all_reachable_terms(text in any_small_term(), set in 0..2usize) {
        let Some(all) = reachable(&read(&text), &library(SETS[set])) else { return Ok(()) };
        let result = saturate_in(Mode::Report, &text, SETS[set], LIMITS, &mut |_| false, |_| ());
        prop_assert_eq!(result.run.stop_reason, StopReason::Saturated);
        prop_assert_eq!(result.cost, all.iter().map(Tree::size).min().unwrap(), "{}", text);
        prop_assert!(all.contains(&read(&result.form)), "{} is not reachable from {}", result.form, text);
    }

    #[test]
    fn without_colour_conflicts_the_order_of_rules_changes_nothing(text in any_small_term(), keys in any::<[u8; 32]>(), set in 0..2usize) {
        let shuffle = |set: &mut RuleSet| {
            let mut keys = keys.iter().cycle();
            set.rewrites.sort_by_cached_key(|_| *keys.next().unwrap());
        };
        let plain = saturate_in(Mode::Block, &text, SETS[set], LIMITS, &mut |_| false, |_| ());
        let shuffled = saturate_in(Mode::Block, &text, SETS[set], LIMITS, &mut |_| false, shuffle);
        let saturated = [&plain, &shuffled].iter().all(|result| {
            result.run.stop_reason == StopReason::Saturated && result.run.conflicts.total() == 0
        });
        if saturated {
            prop_assert_eq!((plain.form, plain.nodes), (shuffled.form, shuffled.nodes));
            prop_assert_eq!(plain.egraph.class_count(), shuffled.egraph.class_count());
            prop_assert_eq!(plain.egraph.known(plain.root).color, shuffled.egraph.known(shuffled.root).color);
        }
    }
}

#[test]
fn brute_force_knows_the_rules() {
    let all = reachable(&read("(merge (merge a b) a)"), &library(SETS[0])).unwrap();
    assert!(all.contains(&read("(merge b a)")) && all.iter().all(|tree| tree.size() >= 3));
}
