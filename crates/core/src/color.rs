//! The three colours and their polarities.
//!
//! RED constructs, BLUE inverts, GREEN verifies. Two rules hold everywhere: a RED node has no BLUE child and the
//! reverse, and joining colours is `max` under GREEN < BLUE < RED, so it is a semilattice.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Colour of an operation, an e-class or an event. Ordered so that `max` is [`Color::join`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Color {
    /// Neutral: verifies, changes nothing.
    Green,
    /// Negative: inverse, compensating, destructive.
    Blue,
    /// Positive: forward, constructive.
    Red,
}

/// Sign of a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Polarity {
    /// BLUE's: takes back.
    Negative,
    /// GREEN's: changes nothing.
    Neutral,
    /// RED's: adds.
    Positive,
}

impl Color {
    /// All colours.
    pub const ALL: [Color; 3] = [Color::Red, Color::Blue, Color::Green];

    /// Upper-case name, the form on output.
    pub fn as_str(self) -> &'static str {
        match self {
            Color::Red => "RED",
            Color::Blue => "BLUE",
            Color::Green => "GREEN",
        }
    }

    /// The direction of its operations.
    pub fn polarity(self) -> Polarity {
        match self {
            Color::Red => Polarity::Positive,
            Color::Blue => Polarity::Negative,
            Color::Green => Polarity::Neutral,
        }
    }

    /// Balanced-ternary digit: +1, −1, 0.
    pub fn trit(self) -> i8 {
        match self {
            Color::Red => 1,
            Color::Blue => -1,
            Color::Green => 0,
        }
    }

    /// Polarity sigil: `+`, `−`, `_`.
    pub fn sigil(self) -> &'static str {
        match self {
            Color::Red => "+",
            Color::Blue => "−",
            Color::Green => "_",
        }
    }

    /// Least upper bound: RED if either is RED, else BLUE if either is BLUE, else GREEN.
    #[must_use]
    pub fn join(self, other: Color) -> Color {
        self.max(other)
    }

    /// Whether a node of this colour may have a child of colour `child`: false exactly for RED–BLUE and BLUE–RED.
    pub fn may_contain(self, child: Color) -> bool {
        !matches!((self, child), (Color::Red, Color::Blue) | (Color::Blue, Color::Red))
    }

    /// The operations that a stream knows. A phase's transition has the phase's colour.
    pub const OPERATIONS: [(&str, Color); 18] = [
        ("insert", Color::Red),
        ("insert_item", Color::Red),
        ("insert_text", Color::Red),
        ("set", Color::Red),
        ("increment", Color::Red),
        ("add", Color::Red),
        ("merge", Color::Red),
        ("transition to LIVE", Color::Red),
        ("delete", Color::Blue),
        ("delete_text", Color::Blue),
        ("decrement", Color::Blue),
        ("remove", Color::Blue),
        ("rollback", Color::Blue),
        ("transition to BACKFILL", Color::Blue),
        ("verify", Color::Green),
        ("check", Color::Green),
        ("canonicalize", Color::Green),
        ("transition to VERIFY", Color::Green),
    ];

    /// The colour that an operation name belongs to, `None` for a name that no stream knows.
    pub fn of_operation(operation: &str) -> Option<Color> {
        let known = Color::OPERATIONS.iter().find(|(name, _)| *name == operation);
        known.map(|(_, color)| *color)
    }
}

impl Polarity {
    /// Lower-case name, as the variable `POLARITY` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Polarity::Positive => "positive",
            Polarity::Negative => "negative",
            Polarity::Neutral => "neutral",
        }
    }

    /// The colour of this direction.
    pub fn color(self) -> Color {
        match self {
            Polarity::Positive => Color::Red,
            Polarity::Negative => Color::Blue,
            Polarity::Neutral => Color::Green,
        }
    }
}

/// The text is not a colour or polarity; holds what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownColor(pub String);

impl fmt::Display for UnknownColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not one of RED, BLUE, GREEN (or positive, negative, neutral)", self.0)
    }
}

impl std::error::Error for UnknownColor {}

impl FromStr for Color {
    type Err = UnknownColor;

    fn from_str(text: &str) -> Result<Self, UnknownColor> {
        Color::ALL
            .into_iter()
            .find(|c| {
                text.eq_ignore_ascii_case(c.as_str()) || text.eq_ignore_ascii_case(c.polarity().as_str())
            })
            .ok_or_else(|| UnknownColor(text.to_owned()))
    }
}

impl FromStr for Polarity {
    type Err = UnknownColor;

    fn from_str(text: &str) -> Result<Self, UnknownColor> {
        text.parse::<Color>().map(Color::polarity)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Polarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! serde_as_name {
    ($type:ty, $upper:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if $upper {
                    serializer.serialize_str(&self.as_str().to_ascii_uppercase())
                } else {
                    serializer.serialize_str(self.as_str())
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

serde_as_name!(Color, true);
// Replies print polarities in lower case.
serde_as_name!(Polarity, false);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_color() -> impl Strategy<Value = Color> {
        prop::sample::select(Color::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn join_is_a_semilattice(a in any_color(), b in any_color(), c in any_color()) {
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(a), a);
        }

        #[test]
        fn compatibility_is_symmetric_and_green_is_free(a in any_color(), b in any_color()) {
            prop_assert_eq!(a.may_contain(b), b.may_contain(a));
            prop_assert!(a.may_contain(Color::Green) && a.may_contain(a));
        }
    }

    #[test]
    fn reads_any_case_and_both_vocabularies_and_writes_upper() {
        for text in ["red", "Red", "RED", "positive", "POSITIVE"] {
            assert_eq!(text.parse::<Color>().unwrap(), Color::Red);
        }
        assert_eq!(serde_json::to_string(&Color::Blue).unwrap(), "\"BLUE\"");
        assert_eq!(serde_json::to_string(&Polarity::Neutral).unwrap(), "\"neutral\"");
        assert!("purple".parse::<Color>().is_err());
    }
}
