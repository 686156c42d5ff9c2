//! Terms of the tests: random ones, as S-expressions and as words in pre-order.

use proptest::prelude::*;

/// A name and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term(pub(crate) String, pub(crate) Vec<Term>);

/// Names with their numbers of arguments, one colour each at least, and such as would break a careless generator.
pub(crate) const FUNCTIONS: [(&str, usize); 14] = [
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
pub(crate) const LEAVES: [&str; 6] = ["a", "b", "id", "self", "\\", "-1.5"];

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

pub(crate) fn any_term() -> impl Strategy<Value = Term> {
    over(LEAVES.map(str::to_owned).to_vec(), 5)
}

/// A term in which some leaves are variables.
pub(crate) fn any_pattern() -> impl Strategy<Value = Term> {
    let leaves = ["?x", "?x", "?y", "?y", "?type", "?\\", "a", "id"];
    over(leaves.map(str::to_owned).to_vec(), 2)
}
