//! `POST /egraph/verify` and `POST /egraph/explain`: whether two terms are equal, and why.

use std::time::Instant;

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::proof::MAX_STEPS;
use ramanujan_shell::{Request, Response, ok};
use serde::Deserialize;
use serde_json::Value;

use super::{allowed, check_operation, most};
use crate::bounds::{Common, With, within};
use crate::proof::{Question, canonical, compare};
use crate::theory::{self, Theory};

/// Most steps of a reply unless `max_steps` says otherwise.
const DEFAULT_STEPS: usize = 1_000;

#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofRequest {
    /// The name of the route, if it is given.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["verify", "explain", null])))]
    operation: Option<String>,
    /// The term at which a proof begins.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Term>"))]
    lhs: Option<Value>,
    /// The term at which a proof ends.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Term>"))]
    rhs: Option<Value>,
    /// The term whose canonical form is explained.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Term>"))]
    expression: Option<Value>,
    /// Most steps that are shown; of a longer proof only their number is.
    #[serde(default)]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(range(min = 1, max = MAX_STEPS), extend("default" = DEFAULT_STEPS))
    )]
    max_steps: Option<usize>,
}

pub(crate) async fn verify(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let body: With<ProofRequest> = request.json()?;
    if body.own.expression.is_some() || body.common.cost.is_some() {
        let detail = "verify takes lhs and rhs; expression and cost belong to saturate and explain";
        return Err(Problem::new(Code::InvalidExpression, detail));
    }
    answer(body, "verify")
}

pub(crate) async fn explain(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    answer(request.json()?, "explain")
}

fn answer(request: With<ProofRequest>, name: &'static str) -> Result<Response, Problem> {
    let started = Instant::now();
    let With { common, own: body } = request;
    check_operation(body.operation.as_deref(), name)?;
    let question = Question {
        bounds: common.bounds(started, most()?)?,
        max_steps: within("max_steps", body.max_steps, DEFAULT_STEPS, MAX_STEPS)?,
    };
    let Common { language, operators, rules, cost, .. } = common;
    let mut theory = Theory::read(language, operators.unwrap_or_default(), rules, &allowed()?)?;
    let cost = theory::cost(&mut theory.vocabulary, cost.as_ref())?;
    let mut reply = match (body.lhs, body.rhs, body.expression) {
        (Some(lhs), Some(rhs), None) => {
            let (left, right) = (theory.term("lhs", &lhs)?, theory.term("rhs", &rhs)?);
            compare(theory, &question, &left, &right)?
        }
        (None, None, Some(expression)) => {
            let term = theory.term("expression", &expression)?;
            canonical(theory, &question, &term, &cost)?
        }
        _ if name == "verify" => {
            return Err(Problem::new(Code::InvalidExpression, "verify takes lhs and rhs"));
        }
        _ => {
            let detail =
                "explain takes either lhs and rhs, or an expression to explain the canonical form of";
            return Err(Problem::new(Code::InvalidExpression, detail));
        }
    };
    reply.insert("operation".into(), name.into());
    ok(&reply)
}
