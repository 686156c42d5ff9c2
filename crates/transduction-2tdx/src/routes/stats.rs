//! `GET /skill/stats`: what is stored, and how often what was used.

use std::collections::BTreeMap;

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use crate::generate::Target;
use crate::store::patterns;
use crate::store::usage::{self, APPLIED, STEPS, TRANSDUCED};

/// What is stored, and how often what was used.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Stats {
    /// Names of stored patterns.
    patterns: u64,
    /// Versions of them.
    versions: u64,
    /// Patterns that were given as rules.
    transduced: u64,
    /// Terms that were rewritten.
    applied: u64,
    /// Steps of all rewritings together.
    steps: u64,
    /// Programs that were written, by language.
    #[cfg_attr(not(target_family = "wasm"), schemars(schema_with = "by_target"))]
    generated: BTreeMap<&'static str, u64>,
}

#[cfg(not(target_family = "wasm"))]
fn by_target(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let count = generator.subschema_for::<u64>();
    let targets = Target::ALL.map(Target::as_str);
    let counts: serde_json::Map<_, _> =
        targets.into_iter().map(|target| (target.to_owned(), count.clone().into())).collect();
    schemars::json_schema!({"type": "object", "properties": counts, "required": targets})
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let (patterns, versions) = patterns::counts()?;
    let counters = usage::counters()?;
    let count = |what: &str| counters.get(what).copied().unwrap_or(0);
    ok(&Stats {
        patterns,
        versions,
        transduced: count(TRANSDUCED),
        applied: count(APPLIED),
        steps: count(STEPS),
        generated: Target::ALL
            .into_iter()
            .map(|target| (target.as_str(), count(usage::generated(target))))
            .collect(),
    })
}
