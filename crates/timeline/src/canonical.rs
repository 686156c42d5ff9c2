//! The canonical form of JSON that others wrote, without changing a number of it.
//!
//! Canonical form: no insignificant space, members sorted by name, texts with the shortest escapes, and each number
//! in one spelling. A reader that turns numbers into 64-bit floats would take 100000000000000000001 and
//! 100000000000000000002 for one; here a number keeps its value:
//!
//! - An integer of 64 bits, with or without a sign, keeps its digits.
//! - Any other number that is what its 64-bit float is written as has that shortest form: `1e2` is `100.0`. What is
//!   written with a point or an exponent so differs from an integer (`1.0` from `1`), and `-0` is `-0.0`.
//! - What no 64-bit float is written as keeps all its digits: a long integer as it stands, other numbers as one digit,
//!   a point, the other digits and an exponent.
//! - A number beyond the floats' range (`1e400`) is refused: most readers of JSON could not read what holds it.

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// Deepest nesting of arrays and objects: as deep as serde_json reads.
pub const MAX_DEPTH: usize = 127;

/// Why a text has no canonical form.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// A number that no 64-bit float is near to.
    #[error("the number {0:.40} is beyond what a 64-bit float can hold; send it as a text")]
    NumberRange(String),
    /// Two members of one object have the same name.
    #[error("the member {0:?} stands twice in one object")]
    Repeated(String),
    /// Arrays and objects lie within each other too often.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The bytes are not JSON, or a text in them is no Unicode.
    #[error("not readable as JSON")]
    Json(#[from] serde_json::Error),
}

/// The canonical form of a JSON text.
///
/// ```
/// use ramanujan_timeline::canonical::canonical;
///
/// let text = r#"{ "wei": 100000000000000000001, "b": [1.0, 1, 1e2, -0, "\u00fc"] }"#;
/// assert_eq!(canonical(text).unwrap(), r#"{"b":[1.0,1,100.0,-0.0,"ü"],"wei":100000000000000000001}"#);
/// assert!(canonical("[1e400]").is_err());
/// ```
///
/// # Errors
/// See [`CanonicalError`].
pub fn canonical(json: &str) -> Result<String, CanonicalError> {
    // What is JSON at all is decided by serde_json; below, only what it let through is taken apart.
    let json: &RawValue = read(json)?;
    of_raw(json)
}

/// As [`canonical`], of what was read as JSON already.
///
/// # Errors
/// See [`CanonicalError`].
pub fn of_raw(json: &RawValue) -> Result<String, CanonicalError> {
    let mut out = String::with_capacity(json.get().len());
    let mut reader = Reader { text: json.get(), at: 0 };
    reader.value(&mut out, 0)?;
    Ok(out)
}

/// Members by name, each with its value as JSON.
pub(crate) type Members = Vec<(String, String)>;

/// The members of an object, each in canonical form; `None` if it is no object.
pub(crate) fn members(json: &RawValue) -> Result<Option<Members>, CanonicalError> {
    let mut reader = Reader { text: json.get(), at: 0 };
    if reader.peek() != b'{' {
        return Ok(None);
    }
    reader.members(0).map(Some)
}

/// The object of these members, in order of their names, of which none may stand twice.
pub(crate) fn object(members: Members) -> Result<String, CanonicalError> {
    let mut out = String::new();
    write_object(&mut out, members)?;
    Ok(out)
}

fn write_object(out: &mut String, mut members: Members) -> Result<(), CanonicalError> {
    members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(CanonicalError::Repeated(pair[0].0.clone()));
    }
    out.push('{');
    for (place, (name, value)) in members.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::to_string(&name)?);
        out.push(':');
        out.push_str(&value);
    }
    out.push('}');
    Ok(())
}

