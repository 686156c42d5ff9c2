//! Where two texts differ.

use serde::Serialize;

/// Code points shown from the first difference on.
const SHOWN: usize = 40;

/// The first place where what was read differs from what was wanted; positions in Unicode code points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) position: usize,
    /// What should stand there, cut; empty if nothing should.
    pub(crate) expected: String,
    /// What stands there, cut.
    pub(crate) found: String,
    pub(crate) expected_length: usize,
    pub(crate) found_length: usize,
}

impl Difference {
    /// `None` if the texts are equal.
    pub(crate) fn between(expected: &str, found: &str) -> Option<Self> {
        if expected == found {
            return None;
        }
        let position = expected.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
        let shown = |text: &str| text.chars().skip(position).take(SHOWN).collect();
        Some(Difference {
            position,
            expected: shown(expected),
            found: shown(found),
            expected_length: expected.chars().count(),
            found_length: found.chars().count(),
        })
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "first difference at position {}: expected {:?} (text of {} characters), found {:?} (text of {})",
            self.position, self.expected, self.expected_length, self.found, self.found_length
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_counted_in_code_points() {
        assert_eq!(Difference::between("añ🎉", "añ🎉"), None);
        let got = Difference::between("añ🎉語", "añ🎉語x").unwrap();
        assert_eq!((got.position, got.expected.as_str(), got.found.as_str()), (4, "", "x"));
        let got = Difference::between("e\u{301}a", "éa").unwrap();
        assert_eq!((got.position, got.expected_length, got.found_length), (0, 3, 2));
    }
}
