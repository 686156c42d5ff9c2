//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use std::borrow::Cow;

use ramanujan_shell::schema::Schemas;
use ramanujan_shell::words;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::algorithm::Algorithm;
use crate::hue::HueSpace;
use crate::operator::{Fork, Rule};
use crate::routes::{look, operator, palette, seed as seeds, vectors};
use crate::seed::Seed;
use crate::srgb::Rgb;

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    let names = Algorithm::ALL.map(Algorithm::as_str).join("|");
    Schemas::new()
        .answers::<look::Look>("Look")
        .answers::<palette::Palette>("Palette")
        .answers::<operator::Operator<'static>>("Operator")
        .answers::<operator::Operators<'static>>("Operators")
        .answers::<seeds::Forked>("Forked")
        .answers::<vectors::Verified>("Verified")
        .answers::<Algorithm>("Algorithm")
        .answers::<Fork>("Fork")
        .table(
            "AlgorithmName",
            json!({
                "type": "string",
                "pattern": format!("^(gay-jl-)?({names})$"),
                "description": "A colour algorithm; `gay-jl-` may stand before its name.",
            }),
        )
}

words!(
    Algorithm,
    "`golden-spiral` takes the golden angle on the HSL circle, `split-chain` splits its seed at each step, `color-at` \
     hashes seed and index, `genesis-1069` is a stored palette."
);
words!(HueSpace, "`lch` is CIE LCH(ab); the two circles differ by up to some forty degrees for one colour.");
words!(
    Rule,
    "`table`: the streams know the operation, so its colour is theirs under every seed; `hash`: the name decides."
);
words!(
    Fork,
    "`linear` is 31·seed + offset, as published; `mixed` hashes both, so that families do not overlap."
);

/// A type that is printed in one form.
macro_rules! text {
    ($type:ident, $pattern:literal, $description:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "description": $description})
            }
        }
    };
}

text!(Seed, "^[0-9a-f]{16}$", "A seed in 16 hex digits; a request writes `0x` before it.");
text!(Rgb, "^#[0-9A-F]{6}$", "An sRGB colour as `#RRGGBB`.");
