//! Which documents a site exchanges with a peer.

use ramanujan_core::DocumentId;
use serde::{Deserialize, Serialize};

use crate::limits::{MAX_PATTERN, MAX_PATTERNS};

/// The pattern is empty, too long, or has other characters than ids and `*`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:.40?} is no pattern of document ids: 1 to {MAX_PATTERN} of A-Z a-z 0-9 . _ - and *")]
pub struct InvalidPattern(pub String);

/// A document id in which `*` stands for any characters, also none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

impl Pattern {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a document's id is of this form. The first text that fits between two `*` is taken, so it costs
    /// O(length of the id · length of the pattern) and goes back nowhere.
    pub fn matches(&self, document: &DocumentId) -> bool {
        let mut rest = document.as_str();
        let mut parts = self.0.split('*').peekable();
        let mut first = true;
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            let at = match (first, last) {
                (true, true) => return rest == part,
                (true, false) => rest.starts_with(part).then_some(0),
                (false, true) => return rest.ends_with(part),
                (false, false) => rest.find(part),
            };
            let Some(at) = at else { return false };
            rest = &rest[at + part.len()..];
            first = false;
        }
        true
    }
}

impl std::str::FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        Pattern::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'*');
        match (1..=MAX_PATTERN).contains(&text.len()) && text.bytes().all(legal) {
            true => Ok(Pattern(text)),
            false => Err(InvalidPattern(text)),
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.0
    }
}

/// Patterns, one of which a document's id is of; without any, all documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Interest(pub Vec<Pattern>);

impl Interest {
    /// In all documents.
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether a document is of interest.
    pub fn holds(&self, document: &DocumentId) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(document))
    }

    /// Whether there are no more patterns than a message may have.
    pub fn is_within_limits(&self) -> bool {
        self.0.len() <= MAX_PATTERNS
    }
}

/// What both of two sides are interested in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Those of the one side.
    pub ours: Interest,
    /// Those of the other.
    pub theirs: Interest,
}

impl Shared {
    /// Whether both are interested in a document.
    pub fn holds(&self, document: &DocumentId) -> bool {
        self.ours.holds(document) && self.theirs.holds(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both cut at every place: the definition.
    fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|at| by_definition(rest, &text[at..])),
            Some((byte, rest)) => text.first() == Some(byte) && by_definition(rest, &text[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn a_pattern_matches_by_its_definition(pattern in "[ab*]{1,6}", id in "[ab]{1,7}") {
            let found = pattern.parse::<Pattern>().unwrap().matches(&id.parse().unwrap());
            prop_assert_eq!(found, by_definition(pattern.as_bytes(), id.as_bytes()));
        }
    }

    #[test]
    fn no_pattern_is_all_and_a_bad_one_is_refused() {
        assert!(Interest::all().holds(&"notes".parse().unwrap()));
        for bad in ["", "a b", "ä", &"a".repeat(MAX_PATTERN + 1)] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }
}
