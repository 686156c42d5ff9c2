//! Constraints on the variables of a pattern, and which sets of them no term can meet.

use std::collections::BTreeSet;

use ramanujan_core::Color;
use ramanujan_egraph::pattern::Variables;
use ramanujan_egraph::syntactic::{Bindings, TermGraph};
use ramanujan_egraph::vocabulary::Vocabulary;

/// A condition on what variables stand for. Variables are given by their numbers in the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Constraint {
    /// The term has this colour, which is its outermost name's.
    ColorMustBe(usize, Color),
    /// The term has another colour.
    ColorNot(usize, Color),
    /// The two terms differ.
    NotEqual(usize, usize),
    /// The second term is a direct argument of the first.
    ParentOf(usize, usize),
}

impl Constraint {
    /// As a request writes it, e.g. `(ColorNot ?x RED)`.
    pub fn text(self, variables: &Variables) -> String {
        let name = |variable: usize| variables.0.get(variable).map_or("", String::as_str);
        match self {
            Constraint::ColorMustBe(x, color) => format!("(ColorMustBe ?{} {color})", name(x)),
            Constraint::ColorNot(x, color) => format!("(ColorNot ?{} {color})", name(x)),
            Constraint::NotEqual(x, y) => format!("(NotEqual ?{} ?{})", name(x), name(y)),
            Constraint::ParentOf(x, y) => format!("(ParentOf ?{} ?{})", name(x), name(y)),
        }
    }

    /// Whether it holds of what the variables stand for; false where one stands for nothing.
    pub fn holds(self, vocabulary: &Vocabulary, graph: &TermGraph, bindings: &Bindings) -> bool {
        let bound = |variable: usize| bindings.get(variable).copied().flatten();
        let color_of = |variable: usize| {
            bound(variable).map(|place| {
                let node = graph.node(place);
                vocabulary.color(node.name, node.children.len())
            })
        };
        match self {
            Constraint::ColorMustBe(x, color) => color_of(x) == Some(color),
            Constraint::ColorNot(x, color) => color_of(x).is_some_and(|its| its != color),
            Constraint::NotEqual(x, y) => bound(x).zip(bound(y)).is_some_and(|(x, y)| x != y),
            Constraint::ParentOf(x, y) => {
                bound(x).zip(bound(y)).is_some_and(|(x, y)| graph.node(x).children.contains(&y))
            }
        }
    }
}

/// Why no term meets all of `constraints`; `None` if this finds no reason.
///
/// Found are colours that exclude one another, a variable that must differ from itself, and variables that would be
/// arguments of themselves, directly or through others: a term is finite.
pub fn contradiction(constraints: &[Constraint], variables: &Variables) -> Option<String> {
    let text = |constraint: &Constraint| constraint.text(variables);
    for (variable, name) in variables.0.iter().enumerate() {
        let mut possible: BTreeSet<Color> = Color::ALL.into();
        for constraint in constraints {
            match *constraint {
                Constraint::ColorMustBe(x, color) if x == variable => possible.retain(|c| *c == color),
                Constraint::ColorNot(x, color) if x == variable => possible.retain(|c| *c != color),
                _ => {}
            }
        }
        if possible.is_empty() {
            return Some(format!("the constraints leave ?{name} no colour"));
        }
    }
    if let Some(same) = constraints.iter().find(|c| matches!(c, Constraint::NotEqual(x, y) if x == y)) {
        return Some(format!("{} never holds: a term equals itself", text(same)));
    }
    // What is below each variable, until nothing is added: there are few variables.
    let mut below: BTreeSet<(usize, usize)> = BTreeSet::new();
    for constraint in constraints {
        if let Constraint::ParentOf(x, y) = *constraint {
            below.insert((x, y));
        }
    }
    loop {
        let through: Vec<(usize, usize)> = below
            .iter()
            .flat_map(|(x, y)| below.iter().filter(move |(from, _)| from == y).map(move |(_, z)| (*x, *z)))
            .filter(|pair| !below.contains(pair))
            .collect();
        if through.is_empty() {
            break;
        }
        below.extend(through);
    }
    let cyclic = below.iter().find(|(x, y)| x == y)?;
    let name = variables.0.get(cyclic.0).map_or("", String::as_str);
    Some(format!("by the ParentOf constraints ?{name} would be a part of itself"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Constraint::{ColorMustBe, ColorNot, NotEqual, ParentOf};

    #[test]
    fn contradictions_are_found_and_nothing_else() {
        let variables = Variables(["x", "y", "z"].map(str::to_owned).to_vec());
        for (constraints, word) in [
            (vec![ColorMustBe(0, Color::Red), ColorMustBe(0, Color::Blue)], "?x no colour"),
            (vec![ColorMustBe(1, Color::Red), ColorNot(1, Color::Red)], "?y no colour"),
            (Color::ALL.map(|color| ColorNot(0, color)).to_vec(), "?x no colour"),
            (vec![NotEqual(2, 2)], "(NotEqual ?z ?z)"),
            (vec![ParentOf(0, 0)], "part of itself"),
            (vec![ParentOf(0, 1), ParentOf(2, 0), ParentOf(1, 2)], "part of itself"),
        ] {
            let reason = contradiction(&constraints, &variables).unwrap();
            assert!(reason.contains(word), "{constraints:?}: {reason}");
        }
        for fine in [
            vec![],
            vec![ColorNot(0, Color::Red), ColorNot(0, Color::Blue), ColorMustBe(1, Color::Red)],
            vec![NotEqual(0, 1), NotEqual(1, 0)],
            vec![ParentOf(0, 1), ParentOf(0, 2), ParentOf(1, 2)],
        ] {
            assert_eq!(contradiction(&fine, &variables), None, "{fine:?}");
        }
    }
}
