//! Applying rules to a term within bounds. Time is asked of the caller.
//!
//! Rewriting is innermost: arguments before their function, from left to right, at each place the first rule that
//! applies. Places are those of the term as a tree, so a step is one place; what is known to be in normal form is not
//! visited again. Generated Rust (`generate/runtime.rs`) takes the same steps, which a test compares.

use std::collections::HashSet;
use std::str::FromStr;

use ramanujan_egraph::syntactic::TermGraph;
use ramanujan_egraph::vocabulary::Vocabulary;

use super::rule::Rule;

/// How many visits lie between two looks at the clock.
const VISITS_PER_LOOK: u64 = 64;
/// Longest path that a step is answered with.
pub const MAX_PATH: usize = 32;

/// Where rules are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Once, at the root.
    #[default]
    Root,
    /// Once at every place; results are not visited again.
    Everywhere,
    /// Everywhere, results again, until no rule applies.
    Fixpoint,
}

impl Strategy {
    pub const ALL: [Strategy; 3] = [Strategy::Root, Strategy::Everywhere, Strategy::Fixpoint];

    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::Root => "root",
            Strategy::Everywhere => "everywhere",
            Strategy::Fixpoint => "fixpoint",
        }
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Strategy::ALL.into_iter().find(|strategy| strategy.as_str() == text);
        known.ok_or_else(|| "one of root, everywhere, fixpoint".to_owned())
    }
}

/// Bounds of one rewriting.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub steps: u64,
    /// Nodes of the whole term, written out as a tree.
    pub nodes: u64,
}

/// Why the rewriting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The strategy had nothing left to do.
    Complete,
    /// A rule applied, and the steps were used up.
    StepLimit,
    /// A rule applied, and the term would have become too large.
    NodeLimit,
    TimeLimit,
}

impl StopReason {
    pub const ALL: [StopReason; 4] =
        [StopReason::Complete, StopReason::StepLimit, StopReason::NodeLimit, StopReason::TimeLimit];

    pub fn as_str(self) -> &'static str {
        match self {
            StopReason::Complete => "complete",
            StopReason::StepLimit => "step_limit",
            StopReason::NodeLimit => "node_limit",
            StopReason::TimeLimit => "time_limit",
        }
    }
}

/// One application of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which of the rules.
    pub rule: usize,
    /// The number of the node in the term before this step: the root is 0, each node comes before its arguments.
    pub at: u64,
    /// Numbers of arguments from the root; `None` where they are more than 32.
    pub path: Option<Vec<usize>>,
}

/// What became of a term.
#[derive(Clone, Debug)]
pub struct Rewritten {
    pub place: u32,
    pub steps: Vec<Step>,
    pub stop_reason: StopReason,
}

/// A node whose arguments are being rewritten.
struct Frame {
    place: u32,
    at: u64,
    /// Number of the node that its next argument is.
    next: u64,
    done: Vec<u32>,
}

impl Frame {
    fn new(place: u32, at: u64) -> Frame {
        Frame { place, at, next: at + 1, done: Vec::new() }
    }
}

struct Rewriter<'a> {
    vocabulary: &'a Vocabulary,
    rules: &'a [Rule],
    graph: &'a mut TermGraph,
    limits: Limits,
    /// Nodes of the whole term.
    total: u64,
    steps: Vec<Step>,
    stop_reason: StopReason,
}

/// Rewrites the term at `root` with `rules`, which are tried in the order given. `expired` says whether the time is up;
/// what was reached by then is the answer.
pub fn rewrite(
    vocabulary: &Vocabulary,
    rules: &[Rule],
    graph: &mut TermGraph,
    root: u32,
    strategy: Strategy,
    limits: Limits,
    expired: &mut dyn FnMut() -> bool,
) -> Rewritten {
    let total = graph.size(root);
    let stop_reason = StopReason::Complete;
    let mut rewriter = Rewriter { vocabulary, rules, graph, limits, total, steps: Vec::new(), stop_reason };
    let place = match strategy {
        Strategy::Root => rewriter.attempt(root, 0, &[]).unwrap_or(root),
        Strategy::Everywhere => rewriter.innermost(root, false, expired),
        Strategy::Fixpoint => rewriter.innermost(root, true, expired),
    };
    Rewritten { place, steps: rewriter.steps, stop_reason: rewriter.stop_reason }
}

