//! The graph of parents of the deltas at hand, made when something is asked of it: of most operations nothing is, because
//! the versions of their parents are kept.

use std::cell::OnceCell;

use ramanujan_core::Dot;
use ramanujan_crdt::ancestry::Ancestry;

/// A delta with what it was made on.
struct Link {
    dot: Dot,
    parents: Vec<Dot>,
    whole: bool,
}

/// A whole history, or its end, in a causal order.
#[derive(Default)]
pub(super) struct Lineage {
    links: Vec<Link>,
    is_all: bool,
    made: OnceCell<Ancestry>,
}

impl Lineage {
    /// Nothing yet; `is_all`: what follows begins with the first delta of all.
    pub(super) fn new(is_all: bool) -> Self {
        Lineage { is_all, ..Self::default() }
    }

    /// Takes in the next delta, as [`Ancestry::push`] does.
    pub(super) fn push(&mut self, dot: Dot, parents: Vec<Dot>, whole: bool) {
        match self.made.get_mut() {
            Some(ancestry) => ancestry.push(&dot, &parents, whole),
            None => self.links.push(Link { dot, parents, whole }),
        }
    }

    /// The graph of all that was pushed.
    pub(super) fn ancestry(&self) -> &Ancestry {
        self.made.get_or_init(|| {
            let mut ancestry = if self.is_all { Ancestry::from_the_first() } else { Ancestry::new() };
            for Link { dot, parents, whole } in &self.links {
                ancestry.push(dot, parents, *whole);
            }
            ancestry
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(text: &str) -> Dot {
        text.parse().unwrap()
    }

    /// Asking early must not make it deaf to what comes after.
    #[test]
    fn it_is_the_same_whenever_it_is_asked_for() {
        let deltas =
            [("a:1", vec![]), ("b:1", vec!["a:1"]), ("a:2", vec!["a:1"]), ("c:1", vec!["a:2", "b:1"])];
        for asked_after in 0..deltas.len() {
            let mut lineage = Lineage::new(true);
            for (index, (new, parents)) in deltas.iter().enumerate() {
                if index == asked_after {
                    lineage.ancestry();
                }
                lineage.push(dot(new), parents.iter().map(|parent| dot(parent)).collect(), false);
            }
            let ancestry = lineage.ancestry();
            assert_eq!(ancestry.holds(&[dot("c:1")], &dot("b:1")), Ok(true), "{asked_after}");
            assert_eq!(ancestry.holds(&[dot("a:2")], &dot("b:1")), Ok(false), "{asked_after}");
            assert_eq!(ancestry.maximal(vec![dot("b:1"), dot("c:1")]), Ok(vec![dot("c:1")]), "{asked_after}");
        }
    }

    /// What lies before the end of a history is not taken for nothing.
    #[test]
    fn the_end_of_a_history_says_what_it_lacks() {
        let mut end = Lineage::new(false);
        end.push(dot("b:2"), vec![dot("b:1")], false);
        assert!(end.ancestry().holds(&[dot("b:2")], &dot("a:1")).is_err());
    }
}
