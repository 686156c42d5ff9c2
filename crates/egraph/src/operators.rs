//! Operators: the laws that they obey, and the languages that declare them.
//!
//! A law is declared, never guessed: a rule applies to an operator only if the operator has the rule's law. Laws that
//! together prove all terms equal are refused on one operator. Any name that is not declared is an uninterpreted
//! function: it has no law, and congruence alone applies to it.

use std::collections::HashMap;
use std::fmt;

use ramanujan_core::Color;

use crate::name::{self, MAX_ARITY};

/// A property of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// a·(b+c) = a·b + a·c over the operators of [`Operator::distributes_over`]
    Distributes,
    /// a·z = z·a = z
    Annihilator,
    /// a·(a+b) = a with the operator of [`Operator::dual`]
    Absorption,
    /// a·a' = z with the operator of [`Operator::complement`] and the annihilator z
    Complement,
    /// (a·b)' = a' + b' with the dual + and the complement '
    DeMorgan,
    /// f(f(a)) = a, of a unary operator
    Involution,
    /// The operator is another spelling of [`Operator::definition`].
    Definition,
    /// The operator computes on number literals.
    Fold,
    /// (a·b)/b = a and b/b = 1 where b is a number literal other than 0
    Cancel,
}

impl Law {
    /// Every law.
    pub const ALL: [Law; 14] = [
        Law::Assoc,
        Law::Comm,
        Law::Idem,
        Law::Identity,
        Law::Inverse,
        Law::Distributes,
        Law::Annihilator,
        Law::Absorption,
        Law::Complement,
        Law::DeMorgan,
        Law::Involution,
        Law::Definition,
        Law::Fold,
        Law::Cancel,
    ];

    /// The name of the law in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Law::Assoc => "assoc",
            Law::Comm => "comm",
            Law::Idem => "idem",
            Law::Identity => "identity",
            Law::Inverse => "inverse",
            Law::Distributes => "distributes",
            Law::Annihilator => "annihilator",
            Law::Absorption => "absorption",
            Law::Complement => "complement",
            Law::DeMorgan => "de_morgan",
            Law::Involution => "involution",
            Law::Definition => "definition",
            Law::Fold => "fold",
            Law::Cancel => "cancel",
        }
    }

    /// The law of a name; those that only the operators of the languages have are left out.
    pub fn declarable(name: &str) -> Option<Law> {
        Law::ALL[..11].iter().copied().find(|law| law.as_str() == name)
    }

    /// Number of arguments of an operator that can have it.
    fn arity(self) -> Option<usize> {
        match self {
            Law::Involution => Some(1),
            Law::Definition | Law::Fold => None,
            _ => Some(2),
        }
    }
}

/// A name with a number of arguments, a colour and laws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its name.
    pub symbol: String,
    /// How many arguments it takes.
    pub arity: usize,
    /// The colour of a term that it is the root of.
    pub color: Color,
    /// The laws that it obeys.
    pub laws: Vec<Law>,
    /// The symbol that changes nothing.
    pub identity: Option<String>,
    /// The symbol that swallows everything.
    pub annihilator: Option<String>,
    /// Its inverse: a binary one is `a·b⁻¹`, a unary one `a⁻¹`.
    pub inverse: Option<String>,
    /// The operators that [`Law::Distributes`] is about.
    pub distributes_over: Vec<String>,
    /// The other operator of a lattice.
    pub dual: Option<String>,
    /// The unary operator that gives the complement.
    pub complement: Option<String>,
    /// A term over `?a`, `?b`, … that says the same.
    pub definition: Option<String>,
    /// What it stands for, for people.
    pub meaning: String,
}

impl Operator {
    /// An operator without laws.
    pub fn new(symbol: &str, arity: usize, color: Color) -> Operator {
        Operator {
            symbol: symbol.to_owned(),
            arity,
            color,
            laws: Vec::new(),
            identity: None,
            annihilator: None,
            inverse: None,
            distributes_over: Vec::new(),
            dual: None,
            complement: None,
            definition: None,
            meaning: String::new(),
        }
    }

    /// Whether it obeys a law.
    pub fn has(&self, law: Law) -> bool {
        self.laws.contains(&law)
    }

    /// The operators that its laws speak of, each with the law, and the arities they may have.
    fn partners(&self) -> impl Iterator<Item = (Law, &str, &'static [usize])> {
        let inverse = self.inverse.iter().map(|s| (Law::Inverse, s.as_str(), &[1, 2][..]));
        let over = self.distributes_over.iter().map(|s| (Law::Distributes, s.as_str(), &[2][..]));
        let dual = self.dual.iter().map(|s| (Law::Absorption, s.as_str(), &[2][..]));
        let complement = self.complement.iter().map(|s| (Law::Complement, s.as_str(), &[1][..]));
        inverse.chain(over).chain(dual).chain(complement)
    }
}

/// Why a declaration is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOperator {
    /// The operator that is declared.
    pub symbol: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for BadOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut: String = self.symbol.chars().take(40).collect();
        write!(f, "operator {cut:?}: {}", self.reason)
    }
}

