//! The operators of the term language and the laws that they obey, and names in general.
//!
//! A law is declared, never guessed: a rule applies to an operator only if the operator has the rule's law. No
//! operator has both `idem` and `inverse`, which together prove all terms equal (a = a·(a·a⁻¹) = (a·a)·a⁻¹ = e).
//! Any other name is an uninterpreted function: it has no law, and congruence alone applies to it.

use std::collections::HashMap;

use ramanujan_core::Color;

/// A property of a binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// (a·b)·c = a·(b·c)
    Assoc,
    /// a·b = b·a
    Comm,
    /// a·a = a
    Idem,
    /// a·e = e·a = a
    Identity,
    /// a·a⁻¹ = e, and (a⁻¹)⁻¹ = a
    Inverse,
    /// a·(b+c) = a·b + a·c over the operator of [`Operator::distributes_over`]
    Distributes,
}

impl Law {
    pub fn as_str(self) -> &'static str {
        match self {
            Law::Assoc => "assoc",
            Law::Comm => "comm",
            Law::Idem => "idem",
            Law::Identity => "identity",
            Law::Inverse => "inverse",
            Law::Distributes => "distributes",
        }
    }
}

/// A name with laws.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    pub symbol: &'static str,
    pub arity: usize,
    pub color: Color,
    pub laws: &'static [Law],
    /// The term that changes nothing.
    pub identity: Option<&'static str>,
    /// Its inverse: a binary one is `a·b⁻¹`, a unary one `a⁻¹`.
    pub inverse: Option<&'static str>,
    pub distributes_over: Option<&'static str>,
    pub meaning: &'static str,
}

impl Operator {
    pub fn has(&self, law: Law) -> bool {
        self.laws.contains(&law)
    }
}

const PLAIN: Operator = Operator {
    symbol: "",
    arity: 2,
    color: Color::Red,
    laws: &[],
    identity: None,
    inverse: None,
    distributes_over: None,
    meaning: "",
};

/// All operators with laws.
pub const OPERATORS: [Operator; 6] = [
    Operator {
        symbol: "merge",
        laws: &[Law::Assoc, Law::Comm, Law::Idem, Law::Identity],
        identity: Some("id"),
        meaning: "join of two states or deltas",
        ..PLAIN
    },
    Operator {
        symbol: "compose",
        laws: &[Law::Assoc, Law::Identity, Law::Inverse],
        identity: Some("id"),
        inverse: Some("inv"),
        meaning: "one operation after another",
        ..PLAIN
    },
    Operator {
        symbol: "inv",
        arity: 1,
        color: Color::Blue,
        meaning: "the operation that undoes another",
        ..PLAIN
    },
    Operator {
        symbol: "+",
        laws: &[Law::Assoc, Law::Comm, Law::Identity, Law::Inverse],
        identity: Some("0"),
        inverse: Some("-"),
        meaning: "sum",
        ..PLAIN
    },
    Operator { symbol: "-", color: Color::Blue, meaning: "difference", ..PLAIN },
    Operator {
        symbol: "*",
        laws: &[Law::Assoc, Law::Comm, Law::Identity, Law::Distributes],
        identity: Some("1"),
        distributes_over: Some("+"),
        meaning: "product",
        ..PLAIN
    },
];

/// The operator of a symbol, `None` for an uninterpreted name.
pub fn operator(symbol: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.symbol == symbol)
}

/// Names that no table has are coloured by how they begin.
pub const COLOR_PREFIXES: [(&str, Color); 4] =
    [("assoc", Color::Red), ("forward", Color::Red), ("inv", Color::Blue), ("backward", Color::Blue)];

/// The colour of a name with `arity` arguments: the operator's own, else the stream's that knows the operation, else
/// by prefix (`assoc…`, `forward…` RED; `inv…`, `backward…` BLUE), else GREEN. What has no arguments is GREEN.
pub fn color(symbol: &str, arity: usize) -> Color {
    if arity == 0 {
        Color::Green
    } else if let Some(operator) = operator(symbol) {
        operator.color
    } else if let Some(color) = Color::of_operation(symbol) {
        color
    } else {
        let known = COLOR_PREFIXES.iter().find(|(prefix, _)| symbol.starts_with(prefix));
        known.map_or(Color::Green, |(_, color)| *color)
    }
}

/// The names that have a colour of their own with any number of arguments but none, each once.
pub fn colored_names() -> impl Iterator<Item = (&'static str, Color)> {
    let operators = OPERATORS.iter().map(|operator| (operator.symbol, operator.color));
    operators.chain(Color::OPERATIONS.into_iter().filter(|(name, _)| operator(name).is_none()))
}

/// A name of one request, as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u32);

/// The names of one request. They live and die with it: a global table would grow with every client's symbols.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<String>,
    index: HashMap<String, Name>,
}

impl Names {
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.index.get(text) {
            return *name;
        }
        let name = Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.to_owned());
        self.index.insert(text.to_owned(), name);
        name
    }

    /// The name of a text, `None` if the table does not have it.
    pub fn get(&self, text: &str) -> Option<Name> {
        self.index.get(text).copied()
    }

    /// The text of a name given out by this table.
    pub fn text(&self, name: Name) -> &str {
        self.texts.get(name.0 as usize).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_consistent() {
        for op in OPERATORS {
            assert!(!(op.has(Law::Idem) && op.has(Law::Inverse)), "{}", op.symbol);
            assert_eq!(op.has(Law::Identity), op.identity.is_some(), "{}", op.symbol);
            assert_eq!(op.has(Law::Inverse), op.inverse.is_some(), "{}", op.symbol);
            assert_eq!(op.has(Law::Distributes), op.distributes_over.is_some(), "{}", op.symbol);
            assert!(op.laws.is_empty() || op.arity == 2, "{}", op.symbol);
            for other in [op.inverse, op.distributes_over].into_iter().flatten() {
                assert!(operator(other).is_some(), "{other}");
            }
        }
    }

    #[test]
    fn colours_of_names() {
        for (symbol, arity, expected) in [
            ("merge", 2, Color::Red),
            ("-", 2, Color::Blue),
            ("insert", 1, Color::Red),
            ("delete", 1, Color::Blue),
            ("verify", 1, Color::Green),
            ("forward_x", 1, Color::Red),
            ("invert", 1, Color::Blue),
            ("f", 3, Color::Green),
            ("insert", 0, Color::Green),
        ] {
            assert_eq!(color(symbol, arity), expected, "{symbol}");
        }
    }

    #[test]
    fn named_colours_are_those_of_the_names() {
        let mut seen = std::collections::HashSet::new();
        for (name, expected) in colored_names() {
            assert_eq!(color(name, 1), expected, "{name}");
            assert!(seen.insert(name), "{name} twice");
        }
        assert!(seen.len() > OPERATORS.len());
    }

    #[test]
    fn names_are_given_once() {
        let mut names = Names::default();
        let (a, b) = (names.intern("a"), names.intern("b"));
        assert_eq!((names.intern("a"), names.text(a), names.text(b)), (a, "a", "b"));
        assert_ne!(a, b);
    }
}
