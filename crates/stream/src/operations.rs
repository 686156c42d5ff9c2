//! Which operations belong to which stream.

use std::borrow::Cow;

use ramanujan_core::{Code, Color, Problem};
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_crdt::{Json, TapPhase};

/// The operations that a stream takes: names of crdt-service, and where a transition leads. Those of GREEN change
/// nothing, but for the transition.
pub(crate) fn allowed(color: Color) -> &'static [&'static str] {
    match color {
        Color::Red => {
            &["insert", "increment", "add", "set", "insert_item", "insert_text", "transition to LIVE"]
        }
        Color::Blue => &["delete", "decrement", "remove", "delete_text", "transition to BACKFILL"],
        Color::Green => &["verify", "check", "canonicalize", "transition to VERIFY"],
    }
}

/// Refuses an operation of another colour, or of none.
///
/// # Errors
/// 409 `wrong-color`, 422 `invalid-operation`, both with the operations that the stream takes.
pub(crate) fn check_color(color: Color, operation: &str, polarity: Option<&str>) -> Result<(), Problem> {
    let allowed = allowed(color);
    if let Some(polarity) = polarity {
        let claimed: Color = polarity
            .parse()
            .map_err(|error| Problem::new(Code::InvalidOperation, format!("polarity: {error}")))?;
        if claimed != color {
            let detail = format!("the operation says it is {claimed}, this is the {color} stream");
            return Err(Problem::new(Code::WrongColor, detail).with("allowed", allowed.to_vec()));
        }
    }
    if allowed.contains(&operation) {
        return Ok(());
    }
    let list = allowed.join(", ");
    match Color::of_operation(operation) {
        Some(other) if other != color => {
            let detail = format!("{operation} is {other}; the {color} stream takes {list}");
            Err(Problem::new(Code::WrongColor, detail).with("allowed", allowed.to_vec()))
        }
        _ => {
            let detail = format!("unknown operation {operation:.40?}; the {color} stream takes {list}");
            Err(Problem::new(Code::InvalidOperation, detail).with("allowed", allowed.to_vec()))
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
