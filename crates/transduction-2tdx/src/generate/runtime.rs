use std::collections::{HashMap, HashSet};

/// A colour: RED constructs, BLUE inverts, GREEN is neutral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Red,
    Blue,
    Green,
}

#[derive(Debug)]
struct Node {
    name: String,
    children: Vec<usize>,
    size: u64,
}

/// Terms as numbers. Equal terms are kept once, so they have equal numbers.
#[derive(Debug, Default)]
pub struct Terms {
    nodes: Vec<Node>,
    numbers: HashMap<(String, Vec<usize>), usize>,
}

impl Terms {
    /// The term of a name and arguments, which are terms of this collection.
    ///
    /// # Panics
    /// If an argument is not one.
    pub fn add(&mut self, name: &str, children: &[usize]) -> usize {
        let key = (name.to_owned(), children.to_vec());
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.nodes.len();
        let size = children.iter().fold(1u64, |size, child| size.saturating_add(self.size(*child)));
        self.nodes.push(Node { name: name.to_owned(), children: children.to_vec(), size });
        self.numbers.insert(key, number);
        number
    }

    pub fn name(&self, term: usize) -> &str {
        &self.nodes[term].name
    }

    pub fn children(&self, term: usize) -> &[usize] {
        &self.nodes[term].children
    }

    /// Nodes of the term written out as a tree.
    pub fn size(&self, term: usize) -> u64 {
        self.nodes[term].size
    }

    /// The colour of the term's outermost name.
    pub fn color(&self, term: usize) -> Color {
        color_of(self.name(term), self.children(term).len())
    }

    /// The arguments of a term if it has this name and as many arguments as are asked for.
    fn arguments<const N: usize>(&self, term: usize, name: &str) -> Option<[usize; N]> {
        let node = &self.nodes[term];
        if node.name == name { node.children.as_slice().try_into().ok() } else { None }
    }
}

/// What a rule makes of a term; `None` if it does not apply.
pub type Rule = fn(&mut Terms, usize) -> Option<usize>;

/// Where rules are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Once, at the root.
    Root,
    /// Once at every place, arguments before their function, from left to right; results are not visited again.
    Everywhere,
    /// As `Everywhere`, results again, until no rule applies anywhere.
    Fixpoint,
}

/// Why the rewriting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The strategy had nothing left to do.
    Complete,
    /// A rule applied, and the steps were used up.
    Steps,
    /// A rule applied, and the term would have become too large.
    Nodes,
}

/// One application of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which of `RULES`.
    pub rule: usize,
    /// Where: the number of the node in the term before this step, the root being 0, each node before its arguments.
    pub at: u64,
}

/// What became of a term.
#[derive(Clone, Debug)]
pub struct Rewritten {
    pub term: usize,
    pub steps: Vec<Step>,
    pub stop: Stop,
}

struct Frame {
    term: usize,
    at: u64,
    next: u64,
    done: Vec<usize>,
}

/// Rewrites `term` with `RULES`, with at most `max_steps` steps, never to more than `max_nodes` nodes.
pub fn rewrite(
    terms: &mut Terms,
    term: usize,
    strategy: Strategy,
    max_steps: u64,
    max_nodes: u64,
) -> Rewritten {
    let mut total = terms.size(term);
    let mut steps: Vec<Step> = Vec::new();
    let mut stop = Stop::Complete;
    let mut normal: HashSet<usize> = HashSet::new();
    let mut attempt = |terms: &mut Terms, term: usize, at: u64, stop: &mut Stop| -> Option<usize> {
        if *stop != Stop::Complete {
            return None;
        }
        let (rule, result) =
            RULES.iter().enumerate().find_map(|(number, (_, rule))| Some((number, rule(terms, term)?)))?;
        let after = (total - terms.size(term)).saturating_add(terms.size(result));
        if steps.len() as u64 >= max_steps {
            *stop = Stop::Steps;
        } else if after > max_nodes {
            *stop = Stop::Nodes;
        } else {
            total = after;
            steps.push(Step { rule, at });
            return Some(result);
        }
        None
    };
    if strategy == Strategy::Root {
        let result = attempt(terms, term, 0, &mut stop).unwrap_or(term);
        return Rewritten { term: result, steps, stop };
    }
    let mut frames = vec![Frame { term, at: 0, next: 1, done: Vec::new() }];
    let mut result = term;
    while let Some(frame) = frames.last_mut() {
        if let Some(child) = terms.children(frame.term).get(frame.done.len()).copied() {
            if normal.contains(&child) {
                frame.next += terms.size(child);
                frame.done.push(child);
            } else {
                let at = frame.next;
                frames.push(Frame { term: child, at, next: at + 1, done: Vec::new() });
            }
            continue;
        }
        let name = terms.name(frame.term).to_owned();
        let rebuilt = terms.add(&name, &frame.done);
        let at = frame.at;
        frames.pop();
        let rewritten = attempt(terms, rebuilt, at, &mut stop);
        result = rewritten.unwrap_or(rebuilt);
        if strategy == Strategy::Fixpoint {
            if rewritten.is_some() && !normal.contains(&result) {
                frames.push(Frame { term: result, at, next: at + 1, done: Vec::new() });
                continue;
            }
            if stop == Stop::Complete {
                normal.insert(result);
            }
        }
        if let Some(above) = frames.last_mut() {
            above.next += terms.size(result);
            above.done.push(result);
        }
    }
    Rewritten { term: result, steps, stop }
}
