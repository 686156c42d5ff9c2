//! Calls to other components over service chaining (`http://<component>.spin.internal`), and to addresses elsewhere.

use std::future::Future;

use http::{Method, header};
use ramanujan_core::{Code, Problem, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::elsewhere::{Limits, Unreached};

/// Sends a request to `component` and returns its whole reply, whatever its status.
///
/// # Errors
/// 502 `component-unreachable` if there is no reply at all.
pub async fn call(
    component: &str,
    method: Method,
    path_and_query: &str,
    body: Vec<u8>,
) -> Result<http::Response<Vec<u8>>, Problem> {
    call_with(component, method, path_and_query, &[], body).await
}

/// As [`call`], with request headers; the body is JSON unless one of them says what it is.
///
/// # Errors
/// As [`call`].
pub async fn call_with(
    component: &str,
    method: Method,
    path_and_query: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<http::Response<Vec<u8>>, Problem> {
    let mut builder = http::Request::builder()
        .method(method)
        .uri(format!("http://{component}.spin.internal{path_and_query}"));
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header::CONTENT_TYPE.as_str())) {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(body).map_err(|error| Problem::new(Code::ComponentCall, error.to_string()))?;
    backend::send(request).await.map_err(|error| {
        Problem::new(Code::ComponentUnreachable, format!("{component} did not answer: {error}"))
    })
}

/// Sends a request to an absolute URL and returns the whole reply, whatever its status.
///
/// # Errors
/// [`Unreached`] if there is no reply within the limits.
pub async fn call_address(
    method: Method,
    address: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
    limits: Limits,
) -> Result<http::Response<Vec<u8>>, Unreached> {
    let mut builder = http::Request::builder().method(method).uri(address);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(body).map_err(|error| Unreached::Failed(error.to_string()))?;
    backend::send_within(request, limits).await
}

/// Waits for two calls at once: both are under way before the first is answered.
pub async fn both<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    futures_util::future::join(first, second).await
}

/// Sends `body` as JSON and reads the reply as JSON. A problem document of the other side is passed on as it is.
///
/// # Errors
/// The other component's problem, or 502 `component-unreachable` / `component-reply`.
pub async fn call_json<T: DeserializeOwned>(
    component: &str,
    method: Method,
    path_and_query: &str,
    body: Option<&(impl Serialize + ?Sized)>,
) -> Result<T, Problem> {
    let body = match body {
        Some(value) => serde_json::to_vec(value)?,
        None => Vec::new(),
    };
    read_reply(component, &call(component, method, path_and_query, body).await?)
}

/// Reads a reply as JSON if it succeeded.
///
/// # Errors
/// The other component's problem, or 502 `component-reply`.
pub fn read_reply<T: DeserializeOwned>(
    component: &str,
    reply: &http::Response<Vec<u8>>,
) -> Result<T, Problem> {
    if reply.status().is_success() {
        return json::from_slice(reply.body()).map_err(|problem| {
            Problem::new(Code::ComponentReply, format!("{component}: {}", problem.detail))
        });
    }
    Err(pass_on(component, reply))
}

/// The problem that another component's failed reply stands for.
pub fn pass_on(component: &str, reply: &http::Response<Vec<u8>>) -> Problem {
    let status = reply.status().as_u16();
    let document: serde_json::Value = serde_json::from_slice(reply.body()).unwrap_or_default();
    let text = |member: &str| document.get(member).and_then(serde_json::Value::as_str);
    let detail = text("detail").map_or_else(|| format!("{component} answered {status}"), str::to_owned);
    let mut problem = Problem::new(Code::ComponentRefused, detail).at_status(status);
    if let Some(members) = document.as_object() {
        for (name, value) in members {
            // `code` is kept, as an extra member that wins over ours.
            if !matches!(name.as_str(), "type" | "title" | "status" | "detail") {
                problem.extra.insert(name.clone(), value.clone());
            }
        }
    }
    problem.with("component", component)
}

#[cfg(target_family = "wasm")]
use crate::wasm::outbound as backend;

#[cfg(not(target_family = "wasm"))]
use crate::native::outbound as backend;
