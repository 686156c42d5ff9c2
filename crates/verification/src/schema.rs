//! JSON Schemas of words that come from the roster and of texts with a grammar, for the description of the API. Native
//! only: they weigh nothing in WebAssembly.

use ramanujan_core::Polarity;
use schemars::{Schema, json_schema};

use crate::roster::{ROSTER, Verifier};

/// A type of the description alone: what stands in place of a text.
macro_rules! text {
    ($type:ident, $description:literal, $schema:expr) => {
        #[doc = $description]
        pub(crate) enum $type {}

        $crate::schema::text!(for $type, $description, $schema);
    };
    (for $type:ident, $description:literal, $schema:expr) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema: schemars::Schema = $schema;
                schema.insert("type".into(), "string".into());
                schema.insert("description".into(), $description.into());
                schema
            }
        }
    };
}

pub(crate) use text;

/// A word that some verifier of the roster has.
fn words<T: Into<String>>(of: impl Fn(&'static Verifier) -> T) -> Schema {
    let mut words: Vec<String> = Vec::new();
    for word in ROSTER.iter().map(|verifier| of(verifier).into()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    json_schema!({ "enum": words })
}

fn group(polarity: Polarity) -> String {
    polarity.as_str().to_ascii_uppercase()
}

text!(VerifierId, "Names a verifier of the roster.", words(|verifier| verifier.id));
text!(VerifierColor, "Names the colour of a verifier.", words(|verifier| verifier.color));
text!(Sigil, "The sign of a polarity.", words(|verifier| verifier.sigil));
text!(Group, "The polarity of a group of verifiers.", words(|verifier| group(verifier.polarity)));

text!(
    VerifierReference,
    "Names a verifier of the roster, or is its number.",
    json_schema!({
        "enum": ROSTER
            .iter()
            .flat_map(|verifier| [verifier.id.to_owned(), verifier.agent_id.to_string()])
            .collect::<Vec<_>>(),
    })
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster;
    use schemars::{JsonSchema, SchemaGenerator};

    #[test]
    fn a_verifier_is_found_by_every_word_that_may_name_it() {
        let schema = VerifierReference::json_schema(&mut SchemaGenerator::default());
        let words = schema.get("enum").and_then(|words| words.as_array()).expect("words");
        let found = words.iter().filter_map(|word| roster::find(word.as_str()?)).count();
        assert_eq!((words.len(), found), (34, 34));
    }
}
