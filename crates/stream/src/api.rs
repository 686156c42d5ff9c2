//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use std::borrow::Cow;

use ramanujan_core::Color;
use ramanujan_crdt::Op;
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_shell::schema::Schemas;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::routes::{apply, expression, verify};
use crate::shapes;

/// An operation as the stream of a colour takes it.
struct Taken<const COLOR: char>;

impl<const COLOR: char> Taken<COLOR> {
    fn color() -> Color {
        Color::ALL.into_iter().find(|color| color.as_str().starts_with(COLOR)).unwrap_or(Color::Green)
    }
}

impl<const COLOR: char> JsonSchema for Taken<COLOR> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Operation", Self::color()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = OperationRequest::json_schema(generator);
        let alternatives = schema.get_mut("anyOf").and_then(Value::as_array_mut);
        alternatives.into_iter().for_each(|alternatives| {
            alternatives.retain_mut(|alternative| is_of(Self::color(), &mut alternative["properties"]));
        });
        let (color, polarity) = (Self::color(), Self::color().polarity());
        schema.insert("description".into(), format!("An operation that the {color} stream takes.").into());
        let members = schema.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(member) = members.and_then(|members| members.get_mut("polarity")) {
            member["description"] = format!("`{color}` or `{polarity}`, in letters of either case.").into();
        }
        schema
    }
}

/// Whether an operation with these members has the colour, some of its values left out where others of it have not.
fn is_of(color: Color, members: &mut Value) -> bool {
    let name = members["operation"]["const"].as_str().unwrap_or_default();
    if Op::color_of_name(name).is_some() {
        return Op::color_of_name(name) == Some(color);
    }
    let name = name.to_owned();
    let Some(values) = members["value"]["enum"].as_array_mut() else { return false };
    values.retain(|value| {
        let value = value.as_str().unwrap_or_default();
        Op::color_of_name(&format!("{name} to {value}")) == Some(color)
    });
    !values.is_empty()
}

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    Schemas::new()
        .reads::<Taken<'R'>>("RedOperation")
        .reads::<Taken<'B'>>("BlueOperation")
        .reads::<Taken<'G'>>("GreenOperation")
        .reads::<verify::VerifyRequest>("VerifyDocument")
        .reads::<expression::VerifyRequest>("VerifyExpressions")
        .reads::<expression::CanonicalizeRequest>("CanonicalizeExpression")
        .answers::<apply::Single<'_>>("StreamApplied")
        .answers::<apply::Batch<'_>>("StreamBatch")
        .answers::<apply::Minimal<'_>>("StreamMinimal")
        .answers::<apply::MinimalBatch<'_>>("StreamMinimalBatch")
        .answers::<verify::Reply>("DocumentVerified")
        .answers::<expression::VerifyReply>("ExpressionsVerified")
        .answers::<expression::CanonicalizeReply>("ExpressionCanonicalized")
        .table("IdempotencyKey", shapes::idempotency_key())
        .table("StreamState", shapes::state())
        .table("StreamGreeting", shapes::greeting())
        .table("StreamIdentity", shapes::identity())
        .table("StreamNeighbours", shapes::neighbours())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_operations_schema_has_what_the_stream_takes() {
        let schemas = schemas().finish();
        for (color, name) in
            [(Color::Red, "RedOperation"), (Color::Blue, "BlueOperation"), (Color::Green, "GreenOperation")]
        {
            let (mut named, mut seen) = (Vec::new(), BTreeSet::new());
            for alternative in schemas[name]["anyOf"].as_array().unwrap() {
                let members = &alternative["properties"];
                let operation = members["operation"]["const"].as_str().unwrap();
                let names = match (operation, members["value"]["enum"].as_array()) {
                    ("transition", Some(phases)) => phases
                        .iter()
                        .map(|phase| format!("transition to {}", phase.as_str().unwrap()))
                        .collect(),
                    _ => vec![operation.to_owned()],
                };
                named.extend(names.into_iter().filter(|name| seen.insert(name.clone())));
            }
            assert_eq!(named, Op::names_of_color(color), "{color}");
        }
    }
}
