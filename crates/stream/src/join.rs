//! Terms made of joins alone, and the replay of proofs about them: a check that shares nothing with the prover, knows
//! the three laws of a join (associative, commutative, idempotent), and takes nobody's word for a step.

use crate::gadgets::Step;

/// How deep a term may be nested: terms of a witness have a handful of leaves.
const MAX_DEPTH: usize = 64;

/// A join of named deltas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    Leaf(String),
    Merge(Box<Join>, Box<Join>),
}

impl Join {
    /// The leaves joined one after the other.
    pub(crate) fn of(leaves: impl IntoIterator<Item = String>) -> Option<Join> {
        let joined = leaves.into_iter().map(Join::Leaf);
        joined.reduce(|left, right| Join::Merge(Box::new(left), Box::new(right)))
    }

    /// Reads an S-expression of `merge` and names.
    pub(crate) fn read(text: &str) -> Option<Join> {
        let mut rest = text;
        let join = Join::read_from(&mut rest, MAX_DEPTH)?;
        rest.trim().is_empty().then_some(join)
    }

    fn read_from(rest: &mut &str, depth: usize) -> Option<Join> {
        *rest = rest.trim_start();
        let Some(inside) = rest.strip_prefix('(') else {
            let end = rest.find(|c: char| c.is_whitespace() || "()".contains(c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            *rest = after;
            return (!name.is_empty()).then(|| Join::Leaf(name.to_owned()));
        };
        *rest = inside.strip_prefix("merge ")?;
        let depth = depth.checked_sub(1)?;
        let (left, right) = (Join::read_from(rest, depth)?, Join::read_from(rest, depth)?);
        *rest = rest.trim_start().strip_prefix(')')?;
        Some(Join::Merge(Box::new(left), Box::new(right)))
    }

    /// The part at a position: which argument to take at each level.
    fn at(&mut self, position: &[u32]) -> Option<&mut Join> {
        position.iter().try_fold(self, |join, argument| match (join, argument) {
            (Join::Merge(left, _), 0) => Some(left.as_mut()),
            (Join::Merge(_, right), 1) => Some(right.as_mut()),
            _ => None,
        })
    }
}

impl std::fmt::Display for Join {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Join::Leaf(name) => f.write_str(name),
            Join::Merge(left, right) => write!(f, "(merge {left} {right})"),
        }
    }
}

/// Whether one of the laws, at the root, makes the second term of the first.
fn is_instance(from: &Join, to: &Join) -> bool {
    use Join::Merge;
    let comm = |a: &Join, b: &Join| match (a, b) {
        (Merge(a, b), Merge(c, d)) => a == d && b == c,
        _ => false,
    };
    let assoc = |a: &Join, b: &Join| match (a, b) {
        (Merge(ab, c), Merge(x, yz)) => match (ab.as_ref(), yz.as_ref()) {
            (Merge(a, b), Merge(y, z)) => a == x && b == y && c == z,
            _ => false,
        },
        _ => false,
    };
    let idem = |a: &Join, b: &Join| matches!(a, Merge(x, y) if x == y && x.as_ref() == b);
    comm(from, to) || assoc(from, to) || assoc(to, from) || idem(from, to) || idem(to, from)
}

/// Whether the steps lead from `left` to `right`, each by a law of joins at the place it names.
pub(crate) fn replay(left: &Join, right: &Join, steps: &[Step]) -> bool {
    let mut term = left.clone();
    for step in steps {
        let (Some(from), Some(to)) = (Join::read(&step.from), Join::read(&step.to)) else { return false };
        match term.at(&step.position) {
            Some(place) if *place == from && is_instance(&from, &to) => *place = to,
            _ => return false,
        }
    }
    term == *right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(position: &[u32], from: &str, to: &str) -> Step {
        let (from, to) = (from.to_owned(), to.to_owned());
        Step { rule: "any".into(), direction: "forward", position: position.to_vec(), from, to }
    }

    fn join(text: &str) -> Join {
        Join::read(text).unwrap()
    }

    #[test]
    fn joins_are_read_and_written() {
        let text = "(merge (merge a:1 b:1..b:7) c:1)";
        assert_eq!(join(text).to_string(), text);
        assert_eq!(Join::of(["a:1", "b:1..b:7", "c:1"].map(str::to_owned)), Some(join(text)));
        for bad in ["", "(merge a)", "(merge a b", "(merge a b) c", "(inv a b)", "()"] {
            assert_eq!(Join::read(bad), None, "{bad}");
        }
        assert_eq!(Join::read(&"(merge a ".repeat(100_000)), None);
    }

    #[test]
    fn each_law_is_known_and_nothing_else() {
        let (left, right) = (join("(merge (merge a b) c)"), join("(merge (merge a c) b)"));
        let steps = [
            step(&[], "(merge (merge a b) c)", "(merge a (merge b c))"),
            step(&[1], "(merge b c)", "(merge c b)"),
            step(&[], "(merge a (merge c b))", "(merge (merge a c) b)"),
        ];
        assert!(replay(&left, &right, &steps));
        assert!(!replay(&left, &right, &steps[..2]), "it ends elsewhere");
        assert!(!replay(&left, &right, &steps[1..]), "it begins elsewhere");
        assert!(replay(&join("(merge a a)"), &join("a"), &[step(&[], "(merge a a)", "a")]));
        assert!(replay(&join("a"), &join("(merge a a)"), &[step(&[], "a", "(merge a a)")]));
        assert!(!replay(&join("(merge a b)"), &join("a"), &[step(&[], "(merge a b)", "a")]));
        assert!(!replay(&left, &join("a"), &[step(&[0, 0, 0], "a", "a")]), "there is no such place");
    }
}
