//! `POST /egraph/saturate`: one expression or a batch, each in a graph of its own.
//!
//! A long request that was answered from the memo is also known by its own bytes: then it need not be read, which for a
//! deep term takes as long as anything else.

use std::time::Instant;

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_egraph::term::Term;
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, ok};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{allowed, check_operation, most};
use crate::bounds::{Common, With};
use crate::graph::{self, Part};
use crate::key;
use crate::saturation::{self, Form, Job};
use crate::settings::{self, MEMO_MAX_ENTRIES};
use crate::store::memo;
use crate::theory::{self, Theory};

/// Most expressions of a batch.
const MAX_BATCH: usize = 100;
/// Replies about graphs of fewer nodes are made anew in less time than it takes to look them up.
const MIN_NODES: usize = 100;
/// Longest reply that is kept, in bytes.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// Requests that are shorter are read in less time than it takes to look for their bytes.
const MIN_REQUEST_BYTES: usize = 256;

#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SaturateRequest {
    /// The name of the route, if it is given.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["saturate", null])))]
    operation: Option<String>,
    /// The term to saturate.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Term>"))]
    expression: Option<Value>,
    /// A batch of terms, each in a graph of its own; one time limit for all.
    #[serde(default)]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(with = "Option<Vec<crate::shapes::Term>>", length(min = 1, max = MAX_BATCH))
    )]
    expressions: Option<Vec<Value>>,
    /// How the canonical form is written.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("default" = "tree")))]
    form: Form,
    /// What to reply besides the result.
    #[serde(default)]
    include: Vec<Part>,
    /// Most nodes of the graph that are shown, with `include: ["graph"]` only.
    #[serde(default)]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(range(min = 1, max = graph::MAX_SHOWN), extend("default" = graph::DEFAULT_SHOWN))
    )]
    max_shown: Option<usize>,
}

/// The digest of a long request; `None` where it is short, or nothing is remembered.
fn digest_of(body: &[u8]) -> Result<Option<Digest>, Problem> {
    if body.len() < MIN_REQUEST_BYTES || MEMO_MAX_ENTRIES.read()? == 0 {
        return Ok(None);
    }
    let settings = settings::deciding();
    Ok(Some(key::of_bytes(&settings, body)))
}

/// A remembered reply as it was kept, with the members that come first in each.
fn recalled(reply: &str) -> Option<Response> {
    let body = format!("{{\"status\":\"ok\",\"cached\":true,{}", reply.strip_prefix('{')?);
    Some(typed("application/json", body.into_bytes()))
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let started = Instant::now();
    request.query().only(&[])?;
    let bytes = digest_of(&request.body)?;
    if let Some(reply) = bytes.as_ref().and_then(memo::recall).as_deref().and_then(recalled) {
        return Ok(reply);
    }
    let With { common, own } = request.json()?;
    let SaturateRequest { operation, expression, expressions, form, include, max_shown } = own;
    check_operation(operation.as_deref(), "saturate")?;
    let shown = graph::shown(&include, max_shown)?;
    let bounds = common.bounds(started, most()?)?;
    let Common { language, operators, rules, cost, .. } = common;
    let mut theory = Theory::read(language, operators.unwrap_or_default(), rules, &allowed()?)?;
    let cost = theory::cost(&mut theory.vocabulary, cost.as_ref())?;
    let mut job = Job::new(theory, bounds, cost, form, shown);
    match (expression, expressions) {
        (Some(expression), None) => {
            let term = job.theory.term("expression", &expression)?;
            let digest = job.key.of_term(&job.theory, &term);
            let reply = answer(&job, &term, &digest)?;
            if let Some(bytes) = bytes.filter(|_| reply.get("cached") == Some(&Value::Bool(true))) {
                memo::learn(&bytes, &digest);
            }
            ok(&reply)
        }
        (None, Some(expressions)) if (1..=MAX_BATCH).contains(&expressions.len()) => {
            let mut terms = Vec::with_capacity(expressions.len());
            for (index, expression) in expressions.iter().enumerate() {
                let term = job.theory.term(&format!("expressions[{index}]"), expression);
                terms.push(term.map_err(|problem| problem.with("index", index))?);
            }
            let results = terms.iter().enumerate().map(|(index, term)| {
                let digest = job.key.of_term(&job.theory, term);
                answer(&job, term, &digest).map_err(|problem| problem.with("index", index))
            });
            let results = results.collect::<Result<Vec<_>, _>>()?;
            ok(&json!({"operation": "saturate", "results": results}))
        }
        _ => {
            let detail = format!("give either expression or expressions, a list of 1 to {MAX_BATCH}");
            Err(Problem::new(Code::InvalidExpression, detail))
        }
    }
}

/// The reply for one term, from the memo where it is there.
fn answer(job: &Job, term: &Term, digest: &Digest) -> Result<Map<String, Value>, Problem> {
    let most = MEMO_MAX_ENTRIES.read()?;
    let known = if most == 0 { None } else { memo::find(digest) };
    if let Some(mut reply) = known.and_then(|text| serde_json::from_str::<Map<String, Value>>(&text).ok()) {
        reply.insert("cached".into(), true.into());
        return Ok(reply);
    }
    let found = saturation::saturate(job, term)?;
    let Value::Object(mut reply) = serde_json::to_value(&found)? else {
        return Err(Problem::new(Code::Reply, "the reply cannot be written"));
    };
    if most > 0 && found.nodes >= MIN_NODES && found.is_repeatable() {
        let text = serde_json::to_string(&reply)?;
        if text.len() <= MAX_REPLY_BYTES {
            memo::keep(digest, text, most);
        }
    }
    reply.insert("cached".into(), false.into());
    Ok(reply)
}
