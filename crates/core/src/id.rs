//! Identifiers and their grammar: documents, agents, dots.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Digest, MAX_SAFE_INTEGER};

/// Longest identifier, in bytes: fits an index page many times over and still holds a UUID with a prefix.
pub const MAX_ID_LEN: usize = 128;

/// Words that are routes of crdt-service and so cannot name a document.
pub const RESERVED_DOCUMENT_IDS: [&str; 6] = ["merge", "health", "cache", "verify", "apply", "compare"];

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidId {
    /// Not of the form `[A-Za-z0-9._-]{1,128}`.
    Grammar(String),
    /// A document id that is a route.
    Reserved(String),
    /// 64 hex digits, where they would be taken for a content address.
    Digest,
    /// Not of the form `agent:seq` with seq from 1 to 2^53−1.
    Dot(String),
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Long input is cut, so that an error never echoes a megabyte back.
        let cut = |text: &str| text.chars().take(40).collect::<String>();
        match self {
            InvalidId::Grammar(text) if text.len() > MAX_ID_LEN => {
                write!(f, "{:?}… has {} bytes, more than {MAX_ID_LEN}", cut(text), text.len())
            }
            InvalidId::Grammar(text) => {
                write!(f, "{:?} is not of the form [A-Za-z0-9._-]{{1,128}}", cut(text))
            }
            InvalidId::Reserved(text) => write!(f, "{text:?} is reserved and cannot name a document"),
            InvalidId::Digest => f.write_str("64 hex digits address contents and cannot be a name"),
            InvalidId::Dot(text) => write!(f, "{:?} is not a dot (agent:seq, seq from 1)", cut(text)),
        }
    }
}

impl std::error::Error for InvalidId {}

fn check_grammar(text: &str) -> Result<(), InvalidId> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if (1..=MAX_ID_LEN).contains(&text.len()) && text.bytes().all(legal) {
        Ok(())
    } else {
        Err(InvalidId::Grammar(text.to_owned()))
    }
}

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        ///
        /// Clones share the text.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Says whether `text` is legal, without allocating when it is.
            pub fn check(text: &str) -> Result<(), InvalidId> {
                let check: fn(&str) -> Result<(), InvalidId> = $check;
                check(text)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, copied: clones may share it.
            pub fn into_string(self) -> String {
                self.0.as_ref().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::check(text)?;
                Ok($name(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::check(&text).map_err(serde::de::Error::custom)?;
                Ok($name(text.into()))
            }
        }
    };
}

string_id!(
    /// Names an agent, which is also a CRDT replica: its operations are totally ordered.
    AgentId,
    check_grammar
);

impl AgentId {
    /// The agent that a clock's key names: keys are checked where clocks are read.
    pub(crate) fn of_key(key: &str) -> Self {
        AgentId(key.into())
    }
}

string_id!(
    /// Names a document. [`RESERVED_DOCUMENT_IDS`] are not legal.
    DocumentId,
    |text| {
        check_grammar(text)?;
        if RESERVED_DOCUMENT_IDS.contains(&text) {
            return Err(InvalidId::Reserved(text.to_owned()));
        }
        Ok(())
    }
);

string_id!(
    /// Names a rewrite pattern. 64 hex digits are not legal: they address a pattern by its content.
    PatternName,
    |text| {
        check_grammar(text)?;
        if text.parse::<Digest>().is_ok() {
            return Err(InvalidId::Digest);
        }
        Ok(())
    }
);

/// Identifies one operation: the `seq`-th (from 1) of `agent`. Written `agent:seq`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// Whose operation it is.
    pub agent: AgentId,
    /// Which of its operations, from 1 to 2^53 − 1.
    pub seq: u64,
}

impl Dot {
    /// The `seq`-th operation of `agent`.
    pub fn new(agent: AgentId, seq: u64) -> Self {
        Dot { agent, seq }
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.agent, self.seq)
    }
}

impl FromStr for Dot {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bad = || InvalidId::Dot(text.to_owned());
        let (agent, seq) = text.rsplit_once(':').ok_or_else(bad)?;
        // Only the canonical spelling: "a:01" and "a:+1" would be second names of one dot.
        if seq.starts_with('0') || !seq.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let seq: u64 = seq.parse().map_err(|_| bad())?;
        if seq > MAX_SAFE_INTEGER {
            return Err(bad());
        }
        Ok(Dot { agent: agent.parse()?, seq })
    }
}

impl Serialize for Dot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dots_round_trip(agent in "[A-Za-z0-9._-]{1,20}", seq in 1..=MAX_SAFE_INTEGER) {
            let dot = Dot::new(agent.parse().unwrap(), seq);
            prop_assert_eq!(dot.to_string().parse::<Dot>().unwrap(), dot);
        }

        #[test]
        fn one_dot_has_one_spelling(text in "[a:+0-9]{1,6}") {
            if let Ok(dot) = text.parse::<Dot>() {
                prop_assert_eq!(dot.to_string(), text);
            }
        }
    }

    #[test]
    fn refuses_what_the_grammar_excludes() {
        for bad in ["", "a b", "a/b", "ä", &"x".repeat(129)] {
            assert!(bad.parse::<AgentId>().is_err(), "{bad:?}");
        }
        for bad in ["a", "a:0", "a:-1", ":1", "a:9007199254740992"] {
            assert!(bad.parse::<Dot>().is_err(), "{bad:?}");
        }
        assert_eq!("merge".parse::<DocumentId>(), Err(InvalidId::Reserved("merge".into())));
        assert!("merge".parse::<AgentId>().is_ok());
        assert_eq!("a".repeat(64).parse::<PatternName>(), Err(InvalidId::Digest));
        assert!("a".repeat(63).parse::<PatternName>().is_ok());
    }
}
