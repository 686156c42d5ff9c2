//! Terms of the tests: random ones, as S-expressions and as words in pre-order.

use proptest::prelude::*;
use serde_json::Value;

/// A name and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term(pub(crate) String, pub(crate) Vec<Term>);

/// Names with their numbers of arguments, one colour each at least, and such as would break a careless generator.
const FUNCTIONS: [(&str, usize); 14] = [
    ("f", 2),
    ("f", 1),
    ("g", 1),
    ("h", 3),
    ("merge", 2),
    ("inv", 1),
    ("insert", 1),
    ("delete", 2),
    ("fn", 2),
    ("\\n", 1),
    ("*/", 1),
    ("%{x}", 2),
    ("\u{202e}ö//", 1),
    ("@s0\\22", 1),
];
const LEAVES: [&str; 6] = ["a", "b", "id", "self", "\\", "-1.5"];

impl Term {
    pub(crate) fn text(&self) -> String {
        if self.1.is_empty() {
            return self.0.clone();
        }
        let children: Vec<String> = self.1.iter().map(Term::text).collect();
        format!("({} {})", self.0, children.join(" "))
    }

    /// `name/arity` in pre-order.
    pub(crate) fn words(&self) -> String {
        let mut words = format!("{}/{}", self.0, self.1.len());
        for child in &self.1 {
            words.push(' ');
            words.push_str(&child.words());
        }
        words
    }

    /// The term of an S-expression that is known to be one.
    pub(crate) fn parse(text: &str) -> Term {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut open: Vec<Vec<Term>> = vec![Vec::new()];
        let mut heads: Vec<String> = Vec::new();
        let mut words = spaced.split_whitespace();
        while let Some(word) = words.next() {
            let done = match word {
                "(" => {
                    heads.push(words.next().expect("an operator").to_owned());
                    open.push(Vec::new());
                    continue;
                }
                ")" => Term(heads.pop().expect("an operator"), open.pop().expect("arguments")),
                name => Term(name.to_owned(), Vec::new()),
            };
            open.last_mut().expect("an open term").push(done);
        }
        open.pop().and_then(|mut all| all.pop()).expect("a term")
    }

    /// The term with `put` in the place of every leaf that it gives something for.
    fn with(&self, put: &mut dyn FnMut(&str) -> Option<Term>) -> Term {
        if self.1.is_empty() {
            return put(&self.0).unwrap_or_else(|| self.clone());
        }
        Term(self.0.clone(), self.1.iter().map(|child| child.with(put)).collect())
    }

    /// The term of words in pre-order.
    pub(crate) fn read(words: &mut dyn Iterator<Item = (String, usize)>) -> Term {
        let (name, arity) = words.next().expect("a word for every argument");
        Term(name, (0..arity).map(|_| Term::read(words)).collect())
    }
}

fn over(leaves: Vec<String>, depth: u32) -> impl Strategy<Value = Term> {
    let leaf = prop::sample::select(leaves).prop_map(|name| Term(name, Vec::new()));
    leaf.prop_recursive(depth, 40, 3, |inner| {
        (prop::sample::select(FUNCTIONS.to_vec()), prop::collection::vec(inner, 3)).prop_map(
            |((name, arity), mut children)| {
                children.truncate(arity);
                Term(name.to_owned(), children)
            },
        )
    })
}

fn any_term() -> impl Strategy<Value = Term> {
    over(LEAVES.map(str::to_owned).to_vec(), 3)
}

/// A rule set by its number, and a term on which its rules have good prospects: mostly an instance of a source, mostly
/// within another term, with variables that are often equal or arguments of one another.
pub(crate) fn any_case(sets: &[Vec<Value>]) -> impl Strategy<Value = (usize, Term)> + use<> {
    let sources: Vec<Vec<Term>> = sets
        .iter()
        .map(|set| {
            set.iter().map(|rule| Term::parse(rule["source_pattern"].as_str().expect("a text"))).collect()
        })
        .collect();
    let parts = (any_term(), prop::collection::vec(any_term(), 4), any::<prop::sample::Index>());
    (0..sets.len(), parts, 0..6u8).prop_map(move |(set, (around, mut arguments, source), kind)| {
        match kind % 3 {
            0 => arguments[1] = arguments[0].clone(),
            1 => {
                let below = Term("insert".to_owned(), vec![arguments[1].clone()]);
                arguments[0] = Term("f".to_owned(), vec![below.clone(), arguments[0].clone()]);
                arguments[1] = below;
            }
            _ => {}
        }
        let mut seen: Vec<String> = Vec::new();
        let instance = source.get(&sources[set]).with(&mut |leaf| {
            leaf.starts_with('?').then(|| {
                let known = seen.iter().position(|name| name == leaf).unwrap_or_else(|| {
                    seen.push(leaf.to_owned());
                    seen.len() - 1
                });
                arguments[known % arguments.len()].clone()
            })
        });
        let planted = around.with(&mut |leaf| (leaf == "a").then(|| instance.clone()));
        let term = match kind {
            0..=2 => instance,
            3 | 4 => planted,
            _ => around,
        };
        (set, term)
    })
}

/// A term in which some leaves are variables.
pub(crate) fn any_pattern() -> impl Strategy<Value = Term> {
    let leaves = ["?x", "?x", "?y", "?y", "?type", "?\\", "a", "id"];
    over(leaves.map(str::to_owned).to_vec(), 2)
}