/// The canonical form of one number. With `float`, an integer is written as the float that it is: `5` as `5.0`.
///
/// # Errors
/// [`CanonicalError::NumberRange`].
pub fn number(literal: &str, float: bool) -> Result<String, CanonicalError> {
    let integer = !literal.contains(['.', 'e', 'E']);
    if integer && !float && literal != "-0" && (is_i64(literal) || literal.parse::<u64>().is_ok()) {
        return Ok(literal.to_owned());
    }
    let out_of_range = || CanonicalError::NumberRange(literal.to_owned());
    let value: f64 = read(literal).map_err(|_| out_of_range())?;
    let short = serde_json::to_string(&value)?;
    let exact = Decimal::read(literal).ok_or_else(out_of_range)?;
    if Decimal::read(&short).as_ref() == Some(&exact) {
        Ok(short)
    } else if integer {
        Ok(literal.to_owned())
    } else {
        Ok(exact.to_string())
    }
}

fn is_i64(literal: &str) -> bool {
    literal.parse::<i64>().is_ok()
}

/// Reads JSON from a text the way request bodies are read, from bytes: a component would otherwise carry two readers.
pub(crate) fn read<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    serde_json::from_slice(json.as_bytes())
}

/// A number of JSON as what it says: 0.`digits` × 10^`exponent`, the first and the last digit not zero; zero has none.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// `None` if the exponent is longer than any that means something.
    fn read(literal: &str) -> Option<Self> {
        let (negative, rest) = literal.strip_prefix('-').map_or((false, literal), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Decimal { negative, digits: String::new(), exponent: 0 });
        }
        let leading = i64::try_from(all.len() - digits.len()).ok()?;
        let exponent = i64::from(exponent.parse::<i32>().ok()?) + i64::try_from(whole.len()).ok()? - leading;
        Some(Decimal { negative, digits: digits.trim_end_matches('0').to_owned(), exponent })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let (first, rest) = self.digits.split_at_checked(1).unwrap_or(("0", ""));
        let rest = if rest.is_empty() { "0" } else { rest };
        write!(f, "{sign}{first}.{rest}e{:+}", self.exponent - 1)
    }
}

/// Takes JSON apart that is known to be JSON.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte that is no space, without taking it.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or_default()
    }

    /// Takes the next byte if it is this one.
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        self.at += usize::from(there);
        there
    }

    /// Takes bytes up to the first that `ends` says.
    fn until(&mut self, ends: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        self.at = start + rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Takes a text, with its quotes.
    fn quoted(&mut self) -> &'a str {
        let start = self.at;
        self.at += 1;
        loop {
            self.until(|byte| byte == b'"' || byte == b'\\');
            match self.text.as_bytes().get(self.at) {
                Some(b'\\') => self.at += 2,
                _ => break,
            }
        }
        self.at = (self.at + 1).min(self.text.len());
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn value(&mut self, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
        if depth > MAX_DEPTH {
            return Err(CanonicalError::TooDeep);
        }
        match self.peek() {
            b'{' => self.object(out, depth),
            b'[' => self.array(out, depth),
            b'"' => {
                let text: String = read(self.quoted())?;
                out.push_str(&serde_json::to_string(&text)?);
                Ok(())
            }
            first => {
                let word =
                    self.until(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace());
                if first == b'-' || first.is_ascii_digit() {
                    out.push_str(&number(word, false)?);
                } else {
                    out.push_str(word);
                }
                Ok(())
            }
        }
    }

    fn array(&mut self, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
        self.take(b'[');
        out.push('[');
        let mut first = true;
        while !self.take(b']') {
            if !std::mem::take(&mut first) {
                self.take(b',');
                out.push(',');
            }
            self.value(out, depth + 1)?;
        }
        out.push(']');
        Ok(())
    }

    fn object(&mut self, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
        write_object(out, self.members(depth)?)
    }

    fn members(&mut self, depth: usize) -> Result<Members, CanonicalError> {
        self.take(b'{');
        let mut members = Members::new();
        while !self.take(b'}') {
            self.take(b',');
            self.peek();
            let name: String = read(self.quoted())?;
            self.take(b':');
            let mut value = String::new();
            self.value(&mut value, depth + 1)?;
            members.push((name, value));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests;