impl std::error::Error for BadOperator {}

/// Names that nothing declares are coloured by how they begin.
pub const COLOR_PREFIXES: [(&str, Color); 4] =
    [("assoc", Color::Red), ("forward", Color::Red), ("inv", Color::Blue), ("backward", Color::Blue)];

/// The operators of one request.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    operators: Vec<Operator>,
    index: HashMap<String, usize>,
}

impl Signature {
    /// Declares operators, in order.
    ///
    /// # Errors
    /// If a declaration contradicts itself or another, or its laws together prove all terms equal.
    pub fn of(operators: Vec<Operator>) -> Result<Signature, BadOperator> {
        let mut signature = Signature::default();
        for operator in operators {
            let symbol = operator.symbol.clone();
            if signature.index.insert(symbol.clone(), signature.operators.len()).is_some() {
                return Err(BadOperator { symbol, reason: "it is declared already".into() });
            }
            signature.operators.push(operator);
        }
        for operator in &signature.operators {
            signature
                .check(operator)
                .map_err(|reason| BadOperator { symbol: operator.symbol.clone(), reason })?;
        }
        Ok(signature)
    }

    /// The operators in the order in which they were declared.
    pub fn operators(&self) -> &[Operator] {
        &self.operators
    }

    /// The operator of a symbol, `None` for an uninterpreted name.
    pub fn operator(&self, symbol: &str) -> Option<&Operator> {
        self.index.get(symbol).map(|place| &self.operators[*place])
    }

    /// The colour of a name with arguments: the operator's own, else the stream's that knows the operation, else by
    /// prefix ([`COLOR_PREFIXES`]), else GREEN.
    pub fn color(&self, symbol: &str) -> Color {
        if let Some(operator) = self.operator(symbol) {
            operator.color
        } else if let Some(color) = Color::of_operation(symbol) {
            color
        } else {
            let known = COLOR_PREFIXES.iter().find(|(prefix, _)| symbol.starts_with(prefix));
            known.map_or(Color::Green, |(_, color)| *color)
        }
    }

    /// The names that have a colour of their own, each once; others are coloured by prefix.
    pub fn colored_names(&self) -> impl Iterator<Item = (&str, Color)> {
        let declared = self.operators.iter().map(|operator| (operator.symbol.as_str(), operator.color));
        declared.chain(Color::OPERATIONS.into_iter().filter(|(name, _)| self.operator(name).is_none()))
    }

    fn check(&self, operator: &Operator) -> Result<(), String> {
        name::check(&operator.symbol).map_err(|illegal| illegal.0)?;
        if !(1..=MAX_ARITY).contains(&operator.arity) {
            return Err(format!("arity must be 1 to {MAX_ARITY}"));
        }
        for law in &operator.laws {
            if law.arity().is_some_and(|arity| arity != operator.arity) {
                let arity = law.arity().unwrap_or(0);
                return Err(format!("the law {} is one of operators with {arity} arguments", law.as_str()));
            }
        }
        let needs = [
            (Law::Identity, operator.identity.is_some(), "identity"),
            (Law::Annihilator, operator.annihilator.is_some(), "annihilator"),
            (Law::Inverse, operator.inverse.is_some() && operator.has(Law::Identity), "inverse and identity"),
            (Law::Distributes, !operator.distributes_over.is_empty(), "distributes_over"),
            (Law::Absorption, operator.dual.is_some(), "dual"),
            (
                Law::Complement,
                operator.complement.is_some() && operator.has(Law::Annihilator),
                "complement and annihilator",
            ),
            (Law::DeMorgan, operator.dual.is_some() && operator.complement.is_some(), "dual and complement"),
        ];
        for (law, given, what) in needs {
            if operator.has(law) && !given {
                return Err(format!("the law {} needs {what}", law.as_str()));
            }
        }
        for constant in operator.identity.iter().chain(&operator.annihilator) {
            name::check(constant).map_err(|illegal| illegal.0)?;
            if self.operator(constant).is_some() {
                return Err(format!("{constant} takes arguments and cannot be a constant"));
            }
        }
        for (law, partner, arities) in operator.partners() {
            match self.operator(partner) {
                Some(found) if arities.contains(&found.arity) => {}
                Some(_) => {
                    return Err(format!("{partner} has the wrong number of arguments for {}", law.as_str()));
                }
                None => return Err(format!("{partner} is not declared")),
            }
        }
        // a = a·(a·a⁻¹) = (a·a)·a⁻¹ = e for all a; a = z·z⁻¹ = e for all a; z = a·z = e where both are one.
        for other in [Law::Idem, Law::Annihilator] {
            if operator.has(Law::Inverse) && operator.has(other) {
                return Err(format!("{} and inverse on one operator prove all terms equal", other.as_str()));
            }
        }
        if operator.has(Law::Annihilator)
            && operator.has(Law::Identity)
            && operator.identity == operator.annihilator
        {
            return Err("identity and annihilator in one prove all terms equal".into());
        }
        Ok(())
    }
}
