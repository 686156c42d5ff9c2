//! Exact rational numbers, as far as they fit: literals of the term language and their arithmetic.

use std::fmt;

/// A rational number in lowest terms with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    numerator: i64,
    denominator: i64,
}

impl Number {
    /// Reads `7`, `-7` or `7/3`. Only the canonical spelling is a number, so that equal numbers are spelt the same:
    /// `07`, `6/4`, `7/1` and `1.5` are symbols.
    pub fn read(text: &str) -> Option<Number> {
        let (above, below) = text.split_once('/').unwrap_or((text, "1"));
        let number = Number::new(above.parse().ok()?, below.parse().ok()?)?;
        (number.to_string() == text).then_some(number)
    }

    /// `None` if the denominator is zero or the number does not fit.
    fn new(numerator: i128, denominator: i128) -> Option<Number> {
        if denominator == 0 {
            return None;
        }
        let (mut a, mut b) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = i128::try_from(a).ok()? * denominator.signum();
        let (numerator, denominator) = (numerator / common, denominator / common);
        Some(Number { numerator: numerator.try_into().ok()?, denominator: denominator.try_into().ok()? })
    }

    /// A whole number.
    pub fn of(integer: i64) -> Number {
        Number { numerator: integer, denominator: 1 }
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The number as an integer, `None` for a fraction.
    pub fn integer(self) -> Option<i64> {
        (self.denominator == 1).then_some(self.numerator)
    }

    /// The value of an arithmetic operator on literals; `None` for another operator, division by zero, or a value
    /// that does not fit.
    pub fn apply(symbol: &str, arguments: &[Number]) -> Option<Number> {
        let wide = |n: Number| (i128::from(n.numerator), i128::from(n.denominator));
        match (symbol, arguments) {
            ("neg", [a]) => Number::new(-wide(*a).0, wide(*a).1),
            (_, [a, b]) => {
                let ((a, x), (b, y)) = (wide(*a), wide(*b));
                match symbol {
                    "+" => Number::new(a * y + b * x, x * y),
                    "-" => Number::new(a * y - b * x, x * y),
                    "*" => Number::new(a * b, x * y),
                    "/" => Number::new(a * y, x * b),
                    "max" => {
                        Number::new(if a * y < b * x { b } else { a }, if a * y < b * x { y } else { x })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Default for Number {
    /// 0.
    fn default() -> Number {
        Number::of(0)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_spellings_are_numbers() {
        for good in ["0", "7", "-7", "7/3", "-7/3", "9223372036854775807"] {
            assert_eq!(Number::read(good).unwrap().to_string(), good);
        }
        for bad in
            ["", "-", "/", "07", "-0", "+1", "6/4", "7/1", "1/0", "1/-2", "1.5", "9223372036854775808", "x"]
        {
            assert_eq!(Number::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn arithmetic_is_exact_or_refused() {
        let apply = |symbol, a: &str, b: &str| {
            Number::apply(symbol, &[Number::read(a).unwrap(), Number::read(b).unwrap()])
                .map(|n| n.to_string())
        };
        for (symbol, a, b, result) in [
            ("+", "1/2", "1/3", Some("5/6")),
            ("-", "1/2", "1/2", Some("0")),
            ("*", "-2/3", "3/2", Some("-1")),
            ("/", "1", "-4", Some("-1/4")),
            ("/", "1", "0", None),
            ("+", "9223372036854775807", "1", None),
            ("*", "9223372036854775807", "9223372036854775807", None),
            ("merge", "1", "1", None),
        ] {
            assert_eq!(apply(symbol, a, b).as_deref(), result, "{a} {symbol} {b}");
        }
        assert_eq!(Number::apply("neg", &[Number::read("5").unwrap()]), Number::read("-5"));
    }
}
