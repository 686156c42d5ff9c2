//! What may be a name: of an operator, a symbol, a number, a rule.

use std::fmt;

/// Most arguments that a name takes.
pub const MAX_ARITY: usize = 64;
/// Longest name in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// Why a name or a term is not legal. Says what is wrong, not where: readers add the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Illegal(pub String);

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Illegal {}

/// Checks a name: no spaces, parentheses, quotes or control characters, and no `?` at the start, which marks a variable
/// in a rule.
///
/// # Errors
/// If the text is empty, longer than [`MAX_NAME_BYTES`], or has one of these characters.
pub fn check(text: &str) -> Result<(), Illegal> {
    let illegal = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '(' | ')' | '"' | '\'' | ';');
    if text.is_empty() || text.len() > MAX_NAME_BYTES {
        return Err(Illegal(format!("a name has 1 to {MAX_NAME_BYTES} bytes")));
    }
    if text.starts_with('?') {
        return Err(Illegal("a name may not begin with '?', which marks the variables of rules".into()));
    }
    match text.chars().find(|c| illegal(*c)) {
        Some(c) => Err(Illegal(format!("a name may not hold {c:?}"))),
        None => Ok(()),
    }
}
