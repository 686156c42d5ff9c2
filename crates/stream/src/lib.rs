//! What stream-red, stream-blue and stream-green share: a stream takes operations of its own colour only, colours each
//! through the composed `colors` interface, forwards them to crdt-service, and records them on the timeline before it
//! acknowledges. GREEN verifies: it recomputes a document from its deltas alone, in two orders, and proves through the
//! composed `gadgets` interface that both join the same; expressions go there too. Streams keep no state.

mod acknowledged;
#[cfg(not(target_family = "wasm"))]
pub mod api;
mod colors;
mod convergence;
mod gadgets;
mod join;
mod members;
mod operations;
mod orders;
mod recompute;
mod routes;
pub mod settings;
#[cfg(not(target_family = "wasm"))]
mod shapes;
mod verified;

use ramanujan_core::Color;
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
        .settings(settings::check)
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
        .settings(settings::check)
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
        .settings(settings::check)
        .health_check(neighbours::health)
        .get("/stream/green/test", async |request| state::test(Color::Green, request).await)
        .get("/stream/green/state", async |request| state::get(Color::Green, request).await)
        .post("/stream/green/apply", verifying::apply)
        .post("/stream/green/verify", verifying::verify)
        .post("/stream/green/check", verifying::verify)
        .post("/stream/green/canonicalize", expression::canonicalize)
}
