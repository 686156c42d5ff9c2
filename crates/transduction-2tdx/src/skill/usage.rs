//! `GET /skill/stats`: what is stored, and how often what was used.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, Store, log, ok};
use serde_json::{Map, Value, json};

use super::library::{self, SCHEMA};
use crate::generate::Target;

pub(super) const TRANSDUCED: &str = "transduced";
pub(super) const APPLIED: &str = "applied";
pub(super) const STEPS: &str = "steps";

pub(super) fn generated(target: Target) -> &'static str {
    match target {
        Target::Rust => "generated-rust",
        Target::Llvm => "generated-llvm",
        Target::Qasm => "generated-qasm",
    }
}

/// Adds to counters. They are for people: a store that refuses them does not fail the request.
pub(super) fn count(store: &Store, counts: &[(&str, u64)]) {
    let rows: Vec<Value> = counts.iter().map(|(what, count)| json!([what, count])).collect();
    let sql = "INSERT INTO transduction_usage (what, count)
        SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
        ON CONFLICT (what) DO UPDATE SET count = count + excluded.count";
    if let Err(problem) = store.execute(sql, [Value::from(rows).to_string().into()]) {
        log::warn("transduction-2tdx", &format!("uses were not counted: {problem}"));
    }
}

pub(super) async fn stats(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let store = Store::open(SCHEMA)?;
    let (patterns, versions) = library::counts(&store)?;
    let mut counts: Map<String, Value> = Map::new();
    for row in store.execute("SELECT what, count FROM transduction_usage", [])? {
        counts.insert(row.text(0)?.to_owned(), row.uint(1)?.into());
    }
    let count = |what: &str| counts.get(what).cloned().unwrap_or_else(|| 0.into());
    let by_target: Map<String, Value> = Target::ALL
        .into_iter()
        .map(|target| (target.as_str().to_owned(), count(generated(target))))
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
