//! Checks proofs. Knows terms and rules only: nothing of the graph that the proof comes from.

use std::collections::HashMap;
use std::fmt;

use crate::number::Number;
use crate::pattern::{Pattern, Place};
use crate::proof::{Proof, Reason};
use crate::rewrite::{Condition, Rewrite, Right};
use crate::term::Term;
use crate::vocabulary::{Name, Vocabulary};

/// What is wrong with a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It begins or ends with another term than it should.
    Ends,
    /// The step of this number, counted from 0, is not what its reason says.
    Step(usize, &'static str),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Ends => write!(f, "the proof begins or ends with another term"),
            Wrong::Step(step, reason) => write!(f, "step {step}: {reason}"),
        }
    }
}

impl std::error::Error for Wrong {}

/// Replays a proof: whether its steps, by `rewrites` and `facts` alone, take `left` to `right`. All terms are over one
/// vocabulary.
///
/// # Errors
/// With the first thing that is wrong.
pub fn check(
    vocabulary: &Vocabulary,
    rewrites: &[Rewrite],
    facts: &[(Term, Term)],
    left: &Term,
    right: &Term,
    proof: &Proof,
) -> Result<(), Wrong> {
    let mut pool = Pool::default();
    let given = pool.take(&proof.terms);
    let term = |place: u32| given.get(place as usize).copied();
    let mut at = pool.root(left).ok_or(Wrong::Ends)?;
    let end = pool.root(right).ok_or(Wrong::Ends)?;
    if term(proof.start) != Some(at) || term(proof.end) != Some(end) {
        return Err(Wrong::Ends);
    }
    for (number, step) in proof.steps.iter().enumerate() {
        let wrong = |reason| Wrong::Step(number, reason);
        let (from, to) = match &step.reason {
            Reason::Fact { fact, left, right } => {
                let (known_left, known_right) =
                    facts.get(*fact as usize).ok_or_else(|| wrong("there is no such fact"))?;
                let ends = (pool.root(known_left), pool.root(known_right));
                if ends != (term(*left), term(*right)) || ends.0.is_none() {
                    return Err(wrong("the fact says something else"));
                }
                (ends.0, ends.1)
            }
            Reason::Rewrite { rewrite, bindings } => {
                let rewrite =
                    rewrites.get(*rewrite as usize).ok_or_else(|| wrong("there is no such rewrite"))?;
                let bindings: Option<Vec<u32>> = bindings.iter().map(|place| term(*place)).collect();
                let bindings = bindings.filter(|bindings| bindings.len() == rewrite.variables.0.len());
                let bindings = bindings.ok_or_else(|| wrong("a variable has no term"))?;
                let holds = |condition: &Condition| pool.holds(vocabulary, *condition, &bindings);
                if !rewrite.conditions.iter().all(holds) {
                    return Err(wrong("a condition does not hold"));
                }
                let left = pool.instance(&rewrite.left, &bindings);
                let right = match &rewrite.right {
                    Right::Pattern(pattern) => Some(pool.instance(pattern, &bindings)),
                    Right::Value => pool.value(vocabulary, left),
                };
                (Some(left), right)
            }
        };
        let (Some(from), Some(to)) = (if step.forward { (from, to) } else { (to, from) }) else {
            return Err(wrong("there is no such term"));
        };
        at = pool
            .replace(at, &step.position, from, to)
            .ok_or_else(|| wrong("what stands at the position is something else"))?;
    }
    if at == end { Ok(()) } else { Err(Wrong::Ends) }
}

/// Terms, each once, so that equal terms have equal numbers.
#[derive(Default)]
struct Pool {
    nodes: Vec<(Name, Vec<u32>)>,
    index: HashMap<(Name, Vec<u32>), u32>,
}

impl Pool {
    fn node(&mut self, name: Name, children: Vec<u32>) -> u32 {
        let Pool { nodes, index } = self;
        *index.entry((name, children)).or_insert_with_key(|key| {
            nodes.push(key.clone());
            nodes.len() as u32 - 1
        })
    }

    /// The numbers of all nodes of a term.
    fn take(&mut self, term: &Term) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::with_capacity(term.nodes().len());
        for node in term.nodes() {
            let children = node.children.iter().map(|child| numbers[*child as usize]).collect();
            numbers.push(self.node(node.name, children));
        }
        numbers
    }

    fn root(&mut self, term: &Term) -> Option<u32> {
        self.take(term).last().copied()
    }

    fn instance(&mut self, pattern: &Pattern, bindings: &[u32]) -> u32 {
        let places = pattern.places();
        let mut built = vec![0; places.len()];
        for (at, place) in places.iter().enumerate().rev() {
            built[at] = match *place {
                Place::Variable(variable) => bindings[variable],
                Place::Node(name, _) => {
                    let arguments = (at + 1..places.len()).filter(|child| pattern.parent(*child).0 == at);
                    let children = arguments.map(|child| built[child]).collect();
                    self.node(name, children)
                }
            };
        }
        built[0]
    }

    fn number(&self, vocabulary: &Vocabulary, term: u32) -> Option<Number> {
        let (name, children) = &self.nodes[term as usize];
        if children.is_empty() { Number::read(vocabulary.text(*name)) } else { None }
    }

    fn value(&mut self, vocabulary: &Vocabulary, term: u32) -> Option<u32> {
        let (name, children) = &self.nodes[term as usize];
        let arguments: Option<Vec<Number>> =
            children.iter().map(|child| self.number(vocabulary, *child)).collect();
        let value = Number::apply(vocabulary.text(*name), &arguments?)?;
        let name = vocabulary.get(&value.to_string())?;
        Some(self.node(name, Vec::new()))
    }

    fn holds(&self, vocabulary: &Vocabulary, condition: Condition, bindings: &[u32]) -> bool {
        match condition {
            Condition::Literal(a) => self.number(vocabulary, bindings[a]).is_some(),
            Condition::Nonzero(a) => {
                self.number(vocabulary, bindings[a]).is_some_and(|number| !number.is_zero())
            }
            Condition::Color(a, color) => {
                let (name, children) = &self.nodes[bindings[a] as usize];
                vocabulary.color(*name, children.len()) == color
            }
            // That the two were not known to be equal is about the run; that they are not the same is about them.
            Condition::Differ(a, b) => bindings[a] != bindings[b],
        }
    }

    /// `term` with `to` instead of `from` at a position.
    fn replace(&mut self, term: u32, position: &[u32], from: u32, to: u32) -> Option<u32> {
        let mut above = Vec::with_capacity(position.len());
        let mut at = term;
        for argument in position {
            above.push((at, *argument as usize));
            at = *self.nodes[at as usize].1.get(*argument as usize)?;
        }
        if at != from {
            return None;
        }
        let mut built = to;
        for (parent, argument) in above.into_iter().rev() {
            let (name, mut children) = self.nodes[parent as usize].clone();
            children[argument] = built;
            built = self.node(name, children);
        }
        Some(built)
    }
}
