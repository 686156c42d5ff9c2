//! How often what was used. The counters are for people: a store that refuses them fails no request.

use std::collections::BTreeMap;

use ramanujan_core::Problem;
use ramanujan_shell::log;
use serde_json::{Value, json};

use crate::generate::Target;

const COUNT: &str = "INSERT INTO transduction_usage (what, count)
    SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
    ON CONFLICT (what) DO UPDATE SET count = count + excluded.count";
const ALL: &str = "SELECT what, count FROM transduction_usage";

/// Patterns given as rules.
pub(crate) const TRANSDUCED: &str = "transduced";
/// Terms rewritten.
pub(crate) const APPLIED: &str = "applied";
/// Steps of all rewritings together.
pub(crate) const STEPS: &str = "steps";

/// Programs written in a language.
pub(crate) fn generated(target: Target) -> &'static str {
    match target {
        Target::Rust => "generated-rust",
        Target::Llvm => "generated-llvm",
        Target::Qasm => "generated-qasm",
    }
}

/// Adds to counters.
pub(crate) fn count(counts: &[(&str, u64)]) {
    let rows: Vec<Value> = counts.iter().map(|(what, count)| json!([what, count])).collect();
    let counted =
        super::open().and_then(|store| store.execute(COUNT, [Value::from(rows).to_string().into()]));
    if let Err(problem) = counted {
        log::warn("transduction-2tdx", &format!("uses were not counted: {problem}"));
    }
}

/// All counters that were ever added to.
pub(crate) fn counters() -> Result<BTreeMap<String, u64>, Problem> {
    let rows = super::open()?.execute(ALL, [])?;
    rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.uint(1)?))).collect()
}
