//! The rule half: patterns that are stored, applied to terms and turned into code.
//!
//! [`rule`], [`constraint`] and [`operators`] are what a pattern is, [`rewrite`] applies rules: pure. `library` stores patterns and
//! reads the rules that a request names or brings along, `usage` counts, `event` tells the timeline; `patterns`, `apply` and
//! `code` are the routes.

mod apply;
mod code;
pub mod constraint;
mod event;
mod library;
pub mod operators;
mod patterns;
pub mod rewrite;
pub mod rule;
mod usage;

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, Service};

/// Adds `/skill/…`.
pub(crate) fn routes(service: Service) -> Service {
    service
        .post("/skill/patterns", patterns::post)
        .get("/skill/patterns", patterns::list)
        .get("/skill/patterns/{id}", patterns::get)
        .get("/skill/patterns/{id}/versions", patterns::versions)
        .post("/skill/patterns/{id}/transduce", code::transduce)
        .post("/skill/generate", code::generate)
        .post("/skill/apply", apply::post)
        .post("/skill/compile", compile)
        .get("/skill/stats", usage::stats)
}

async fn compile(_: Request) -> Result<Response, Problem> {
    Err(Problem::new(
        Code::NotImplemented,
        "a component cannot run a compiler: take the text of POST /skill/generate to llvm-as, opt or rustc",
    ))
}
