//! Building replies: JSON objects with `status: "ok"`, and problem documents.

use http::{HeaderValue, StatusCode, header};
use ramanujan_core::problem::PROBLEM_JSON;
use ramanujan_core::{Code, Problem};
use serde::Serialize;

use crate::body::Body;

/// What a handler returns.
pub type Response = http::Response<Body>;

/// 200 with `value`, which must serialise to an object, as JSON with `status: "ok"` put first.
///
/// # Errors
/// 500 `encoding` if `value` does not serialise to an object.
pub fn ok<T: Serialize + ?Sized>(value: &T) -> Result<Response, Problem> {
    let object = encode(value)?;
    let rest = object
        .strip_prefix(b"{")
        .ok_or_else(|| Problem::new(Code::Encoding, "the reply is not a JSON object"))?;
    let mut body = Vec::with_capacity(object.len() + 15);
    body.extend_from_slice(br#"{"status":"ok""#);
    if rest != b"}" {
        body.push(b',');
    }
    body.extend_from_slice(rest);
    Ok(with_type(StatusCode::OK, "application/json", body))
}

/// 200 with `value` as JSON as it is: for arrays and for replies whose `status` is their own.
///
/// # Errors
/// 500 `encoding` if `value` does not serialise.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Response, Problem> {
    Ok(with_type(StatusCode::OK, "application/json", encode(value)?))
}

/// 200 with a body of the given media type.
pub fn typed(media_type: &'static str, body: impl Into<Body>) -> Response {
    with_type(StatusCode::OK, media_type, body)
}

/// The reply that reports `problem`.
pub fn problem(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_type(status, PROBLEM_JSON, problem.to_json().to_string().into_bytes())
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Problem> {
    Ok(serde_json::to_vec(value)?)
}

fn with_type(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = http::Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
