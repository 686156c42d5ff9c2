//! GREEN's operations on expressions: `canonicalize`, and `verify` of two of them. They change nothing and are not
//! recorded: they are about no document.

use ramanujan_core::{Code, Color, Polarity, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};

use crate::gadgets::{self, Canonical, Limits, Step, Verdict};
use crate::operations::check_color;
use crate::settings;

/// The laws of a join, which apply where a request names no rules.
const JOIN_LAWS: [&str; 5] = ["assoc", "assoc_rev", "comm", "idem", "identity"];
/// Most entries in `rules`.
const MAX_RULES: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct CanonicalizeRequest {
    /// `canonicalize`.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["canonicalize", null])))]
    operation: Option<String>,
    /// The term, an S-expression.
    expression: String,
    /// Names of egraph-service's rules; left out, the laws of a join: `assoc`, `assoc_rev`, `comm`, `idem`, `identity`.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_RULES)))]
    rules: Option<Vec<String>>,
    /// Most rounds of rewriting: at least 1, at most `GADGET_MAX_ITERATIONS` (30), which is the default.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1)))]
    max_iterations: Option<u64>,
    /// Most nodes of the graph of terms: at least 1, at most `GADGET_MAX_NODES` (20000), which is the default.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1)))]
    max_nodes: Option<u32>,
    /// `GREEN` or `neutral`, in letters of either case.
    polarity: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct CanonicalizeReply {
    /// `canonicalize`.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["canonicalize"])))]
    operation: String,
    /// GREEN.
    color: Color,
    /// Of GREEN.
    polarity: Polarity,
    #[serde(flatten)]
    canonical: Canonical,
    /// The rules that were used.
    rules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct VerifyRequest {
    /// What a caller calls it; left out, `verify`.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["verify", "check", null])))]
    operation: Option<String>,
    /// A term, an S-expression.
    lhs: String,
    /// The term to compare with.
    rhs: String,
    /// Names of egraph-service's rules; left out, the laws of a join: `assoc`, `assoc_rev`, `comm`, `idem`, `identity`.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_RULES)))]
    rules: Option<Vec<String>>,
    /// Most rounds of rewriting: at least 1, at most `GADGET_MAX_ITERATIONS` (30), which is the default.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1)))]
    max_iterations: Option<u64>,
    /// Most nodes of the graph of terms: at least 1, at most `GADGET_MAX_NODES` (20000), which is the default.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1)))]
    max_nodes: Option<u32>,
    /// `GREEN` or `neutral`, in letters of either case.
    polarity: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct VerifyReply {
    /// As the request has it.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["verify", "check"])))]
    operation: String,
    /// GREEN.
    color: Color,
    /// Of GREEN.
    polarity: Polarity,
    /// What was found.
    result: Verdict,
    /// Unknown where neither a proof nor a model was found.
    equal: Option<bool>,
    /// The steps from `lhs` to `rhs`; empty where there is no proof.
    explanation: Vec<Step>,
    /// The rules that were used.
    rules: Vec<String>,
}

/// The bounds of a request: the manifest's, or narrower ones of its own.
fn limits(iterations: Option<u64>, nodes: Option<u32>) -> Result<Limits, Problem> {
    let most = settings::gadget_limits()?;
    if iterations.is_some_and(|given| given == 0 || given > most.iterations) {
        let detail = format!("max_iterations must be 1 to {}", most.iterations);
        return Err(Problem::new(Code::InvalidLimit, detail));
    }
    if nodes.is_some_and(|given| given == 0 || given > most.nodes) {
        return Err(Problem::new(Code::InvalidLimit, format!("max_nodes must be 1 to {}", most.nodes)));
    }
    Ok(Limits { iterations: iterations.unwrap_or(most.iterations), nodes: nodes.unwrap_or(most.nodes) })
}

fn rules(given: Option<Vec<String>>) -> Result<Vec<String>, Problem> {
    let rules = given.unwrap_or_else(|| JOIN_LAWS.map(str::to_owned).to_vec());
    if rules.len() > MAX_RULES {
        return Err(Problem::new(Code::TooManyRules, format!("rules may hold at most {MAX_RULES} names")));
    }
    Ok(rules)
}

fn refused(reason: String) -> Problem {
    Problem::new(Code::InvalidExpression, reason)
}

/// `POST /stream/green/canonicalize`.
pub(crate) async fn canonicalize(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let request: CanonicalizeRequest = request.json()?;
    let operation = request.operation.unwrap_or_else(|| "canonicalize".to_owned());
    check_color(Color::Green, &operation, request.polarity.as_deref())?;
    if operation != "canonicalize" {
        let detail = format!("an expression is canonicalized; {operation} takes document_id, or lhs and rhs");
        return Err(Problem::new(Code::InvalidOperation, detail));
    }
    let rules = rules(request.rules)?;
    let limits = limits(request.max_iterations, request.max_nodes)?;
    let canonical = gadgets::canonicalize(&request.expression, &rules, limits).map_err(refused)?;
    ok(&CanonicalizeReply { operation, color: Color::Green, polarity: Polarity::Neutral, canonical, rules })
}

/// `POST /stream/green/verify` with `lhs` and `rhs`.
pub(crate) async fn verify(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let request: VerifyRequest = request.json()?;
    let operation = request.operation.unwrap_or_else(|| "verify".to_owned());
    check_color(Color::Green, &operation, request.polarity.as_deref())?;
    if !matches!(operation.as_str(), "verify" | "check") {
        let detail = format!("lhs and rhs are verified; {operation} does not take them");
        return Err(Problem::new(Code::InvalidOperation, detail));
    }
    let rules = rules(request.rules)?;
    let limits = limits(request.max_iterations, request.max_nodes)?;
    let found = gadgets::verify(&request.lhs, &request.rhs, &rules, limits).map_err(refused)?;
    let equal = match found.verdict {
        Verdict::Equal => Some(true),
        Verdict::Refuted => Some(false),
        Verdict::NotProved => None,
    };
    ok(&VerifyReply {
        operation,
        color: Color::Green,
        polarity: Polarity::Neutral,
        result: found.verdict,
        equal,
        explanation: found.steps,
        rules,
    })
}
