//! `GET /skill/stats`: what is stored, and how often what was used.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};
use serde_json::{Map, Value, json};

use crate::generate::Target;
use crate::store::patterns;
use crate::store::usage::{self, APPLIED, STEPS, TRANSDUCED};

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let (patterns, versions) = patterns::counts()?;
    let counters = usage::counters()?;
    let count = |what: &str| counters.get(what).copied().unwrap_or(0);
    let by_target: Map<String, Value> = Target::ALL
        .into_iter()
        .map(|target| (target.as_str().to_owned(), count(usage::generated(target)).into()))
        .collect();
    ok(&json!({
        "patterns": patterns,
        "versions": versions,
        "transduced": count(TRANSDUCED),
        "applied": count(APPLIED),
        "steps": count(STEPS),
        "generated": by_target,
    }))
}
