//! Which operations belong to which stream.

use std::borrow::Cow;

use ramanujan_core::{Code, Color, Problem};
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_crdt::{Json, Op, TapPhase};

/// What GREEN takes beside operations on documents; they change nothing.
const CHECKS: [&str; 3] = ["verify", "check", "canonicalize"];

/// The operations that a stream takes, by the table of types; a transition with where it leads.
pub(crate) fn allowed(color: Color) -> Vec<&'static str> {
    let own = if color == Color::Green { &CHECKS[..] } else { &[] };
    own.iter().copied().chain(Op::names_of_color(color)).collect()
}

/// Whether a stream takes an operation.
fn takes(color: Color, operation: &str) -> bool {
    Op::color_of_name(operation) == Some(color) || (color == Color::Green && CHECKS.contains(&operation))
}

/// Refuses an operation of another colour, or of none.
///
/// # Errors
/// 409 `wrong-color`, 422 `invalid-operation`, both with the operations that the stream takes.
pub(crate) fn check_color(color: Color, operation: &str, polarity: Option<&str>) -> Result<(), Problem> {
    if let Some(polarity) = polarity {
        let claimed: Color = polarity
            .parse()
            .map_err(|error| Problem::new(Code::InvalidOperation, format!("polarity: {error}")))?;
        if claimed != color {
            let detail = format!("the operation says it is {claimed}, this is the {color} stream");
            return Err(Problem::new(Code::WrongColor, detail).with("allowed", allowed(color)));
        }
    }
    if takes(color, operation) {
        return Ok(());
    }
    let list = allowed(color).join(", ");
    match Op::color_of_name(operation).or_else(|| Color::of_operation(operation)) {
        Some(other) if other != color => {
            let detail = format!("{operation} is {other}; the {color} stream takes {list}");
            Err(Problem::new(Code::WrongColor, detail).with("allowed", allowed(color)))
        }
        _ => {
            let detail = format!("unknown operation {operation:.40?}; the {color} stream takes {list}");
            Err(Problem::new(Code::InvalidOperation, detail).with("allowed", allowed(color)))
        }
    }
}

/// The name under which an operation has a colour: that of a transition depends on where it leads.
pub(crate) fn colored_name(operation: &OperationRequest) -> Cow<'_, str> {
    let phase = operation.value.as_ref().and_then(Json::as_text).map(str::parse::<TapPhase>);
    match (operation.operation.as_str(), phase) {
        ("transition", Some(Ok(phase))) => format!("transition to {phase}").into(),
        (name, _) => name.into(),
    }
}
