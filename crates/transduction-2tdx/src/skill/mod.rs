//! The rule half: patterns that are stored, applied to terms and turned into code.
//!
//! [`rule`] and [`constraint`] are what a pattern is, [`rewrite`] applies rules: pure. `library` stores patterns and
//! reads the rules that a request names or brings along, `usage` counts; `patterns`, `apply` and `code` are the routes.

mod apply;
mod code;
pub mod constraint;
mod library;
mod patterns;
pub mod rewrite;
pub mod rule;
mod usage;

use ramanujan_core::Problem;
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::vocabulary::Vocabulary;
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

/// No names yet, over the operators of every language.
fn fresh_vocabulary() -> Result<Vocabulary, Problem> {
    let signature = signature(&Language::ALL, Vec::new())
        .map_err(|error| Problem::new(500, "languages", error.to_string()))?;
    Ok(Vocabulary::new(signature))
}

async fn compile(_: Request) -> Result<Response, Problem> {
    Err(Problem::not_implemented(
        "a component cannot run a compiler: take the text of POST /skill/generate to llvm-as, opt or rustc",
    ))
}
