//! An embedding inside a request: read number by number, so that a large body takes four bytes per component and not
//! the size of a JSON value.

use std::fmt;

use ramanujan_core::{Code, Problem};
use ramanujan_verification::embedding::{Embedding, MAX_DIMENSION, ReadError};
#[cfg(not(target_family = "wasm"))]
use ramanujan_verification::{embedding::MIN_DIMENSION, knn::COMPONENT_BYTES};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

/// Numbers or base64 text, right or wrong; what is wrong is said once it is known where it stands.
#[derive(Debug)]
pub(crate) struct Components(Result<Embedding, ReadError>);

impl Components {
    /// The embedding.
    ///
    /// # Errors
    /// 422 `invalid-embedding`, its detail beginning with `place`.
    pub(crate) fn embedding(self, place: &str) -> Result<Embedding, Problem> {
        self.0.map_err(|error| Problem::new(Code::InvalidEmbedding, format!("{place}: {error}")))
    }
}

#[cfg(not(target_family = "wasm"))]
impl schemars::JsonSchema for Components {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Embedding".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // The largest f32 in its usual spelling, which is a little more and is rounded to it.
        const MAX: f64 = 3.402_823_5e38;
        let characters = |components: usize| (components * COMPONENT_BYTES).div_ceil(3) * 4;
        schemars::json_schema!({
            "description": "A vector of finite f32. Numbers are rounded to the nearest f32.",
            "oneOf": [
                {
                    "type": "array",
                    "items": {"type": "number", "minimum": -MAX, "maximum": MAX},
                    "minItems": MIN_DIMENSION,
                    "maxItems": MAX_DIMENSION,
                },
                {
                    "type": "string",
                    "description": "The components one after the other, little-endian.",
                    "contentEncoding": "base64",
                    "minLength": characters(MIN_DIMENSION),
                    "maxLength": characters(MAX_DIMENSION),
                },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl<'de> Visitor<'de> for Numbers {
            type Value = Components;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of numbers, or base64 of little-endian f32")
            }

            fn visit_str<E>(self, text: &str) -> Result<Components, E> {
                Ok(Components(Embedding::from_base64(text)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Components, A::Error> {
                let mut components = Vec::new();
                let mut count = 0usize;
                // Read to the end even when there are too many, for the number and for what follows.
                while let Some(number) = numbers.next_element::<f64>()? {
                    count += 1;
                    if components.len() < MAX_DIMENSION {
                        components.push(number as f32);
                    }
                }
                Ok(Components(if count > MAX_DIMENSION {
                    Err(ReadError::Dimension(count))
                } else {
                    Embedding::new(components)
                }))
            }
        }

        deserializer.deserialize_any(Numbers)
    }
}
