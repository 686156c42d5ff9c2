//! What stream-red, stream-blue and stream-green share: a stream takes operations of its own colour only, colours each
//! through the composed `colors` interface, forwards them to crdt-service, and records them on the timeline before it
//! acknowledges. GREEN verifies: it recomputes a document from its deltas alone, in two orders, and proves through the
//! composed `gadgets` interface that both join the same; expressions go there too. Streams keep no state.

mod acknowledged;
mod colors;
mod convergence;
mod event;
mod gadgets;
mod join;
mod operations;
mod orders;
mod recompute;
mod routes;
pub mod settings;

use ramanujan_core::{Code, Color, Problem, json};
use ramanujan_crdt::Op;
use ramanujan_shell::service::color_constants;
use ramanujan_shell::{Info, Request, Service};

use crate::routes::{apply, expression, green as verifying, neighbours, state};

/// RED: constructive operations.
pub fn red(version: &'static str) -> Service {
    let info = Info {
        component: "stream-red",
        message: "RED stream received",
        base: "/stream/red",
        version,
        constants: || color_constants(Color::Red),
    };
    let apply = async |request: Request| apply::post(Color::Red, request).await;
    Service::new(info)
        .alias("/red")
        .identity(settings::identity("stream-red", Color::Red))
        .health_check(neighbours::health)
        .get("/stream/red/test", async |request| state::test(Color::Red, request).await)
        .get("/stream/red/state", async |request| state::get(Color::Red, request).await)
        .post("/stream/red/apply", apply)
        .post("/stream/red/insert", apply)
        .post("/stream/red/merge", apply)
}

/// BLUE: inverse operations; they compensate and erase nothing.
pub fn blue(version: &'static str) -> Service {
    let info = Info {
        component: "stream-blue",
        message: "BLUE stream received",
        base: "/stream/blue",
        version,
        constants: || color_constants(Color::Blue),
    };
    let apply = async |request: Request| apply::post(Color::Blue, request).await;
    Service::new(info)
        .alias("/blue")
        .identity(settings::identity("stream-blue", Color::Blue))
        .health_check(neighbours::health)
        .get("/stream/blue/test", async |request| state::test(Color::Blue, request).await)
        .get("/stream/blue/state", async |request| state::get(Color::Blue, request).await)
        .post("/stream/blue/apply", apply)
        .post("/stream/blue/delete", apply)
        .post("/stream/blue/rollback", apply)
}

/// GREEN: verifying operations. All but a transition to VERIFY, which is an operation like those of the other streams,
/// change nothing. They run in this process: neither RED nor BLUE takes them, so neither imports `gadgets`.
pub fn green(version: &'static str) -> Service {
    let info = Info {
        component: "stream-green",
        message: "GREEN stream received",
        base: "/stream/green",
        version,
        constants: || color_constants(Color::Green),
    };
    Service::new(info)
        .alias("/green")
        .identity(settings::identity("stream-green", Color::Green))
        .health_check(neighbours::health)
        .get("/stream/green/test", async |request| state::test(Color::Green, request).await)
        .get("/stream/green/state", async |request| state::get(Color::Green, request).await)
        .post("/stream/green/apply", green_apply)
        .post("/stream/green/verify", green_verify)
        .post("/stream/green/check", green_verify)
        .post("/stream/green/canonicalize", algebra::canonicalize)
}

/// What GREEN does with an operation depends on its name; everything else about it is checked there.
async fn green_apply(request: Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Named {
        operation: Option<String>,
    }
    let is_transition = |named: &Named| named.operation.as_deref() == Some("transition");
    let is_canonicalize = |named: &Named| named.operation.as_deref() == Some("canonicalize");
    match json::one_or_many::<Named>(&request.body) {
        Ok((named, _)) if named.iter().any(is_transition) => apply::post(Color::Green, request).await,
        Ok((named, false)) if named.iter().any(is_canonicalize) => algebra::canonicalize(request).await,
        _ => green_verify(request).await,
    }
}

/// Verifies two expressions where a request has one, else a document.
async fn green_verify(request: Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Sides {
        lhs: Option<IgnoredAny>,
        rhs: Option<IgnoredAny>,
    }
    let has_sides = |sides: &Sides| sides.lhs.is_some() || sides.rhs.is_some();
    match json::one_or_many::<Sides>(&request.body) {
        Ok((sides, false)) if sides.iter().any(has_sides) => algebra::verify(request).await,
        _ => verify::post(request).await,
    }
}

/// What GREEN takes beside operations on documents; they change nothing.
const CHECKS: [&str; 3] = ["verify", "check", "canonicalize"];

/// Operations that a stream takes.
fn allowed(color: Color) -> Vec<String> {
    let own = if color == Color::Green { &CHECKS[..] } else { &[] };
    own.iter().map(|name| (*name).to_owned()).chain(Op::names_of_color(color)).collect()
}

/// Whether a stream takes an operation.
fn takes(color: Color, operation: &str) -> bool {
    Op::color_of_name(operation) == Some(color) || (color == Color::Green && CHECKS.contains(&operation))
}

/// Refuses an operation of another colour, or of none.
fn check_color(color: Color, operation: &str, polarity: Option<&str>) -> Result<(), Problem> {
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
