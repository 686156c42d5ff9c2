//! The way to other sites: frames and requests over HTTP.

use http::{Method, StatusCode, header};
use ramanujan_core::{Code, Problem};
use ramanujan_crdt::codec::DecodeError;
use ramanujan_shell::fetch::{Limits, Unreached, call_address, pass_on};
use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::limits::{MAX_FRAME, OLDEST_VERSION, VERSION};
use ramanujan_sync::{Frame, SiteId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sites::peer::Peer;

/// The media type of a frame.
pub(super) const FRAME: &str = "application/vnd.ramanujan.sync";

/// Members of a problem that refuses a frame for its version: the oldest version of messages that is read, ...
pub(super) const OLDEST: &str = "oldest";
/// ... and the newest.
pub(super) const NEWEST: &str = "newest";

/// Why a frame is not answered.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) code: Code,
    pub(super) detail: String,
    /// The other side speaks other versions of messages.
    pub(super) strange: bool,
    /// How long the other side asks to wait.
    pub(super) wait_ms: Option<u64>,
}

fn unanswered(code: Code, detail: String) -> Unanswered {
    Unanswered { code, detail, strange: false, wait_ms: None }
}

/// Whether a problem says that what it refuses is of a version of messages that is not read there.
fn is_strange(problem: &Problem) -> bool {
    let version = |name: &str| problem.extra.get(name).and_then(serde_json::Value::as_u64);
    match (version(OLDEST), version(NEWEST)) {
        (Some(oldest), Some(newest)) => oldest > u64::from(VERSION) || newest < u64::from(OLDEST_VERSION),
        _ => false,
    }
}

/// A frame's answer, and the bytes of both.
pub(super) struct Answered {
    pub(super) frame: Frame,
    pub(super) sent: u64,
    pub(super) received: u64,
}

async fn send(
    peer: &Peer,
    method: Method,
    path: &str,
    media_type: &str,
    body: Vec<u8>,
    timeout_ms: u64,
) -> Result<http::Response<Vec<u8>>, Unanswered> {
    let address = format!("{}{path}", peer.address);
    let authorization = peer.key.as_ref().map(|key| format!("Bearer {key}"));
    let mut headers =
        vec![(header::CONTENT_TYPE.as_str(), media_type), (header::ACCEPT.as_str(), media_type)];
    headers.extend(authorization.as_deref().map(|value| (header::AUTHORIZATION.as_str(), value)));
    let limits = Limits { timeout_ms, most: MAX_FRAME };
    let name = &peer.name;
    call_address(method, &address, &headers, body, limits).await.map_err(|unreached| match unreached {
        Unreached::NotAllowed => {
            let detail = format!(
                "{name} is at {}, which allowed_outbound_hosts does not have: set the variable sync_hosts to a \
                 pattern of it, such as https://*.example.org",
                peer.address
            );
            unanswered(Code::PeerNotAllowed, detail)
        }
        other => unanswered(Code::PeerUnreachable, format!("{name} at {}: {other}", peer.address)),
    })
}

/// Asks a peer something, and waits for its answer.
pub(super) async fn say(peer: &Peer, frame: &Frame, timeout_ms: u64) -> Result<Answered, Unanswered> {
    let bytes = encode(frame);
    let sent = bytes.len() as u64;
    let reply = send(peer, Method::POST, "/sync/exchange", FRAME, bytes, timeout_ms).await?;
    let name = &peer.name;
    if matches!(reply.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        let after = reply.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wait_ms =
            after.and_then(|seconds| seconds.trim().parse::<u64>().ok()).unwrap_or(1).saturating_mul(1000);
        let problem = pass_on(name.as_str(), &reply);
        let detail = format!("{name} is busy: {}", problem.detail);
        return Err(Unanswered { wait_ms: Some(wait_ms), ..unanswered(Code::PeerUnreachable, detail) });
    }
    if reply.status() != StatusCode::OK {
        let problem = pass_on(name.as_str(), &reply);
        let detail = format!("{name} answered {}: {}", reply.status().as_u16(), problem.detail);
        let strange = is_strange(&problem);
        return Err(Unanswered { strange, ..unanswered(Code::PeerRefused, detail) });
    }
    let answer = decode(reply.body()).map_err(|error| match error {
        DecodeError::Version(version) => {
            let detail = format!(
                "{name} answered in version {version} of the messages; this site speaks {OLDEST_VERSION} to {VERSION}"
            );
            Unanswered { strange: true, ..unanswered(Code::PeerRefused, detail) }
        }
        error => unanswered(Code::PeerRefused, format!("{name} answered no message: {error}")),
    })?;
    if answer.from != peer.name {
        let other: &SiteId = &answer.from;
        let detail = format!("the site at {} says that it is {other}, not {name}", peer.address);
        return Err(unanswered(Code::PeerMisnamed, detail));
    }
    if answer.exchange != frame.exchange || !answer.message.is_answer() {
        return Err(unanswered(Code::PeerRefused, format!("{name} answered what it was not asked")));
    }
    Ok(Answered { frame: answer, sent, received: reply.body().len() as u64 })
}

/// Sends a request as JSON to a route of a peer, and reads the reply.
///
/// # Errors
/// 502 `peer-unreachable`, `peer-not-allowed`, `peer-refused`.
pub(super) async fn request<T: DeserializeOwned>(
    peer: &Peer,
    path: &str,
    body: &impl Serialize,
    timeout_ms: u64,
) -> Result<T, Problem> {
    ask(peer, Method::POST, path, serde_json::to_vec(body)?, timeout_ms).await
}

/// Reads a route of a peer.
///
/// # Errors
/// As [`request`].
pub(super) async fn read<T: DeserializeOwned>(
    peer: &Peer,
    path: &str,
    timeout_ms: u64,
) -> Result<T, Problem> {
    ask(peer, Method::GET, path, Vec::new(), timeout_ms).await
}

async fn ask<T: DeserializeOwned>(
    peer: &Peer,
    method: Method,
    path: &str,
    body: Vec<u8>,
    timeout_ms: u64,
) -> Result<T, Problem> {
    let reply = send(peer, method, path, "application/json", body, timeout_ms)
        .await
        .map_err(|Unanswered { code, detail, .. }| Problem::new(code, detail))?;
    let refused = |detail: String| Problem::new(Code::PeerRefused, format!("{}: {detail}", peer.name));
    if reply.status() != StatusCode::OK {
        return Err(refused(pass_on(peer.name.as_str(), &reply).detail));
    }
    serde_json::from_slice(reply.body()).map_err(|error| refused(error.to_string()))
}
