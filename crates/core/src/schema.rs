//! JSON Schemas of the shared vocabulary, for the description of the API. Native only: they weigh nothing in WebAssembly.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::id::MAX_ID_LEN;
use crate::{AgentId, Digest, DocumentId, Dot, Fingerprint, MAX_SAFE_INTEGER, PatternName, VectorClock};

/// A type that is written as text of one grammar.
macro_rules! text {
    ($type:ty, $name:literal, $pattern:expr, $description:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "description": $description})
            }
        }
    };
}

/// The grammar of identifiers, as `id::check_grammar` decides it.
fn identifier() -> String {
    format!("^[A-Za-z0-9._-]{{1,{MAX_ID_LEN}}}$")
}

text!(AgentId, "AgentId", identifier(), "Names an agent, which is also a CRDT replica.");
text!(
    DocumentId,
    "DocumentId",
    identifier(),
    "Names a document; words that are routes of crdt-service do not."
);
text!(PatternName, "PatternName", identifier(), "Names a rewrite pattern; a content address does not.");
text!(Digest, "Digest", "^[0-9a-f]{64}$", "SHA-256 in 64 hex digits.");
text!(Fingerprint, "Fingerprint", "^[0-9a-f]{16}$", "64-bit FNV-1a in 16 hex digits.");
text!(
    Dot,
    "Dot",
    "^[A-Za-z0-9._-]{1,128}:[1-9][0-9]{0,14}$",
    "The operation number `seq` of an agent: `agent:seq`."
);

impl JsonSchema for VectorClock {
    fn schema_name() -> Cow<'static, str> {
        "VectorClock".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "For each agent how many of its operations were seen.",
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": MAX_SAFE_INTEGER},
            "propertyNames": {"pattern": identifier()},
        })
    }
}

/// One of the words that a type is written as.
macro_rules! word {
    ($type:ident, $words:expr, $description:literal) => {
        impl JsonSchema for crate::$type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<String> = $words.iter().map(ToString::to_string).collect();
                json_schema!({"type": "string", "enum": words, "description": $description})
            }
        }
    };
}

word!(Color, crate::Color::ALL, "RED constructs, BLUE takes back, GREEN verifies.");
word!(Polarity, crate::Color::ALL.map(crate::Color::polarity), "The direction of a colour.");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;
    use std::str::FromStr;

    /// A text of the form that the schema of `T` gives.
    fn texts<T: JsonSchema>() -> impl Strategy<Value = String> {
        let schema = T::json_schema(&mut SchemaGenerator::default());
        let pattern =
            schema.get("pattern").and_then(|pattern| pattern.as_str()).expect("a text has a pattern");
        let inner = pattern
            .strip_prefix('^')
            .and_then(|rest| rest.strip_suffix('$'))
            .expect("it is of the whole text");
        string_regex(inner).expect("it is a regular expression")
    }

    fn written<T: FromStr + ToString>(text: &str) -> Option<String> {
        T::from_str(text).ok().map(|value| value.to_string())
    }

    proptest! {
        #[test]
        fn a_text_of_a_types_schema_is_read_and_written_as_it_is(
            agent in texts::<AgentId>(), document in texts::<DocumentId>(), pattern in texts::<PatternName>(),
            digest in texts::<Digest>(), fingerprint in texts::<Fingerprint>(), dot in texts::<Dot>(),
        ) {
            prop_assert_eq!(written::<AgentId>(&agent), Some(agent));
            prop_assert_eq!(written::<DocumentId>(&document), Some(document));
            prop_assert_eq!(written::<PatternName>(&pattern), Some(pattern));
            prop_assert_eq!(written::<Digest>(&digest), Some(digest));
            prop_assert_eq!(written::<Fingerprint>(&fingerprint), Some(fingerprint));
            prop_assert_eq!(written::<Dot>(&dot), Some(dot));
        }
    }
}