impl Rewriter<'_> {
    fn innermost(&mut self, root: u32, again: bool, expired: &mut dyn FnMut() -> bool) -> u32 {
        let mut normal: HashSet<u32> = HashSet::new();
        let mut frames = vec![Frame::new(root, 0)];
        let mut result = root;
        let mut visits = 0u64;
        while let Some(frame) = frames.last_mut() {
            let node = self.graph.node(frame.place);
            if let Some(child) = node.children.get(frame.done.len()).copied() {
                if normal.contains(&child) {
                    frame.next += self.graph.size(child);
                    frame.done.push(child);
                } else {
                    let child = Frame::new(child, frame.next);
                    frames.push(child);
                }
                continue;
            }
            visits += 1;
            if visits.is_multiple_of(VISITS_PER_LOOK) && self.stop_reason == StopReason::Complete && expired()
            {
                self.stop_reason = StopReason::TimeLimit;
            }
            let name = node.name;
            let Some(Frame { at, done, .. }) = frames.pop() else { break };
            let rebuilt = self.graph.add(name, done);
            let rewritten = self.attempt(rebuilt, at, &frames);
            result = rewritten.unwrap_or(rebuilt);
            if again {
                if rewritten.is_some() && !normal.contains(&result) {
                    frames.push(Frame::new(result, at));
                    continue;
                }
                if self.stop_reason == StopReason::Complete {
                    normal.insert(result);
                }
            }
            if let Some(above) = frames.last_mut() {
                above.next += self.graph.size(result);
                above.done.push(result);
            }
        }
        result
    }

    /// Applies the first rule that applies at `place`, unless that is past a limit.
    fn attempt(&mut self, place: u32, at: u64, above: &[Frame]) -> Option<u32> {
        if self.stop_reason != StopReason::Complete {
            return None;
        }
        let (rule, result) = self.rules.iter().enumerate().find_map(|(number, rule)| {
            let bindings = rule.source.match_term(self.graph, place)?;
            let holds = rule.constraints.iter().all(|c| c.holds(self.vocabulary, self.graph, &bindings));
            let result = if holds { rule.target.build_term(&bindings, self.graph) } else { None };
            Some((number, result?))
        })?;
        let after = (self.total - self.graph.size(place)).saturating_add(self.graph.size(result));
        if self.steps.len() as u64 >= self.limits.steps {
            self.stop_reason = StopReason::StepLimit;
            return None;
        }
        if after > self.limits.nodes {
            self.stop_reason = StopReason::NodeLimit;
            return None;
        }
        self.total = after;
        let path = (above.len() <= MAX_PATH).then(|| above.iter().map(|frame| frame.done.len()).collect());
        self.steps.push(Step { rule, at, path });
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skill::operators::fresh_vocabulary;
    use crate::skill::rule::Posted;
    use ramanujan_egraph::read::s_expression;

    /// What becomes of `term`, how many steps it took, why it ended; time is up at look number `looks`.
    fn run(rule: (&str, &str), term: &str, strategy: Strategy, looks: u64) -> (String, usize, StopReason) {
        let mut vocabulary = fresh_vocabulary(&[]).unwrap();
        let posted = Posted {
            pattern_name: None,
            source_pattern: rule.0.into(),
            target_pattern: rule.1.into(),
            constraints: Vec::new(),
            priority: None,
            operators: Vec::new(),
        };
        let rule = Rule::read(&mut vocabulary, "rule", &posted).unwrap();
        let term = s_expression(&mut vocabulary, term, 100_000).unwrap();
        let mut graph = TermGraph::default();
        let root = graph.add_term(&term).unwrap();
        let limits = Limits { steps: 1_000_000, nodes: 100_000 };
        let mut left = looks;
        let mut expired = || {
            left -= 1;
            left == 0
        };
        let done = rewrite(&vocabulary, &[rule], &mut graph, root, strategy, limits, &mut expired);
        let result = graph.term(done.place).unwrap();
        (result.print(&vocabulary), done.steps.len(), done.stop_reason)
    }

    #[test]
    fn when_the_time_is_up_the_rest_stays_as_it_is() {
        let term = format!("(h{})", " (g a)".repeat(64));
        let (result, steps, stop) = run(("(g ?x)", "?x"), &term, Strategy::Everywhere, 1);
        // The clock is looked at on visit 64, of the 32nd (g a): two visits each.
        assert_eq!((steps, stop), (31, StopReason::TimeLimit));
        assert_eq!(result, format!("(h{}{})", " a".repeat(31), " (g a)".repeat(33)));
        let (_, steps, stop) = run(("(g ?x)", "?x"), &term, Strategy::Everywhere, u64::MAX);
        assert_eq!((steps, stop), (64, StopReason::Complete));
    }

    #[test]
    fn depth_costs_memory_only_and_a_normal_form_is_visited_once() {
        let n = 20_000;
        let deep = format!("{}a{}", "(s ".repeat(n), ")".repeat(n));
        let (result, steps, stop) = run(("(s a)", "a"), &deep, Strategy::Fixpoint, u64::MAX);
        assert_eq!((result.as_str(), steps, stop), ("a", n, StopReason::Complete));
        // Were the moved argument visited again after each step, these would be 20 million visits and the 64,000 that are allowed too few.
        let tower = format!("{}(k {deep}){}", "(g ".repeat(1_000), ")".repeat(1_000));
        let (_, steps, stop) = run(("(g (k ?x))", "(k ?x)"), &tower, Strategy::Fixpoint, 1_000);
        assert_eq!((steps, stop), (1_000, StopReason::Complete));
    }
}
