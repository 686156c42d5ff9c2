//! Putting a request's work off: `Prefer: respond-async`.

use http::{HeaderName, HeaderValue, StatusCode, header};
use ramanujan_core::{Digest, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde_json::json;

use crate::later::{Deferred, Kind};
use crate::store::Database;

/// Whether the client would rather have the answer later (RFC 7240 §4.1).
pub(super) fn is_deferred(request: &Request) -> bool {
    request.prefers("respond-async").is_some()
}

/// Puts a request's work into the queue: 202 with the task's id and where its state can be read.
pub(super) fn defer(kind: Kind, work: &Deferred) -> Result<Response, Problem> {
    let payload = serde_json::to_string(work)?;
    let subject = Digest::of(payload.as_bytes()).to_string();
    let task_id = Database::open()?.enqueue(kind, &subject, &payload)?;
    let location = format!("/crdt/cache/task/{task_id}");
    let mut response = ok(&json!({"task_id": task_id, "state": "pending", "location": location}))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("preference-applied"), HeaderValue::from_static("respond-async"));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    Ok(response)
}
