//! The network as a replay sees it: JSON over HTTP on one kept connection, with retries.
//!
//! A request is repeated after a lost connection and after replies that promise no outcome (429, 500, 502, 503, 504),
//! with growing pauses and for a limited time. Every request a replay makes is idempotent, so a repetition is harmless
//! even when the first attempt took effect.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::http::Response;

/// First pause before a repetition; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Longest wait for a connection and for a whole reply: the components' own limit is 30 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Most connections kept, i.e. most requests under way at once.
pub(crate) const MAX_CONNECTIONS: usize = 8;
/// Largest reply, in bytes: a document's text with its clock.
const MAX_REPLY_BYTES: u64 = 1 << 30;

/// Why a request has no usable reply.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(
        "no network answers at {url} ({reason}); start it with ./scripts/up.sh, or name another with --url"
    )]
    Unreachable { url: String, reason: String },
    #[error(
        "{path} gave no usable reply for {seconds} s, last: {reason}; run the same command again to go on"
    )]
    Exhausted { path: String, seconds: u64, reason: String },
    #[error("{path} answered {problem}")]
    Refused { path: String, problem: Refusal },
    #[error("{path} answered with something unexpected: {reason}")]
    Unexpected { path: String, reason: String },
}

/// A problem document, or what is left of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) detail: String,
    /// Which element of a batch is at fault.
    pub(crate) index: Option<usize>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

/// A connection to one network.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    retry_for: Duration,
}

impl Client {
    /// A client for the network at `base`, e.g. `http://127.0.0.1:3000`, that repeats a failing request for at most
    /// `retry_for`.
    ///
    /// # Errors
    /// `base` is not an `http://` URL.
    pub(crate) fn new(base: &str, retry_for: Duration) -> Result<Self, ClientError> {
        if !base.strip_prefix("http://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) {
            let reason = "only http:// URLs are supported".to_owned();
            return Err(ClientError::Unreachable { url: base.to_owned(), reason });
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REPLY_TIMEOUT))
            .no_delay(true)
            .max_idle_connections_per_host(MAX_CONNECTIONS)
            .max_idle_connections(MAX_CONNECTIONS)
            .proxy(None)
            .build();
        Ok(Client { agent: config.into(), base: base.trim_end_matches('/').to_owned(), retry_for })
    }

    /// The first request: `None` on 404. Not repeated when nobody listens, so that a forgotten start shows at once.
    ///
    /// # Errors
    /// As [`Client::get`], and [`ClientError::Unreachable`].
    pub(crate) fn first_get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ClientError> {
        let url = format!("{}{path}", self.base);
        let reply = match attempt(self.agent.get(&url).call()) {
            Ok(reply) => reply,
            Err(reason) => return Err(ClientError::Unreachable { url: self.base.clone(), reason }),
        };
        match reply.status {
            404 => Ok(None),
            429 | 500.. => self.get(path).map(Some),
            _ => decode(path, reply).map(Some),
        }
    }

    /// GET, repeated as the module says.
    ///
    /// # Errors
    /// The server refused, gave up, or answered something else than `T`.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let url = format!("{}{path}", self.base);
        decode(path, self.persist(path, || attempt(self.agent.get(&url).call()))?)
    }

    /// POST of JSON, repeated as the module says.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ClientError> {
        decode(path, self.persist(path, || self.send(path, body))?)
    }

    /// POST without repetition and without looking at the reply, for what may fail.
    ///
    /// # Errors
    /// The problem; with status 0 if there was no reply.
    pub(crate) fn post_once(&self, path: &str, body: &[u8]) -> Result<(), Refusal> {
        match self.send(path, body) {
            Ok(reply) if (200..300).contains(&reply.status) => Ok(()),
            Ok(reply) => Err(refusal(&reply)),
            Err(detail) => Err(Refusal { detail, ..Refusal::default() }),
        }
    }

    fn send(&self, path: &str, body: &[u8]) -> Result<Reply, String> {
        let url = format!("{}{path}", self.base);
        attempt(self.agent.post(&url).content_type("application/json").send(body))
    }

    fn persist(&self, path: &str, request: impl Fn() -> Result<Reply, String>) -> Result<Reply, ClientError> {
        let deadline = Instant::now() + self.retry_for;
        let mut pause = FIRST_PAUSE;
        loop {
            let reason = match request() {
                Ok(reply) if !matches!(reply.status, 429 | 500 | 502 | 503 | 504) => return Ok(reply),
                Ok(reply) => refusal(&reply).to_string(),
                Err(reason) => reason,
            };
            if Instant::now() + pause > deadline {
                let seconds = self.retry_for.as_secs();
                return Err(ClientError::Exhausted { path: path.to_owned(), seconds, reason });
            }
            sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

struct Reply {
    status: u16,
    body: Vec<u8>,
}

fn attempt(result: Result<Response<ureq::Body>, ureq::Error>) -> Result<Reply, String> {
    let mut response = result.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MAX_REPLY_BYTES).read_to_vec();
    Ok(Reply { status, body: body.map_err(|error| error.to_string())? })
}

fn refusal(reply: &Reply) -> Refusal {
    let mut refusal: Refusal = serde_json::from_slice(&reply.body).unwrap_or_default();
    refusal.status = reply.status;
    if refusal.detail.is_empty() {
        refusal.detail = String::from_utf8_lossy(&reply.body).chars().take(200).collect();
    }
    refusal
}

fn decode<T: DeserializeOwned>(path: &str, reply: Reply) -> Result<T, ClientError> {
    if !(200..300).contains(&reply.status) {
        return Err(ClientError::Refused { path: path.to_owned(), problem: refusal(&reply) });
    }
    serde_json::from_slice(&reply.body)
        .map_err(|error| ClientError::Unexpected { path: path.to_owned(), reason: error.to_string() })
}
