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
#[serde(deny_unknown_fields)]
struct ProofRequest {
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    lhs: Option<Value>,
    #[serde(default)]
    rhs: Option<Value>,
    #[serde(default)]
    expression: Option<Value>,
    #[serde(default)]
    max_steps: Option<usize>,
}

pub(crate) async fn verify(request: Request) -> Result<Response, Problem> {
    let body: With<ProofRequest> = request.json()?;
    if body.own.expression.is_some() || body.common.cost.is_some() {
        let detail = "verify takes lhs and rhs; expression and cost belong to saturate and explain";
        return Err(Problem::new(Code::InvalidExpression, detail));
    }
    answer(body, "verify")
}

pub(crate) async fn explain(request: Request) -> Result<Response, Problem> {
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
