//! The languages: which operators they declare, with which laws.

use ramanujan_core::Color;

use crate::operators::{Law, Operator, Signature};

/// A set of operators that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The algebra of CRDT operations: joins, sequences, inverses, sets, counters.
    Operations,
    /// Integers and rational numbers.
    Arithmetic,
    /// Truth values.
    Boolean,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 3] = [Language::Operations, Language::Arithmetic, Language::Boolean];

    /// The name of the language in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Operations => "operations",
            Language::Arithmetic => "arithmetic",
            Language::Boolean => "boolean",
        }
    }

    /// The language of a name.
    pub fn named(name: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.as_str() == name)
    }

    /// Its operators.
    pub fn operators(self) -> Vec<Operator> {
        match self {
            Language::Operations => operations(),
            Language::Arithmetic => arithmetic(),
            Language::Boolean => boolean(),
        }
    }
}

/// The operators of several languages and further ones, declared together.
///
/// # Errors
/// As [`Signature::of`].
pub fn signature(
    languages: &[Language],
    more: Vec<Operator>,
) -> Result<Signature, crate::operators::BadOperator> {
    Signature::of(languages.iter().flat_map(|language| language.operators()).chain(more).collect())
}

fn with(symbol: &str, color: Color, laws: &[Law], meaning: &str) -> Operator {
    Operator { laws: laws.to_vec(), meaning: meaning.into(), ..Operator::new(symbol, 2, color) }
}

