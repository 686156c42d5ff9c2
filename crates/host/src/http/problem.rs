//! The host's own errors as problem documents (RFC 9457).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use ramanujan_core::Problem;
use ramanujan_core::problem::PROBLEM_JSON;
use wasmtime_wasi_http::WasiBody;

use super::body::full;

/// Seconds after which a client may try again when all instances are busy.
const RETRY_AFTER_SECONDS: &str = "1";

/// The response for `problem`; 503 carries `Retry-After`.
pub(crate) fn response(problem: &Problem) -> Response<WasiBody> {
    let mut response = Response::new(full(Bytes::from(problem.to_json().to_string())));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if problem.status == 503 {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    response
}
