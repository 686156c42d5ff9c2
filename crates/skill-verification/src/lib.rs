//! skill-verification: seventeen verifiers that judge embeddings and skills, the reference collections that they
//! compare with, and the votes of verifiers that run on several agents.
//!
//! Tests, votes and the search are in `ramanujan-verification`. Here `item` reads, judges and shows one item,
//! `surroundings` is what lies around it, `store` holds the tables, `settings` the limits, and `routes` turns requests
//! into calls of these and tells the timeline.

#[cfg(not(target_family = "wasm"))]
mod aliases;
#[cfg(not(target_family = "wasm"))]
pub mod api;
mod collection;
mod components;
mod item;
mod routes;
mod settings;
mod store;
mod surroundings;

use std::future::Future;
use std::rc::Rc;

use http::Method;
use ramanujan_core::Problem;
use ramanujan_shell::{Info, Request, Service};
use serde_json::Map;

use crate::routes::{agents, analyze, batch, collections, similarity, votes};
use crate::settings::Settings;

/// The component's routes.
pub fn service() -> Service {
    service_with(settings::environment)
}

/// The component's routes, with its environment as `variables` gives it at each request.
pub fn service_with(variables: impl Fn(&str) -> Option<String> + 'static) -> Service {
    let source: Source = Rc::new(move || Settings::read(&variables));
    Service::new(Info {
        component: "skill-verification",
        message: "Skill verification received",
        base: "/verify",
        version: env!("CARGO_PKG_VERSION"),
        constants: Map::new,
    })
    .identity(settings::IDENTITY)
    .alias("/skills")
    .root_members(within(&source, async |_, _| {
        let mut members = agents::counts();
        members.insert("service".into(), "Skill Verification".into());
        Ok(members)
    }))
    .health_check(within(&source, agents::health))
    .get("/verify/agents", within(&source, agents::list))
    .post("/verify/analyze", within(&source, analyze::analyze))
    .post("/verify/batch", within(&source, batch::batch))
    .post("/verify/similarity", within(&source, similarity::similarity))
    .get("/verify/collections", within(&source, collections::list))
    .route(Method::PUT, "/verify/collections/{name}", within(&source, collections::create))
    .post("/verify/collections/{name}", within(&source, collections::create))
    .get("/verify/collections/{name}", within(&source, collections::read))
    .post("/verify/collections/{name}/embeddings", within(&source, collections::append))
    .get("/verify/collections/{name}/embeddings", within(&source, collections::embeddings))
    .post("/verify/votes", within(&source, votes::post))
    .post("/verify/votes/merge", within(&source, votes::post))
    .get("/verify/votes", within(&source, votes::list))
    .get("/verify/votes/{subject}", within(&source, votes::read))
}

ramanujan_shell::entry!(crate::service);

type Source = Rc<dyn Fn() -> Result<Settings, Problem>>;

/// A handler with the settings, once they are as they must be.
fn within<F, Fut, T>(
    source: &Source,
    handler: F,
) -> impl Fn(Request) -> std::pin::Pin<Box<dyn Future<Output = Result<T, Problem>>>> + 'static
where
    F: Fn(Settings, Request) -> Fut + Clone + 'static,
    Fut: Future<Output = Result<T, Problem>> + 'static,
    T: 'static,
{
    let source = source.clone();
    move |request| {
        let (source, handler) = (source.clone(), handler.clone());
        Box::pin(async move { handler(source()?, request).await })
    }
}