fn name(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A sequence takes no side: it may hold RED and BLUE operations. A join constructs and an inverse undoes.
fn operations() -> Vec<Operator> {
    use Law::{Absorption, Annihilator, Assoc, Comm, Distributes, Fold, Idem, Identity, Inverse};
    vec![
        Operator {
            identity: name("id"),
            ..with("merge", Color::Red, &[Assoc, Comm, Idem, Identity], "join of two states or deltas")
        },
        Operator {
            identity: name("id"),
            inverse: name("inv"),
            ..with("compose", Color::Green, &[Assoc, Identity, Inverse], "one operation after another")
        },
        Operator {
            meaning: "the operation that undoes another".into(),
            ..Operator::new("inv", 1, Color::Blue)
        },
        Operator {
            identity: name("empty"),
            dual: name("intersect"),
            ..with("union", Color::Red, &[Assoc, Comm, Idem, Identity, Absorption], "union of sets")
        },
        Operator {
            annihilator: name("empty"),
            dual: name("union"),
            distributes_over: vec!["union".into()],
            ..with(
                "intersect",
                Color::Green,
                &[Assoc, Comm, Idem, Annihilator, Absorption, Distributes],
                "intersection of sets",
            )
        },
        // Not 0 is its identity: terms have negative numbers too, and of (- a b) nobody knows the sign.
        with("max", Color::Red, &[Assoc, Comm, Idem, Fold], "join of counters: the larger of two numbers"),
    ]
}

/// Values, neither constructed nor undone: all GREEN.
fn arithmetic() -> Vec<Operator> {
    use Law::{Annihilator, Assoc, Cancel, Comm, Definition, Distributes, Fold, Identity, Inverse};
    vec![
        Operator {
            identity: name("0"),
            inverse: name("-"),
            ..with("+", Color::Green, &[Assoc, Comm, Identity, Inverse, Fold], "sum")
        },
        with("-", Color::Green, &[Fold], "difference"),
        Operator {
            identity: name("1"),
            annihilator: name("0"),
            distributes_over: vec!["+".into()],
            ..with("*", Color::Green, &[Assoc, Comm, Identity, Annihilator, Distributes, Fold], "product")
        },
        with("/", Color::Green, &[Fold, Cancel], "quotient; nothing is known of one by 0"),
        Operator {
            laws: vec![Definition, Fold],
            definition: name("(- 0 ?a)"),
            meaning: "the negative of a number".into(),
            ..Operator::new("neg", 1, Color::Green)
        },
    ]
}

/// Values as well: all GREEN.
fn boolean() -> Vec<Operator> {
    use Law::{
        Absorption, Annihilator, Assoc, Comm, Complement, DeMorgan, Definition, Distributes, Idem, Identity,
        Inverse, Involution,
    };
    let lattice = [Assoc, Comm, Idem, Identity, Annihilator, Absorption, Distributes, Complement, DeMorgan];
    let of_lattice = |symbol, dual: &str, identity, annihilator, meaning| Operator {
        identity: name(identity),
        annihilator: name(annihilator),
        dual: name(dual),
        complement: name("not"),
        distributes_over: vec![dual.into()],
        ..with(symbol, Color::Green, &lattice, meaning)
    };
    vec![
        of_lattice("and", "or", "true", "false", "conjunction"),
        of_lattice("or", "and", "false", "true", "disjunction"),
        Operator {
            laws: vec![Involution],
            meaning: "negation".into(),
            ..Operator::new("not", 1, Color::Green)
        },
        Operator {
            definition: name("(or (not ?a) ?b)"),
            ..with("implies", Color::Green, &[Definition], "implication")
        },
        Operator {
            identity: name("false"),
            inverse: name("xor"),
            ..with("xor", Color::Green, &[Assoc, Comm, Identity, Inverse], "exclusive disjunction")
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_are_consistent_together_and_each_alone() {
        assert!(signature(&Language::ALL, Vec::new()).is_ok());
        for language in Language::ALL {
            assert!(signature(&[language], Vec::new()).is_ok(), "{}", language.as_str());
            assert_eq!(Language::named(language.as_str()), Some(language));
        }
    }

    #[test]
    fn declarations_that_contradict_are_refused() {
        let binary = |laws: &[Law]| Operator {
            identity: name("e"),
            annihilator: name("z"),
            inverse: name("back"),
            ..with("op", Color::Red, laws, "")
        };
        let back = || Operator::new("back", 1, Color::Blue);
        let refused = |operators: Vec<Operator>| signature(&[], operators).unwrap_err().reason;
        assert!(signature(&[], vec![binary(&[Law::Assoc, Law::Identity, Law::Inverse]), back()]).is_ok());
        assert!(
            refused(vec![binary(&[Law::Idem, Law::Identity, Law::Inverse]), back()])
                .contains("idem and inverse")
        );
        assert!(
            refused(vec![binary(&[Law::Identity, Law::Inverse, Law::Annihilator]), back()]).contains("prove")
        );
        assert!(refused(vec![binary(&[Law::Inverse]), back()]).contains("needs"));
        assert!(refused(vec![binary(&[])]).contains("back is not declared"));
        assert!(refused(vec![back(), back()]).contains("already"));
        assert!(refused(vec![Operator { laws: vec![Law::Comm], ..back() }]).contains("2 arguments"));
        assert!(refused(vec![Operator::new("f g", 1, Color::Red)]).contains("' '"));
        assert!(refused(vec![Operator::new("f", 0, Color::Red)]).contains("arity"));
        assert!(
            refused(vec![Operator { identity: name("back"), ..with("op", Color::Red, &[], "") }, back()])
                .contains("constant")
        );
    }

    #[test]
    fn colours_of_names() {
        let signature = signature(&Language::ALL, Vec::new()).unwrap();
        for (symbol, expected) in [
            ("merge", Color::Red),
            ("compose", Color::Green),
            ("inv", Color::Blue),
            ("-", Color::Green),
            ("insert", Color::Red),
            ("delete", Color::Blue),
            ("verify", Color::Green),
            ("forward_x", Color::Red),
            ("invert", Color::Blue),
            ("f", Color::Green),
        ] {
            assert_eq!(signature.color(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn named_colours_are_those_of_the_names() {
        let signature = signature(&Language::ALL, Vec::new()).unwrap();
        let mut seen = std::collections::HashSet::new();
        for (name, expected) in signature.colored_names() {
            assert_eq!(signature.color(name), expected, "{name}");
            assert!(seen.insert(name), "{name} twice");
        }
        assert!(seen.len() > signature.operators().len());
    }
}
