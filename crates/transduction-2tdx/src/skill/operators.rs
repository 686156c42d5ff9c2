//! Operators that patterns declare: names that always take so many arguments and have a colour of their own.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Color, Problem};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::operators::Operator;
use ramanujan_egraph::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};

/// Most operators that the patterns of a request declare together.
pub const MAX_OPERATORS: usize = 200;

/// An operator of a pattern. It has no laws: rewriting knows equality of terms only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "DeclaredOperator"))]
pub struct Declared {
    /// Its name, which must not be that of an operator of the network.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(min = 1, max = ramanujan_egraph::name::MAX_NAME_BYTES)))]
    pub symbol: String,
    /// How many arguments it takes.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1, max = ramanujan_egraph::name::MAX_ARITY)))]
    pub arity: usize,
    /// The colour of terms whose outermost name it is.
    pub color: Color,
}

/// No names yet, over the operators of every language and those declared.
///
/// # Errors
/// 422 if a declaration is not valid, or one operator is declared in two ways.
pub(crate) fn fresh_vocabulary(declared: &[&[Declared]]) -> Result<Vocabulary, Problem> {
    let mut known: BTreeMap<&str, &Declared> = BTreeMap::new();
    for operator in declared.iter().copied().flatten() {
        let other = *known.entry(&operator.symbol).or_insert(operator);
        if other != operator {
            let symbol: String = operator.symbol.chars().take(40).collect();
            let detail = format!("{symbol:?} is declared with two arities or colours");
            return Err(Problem::new(Code::OperatorConflict, detail).with("symbol", symbol));
        }
    }
    if known.len() > MAX_OPERATORS {
        let detail = format!("{} operators are declared; at most {MAX_OPERATORS} may be", known.len());
        return Err(Problem::new(Code::TooManyOperators, detail));
    }
    let operators =
        known.into_values().map(|Declared { symbol, arity, color }| Operator::new(symbol, *arity, *color));
    let signature = signature(&Language::ALL, operators.collect())
        .map_err(|bad| Problem::new(Code::InvalidOperator, bad.to_string()).with("member", "operators"))?;
    Ok(Vocabulary::new(signature))
}
