//! What GREEN does with a request depends on what it holds; everything else about it is checked where it is dealt with.

use ramanujan_core::{Color, Problem, json};
use ramanujan_shell::{Request, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{apply as operations, expression, verify as document};

/// `POST /stream/green/apply`: by the operation's name.
pub(crate) async fn apply(request: Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Named {
        operation: Option<String>,
    }
    let is_transition = |named: &Named| named.operation.as_deref() == Some("transition");
    let is_canonicalize = |named: &Named| named.operation.as_deref() == Some("canonicalize");
    match json::one_or_many::<Named>(&request.body) {
        Ok((named, _)) if named.iter().any(is_transition) => operations::post(Color::Green, request).await,
        Ok((named, false)) if named.iter().any(is_canonicalize) => expression::canonicalize(request).await,
        _ => verify(request).await,
    }
}

/// `POST /stream/green/verify` and `…/check`: two expressions where a request has one, else a document.
pub(crate) async fn verify(request: Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Sides {
        lhs: Option<IgnoredAny>,
        rhs: Option<IgnoredAny>,
    }
    let has_sides = |sides: &Sides| sides.lhs.is_some() || sides.rhs.is_some();
    match json::one_or_many::<Sides>(&request.body) {
        Ok((sides, false)) if sides.iter().any(has_sides) => expression::verify(request).await,
        _ => document::post(request).await,
    }
}
