//! The members of a JSON object as they are written, for a reply that is handed on without some of them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The members in their order.
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Members<'_> {
    /// Leaves a member out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members<'de>, A::Error> {
                let mut all = Vec::with_capacity(16);
                while let Some((name, value)) = members.next_entry()? {
                    all.push((name, value));
                }
                Ok(Members(all))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_on_is_as_it_came() {
        let text = r#"{"status":"ok","n":1e400,"a\n":{"b": [1,  2]},"causes":[{"x":1}],"last":""}"#;
        let members: Members<'_> = serde_json::from_str(text).unwrap();
        let left = serde_json::to_string(&members.without("causes")).unwrap();
        assert_eq!(left, text.replace(r#""causes":[{"x":1}],"#, ""));
    }
}
