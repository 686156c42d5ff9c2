//! Enums whose variant is named by `type`, beside the members.

/// Declares such an enum. serde's own reader of them buffers in a form of its own and is made anew for each kind of input,
/// with all that the variants hold, which is 60 kB in a component for each enum. This one reads JSON values, as all else does.
macro_rules! tagged {
    (
        $(#[$about:meta])*
        pub enum $name:ident read as $(#[$strict:meta])* $read:ident {
            $($variant:ident { $($(#[$how:meta])* $field:ident: $kind:ty,)* },)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(tag = "type")]
        #[allow(missing_docs)]
        pub enum $name {
            $($variant { $($field: $kind,)* },)*
        }

        #[derive(serde::Deserialize)]
        $(#[$strict])*
        enum $read {
            $($variant { $($(#[$how])* $field: $kind,)* },)*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let members = serde_json::Map::deserialize(deserializer)?;
                let value = super::tagged::outside(members).map_err(serde::de::Error::custom)?;
                match serde::Deserialize::deserialize(value).map_err(serde::de::Error::custom)? {
                    $($read::$variant { $($field,)* } => Ok($name::$variant { $($field,)* }),)*
                }
            }
        }
    };
}

pub(super) use tagged;

use serde_json::{Map, Value};

/// `{"type": "A", …}` as `{"A": {…}}`.
pub(super) fn outside(mut members: Map<String, Value>) -> Result<Value, &'static str> {
    let Some(Value::String(name)) = members.remove("type") else { return Err("missing field `type`") };
    let mut outside = Map::new();
    outside.insert(name, Value::Object(members));
    Ok(Value::Object(outside))
}
