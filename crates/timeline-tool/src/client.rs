//! The timeline as a tool sees it: requests on one kept connection, repeated when the network fails for a while.
//!
//! Every request made here is idempotent, so a repetition is harmless even when the first attempt took effect.

use std::io::{BufRead, BufReader};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::Agent;

use crate::ToolError;

/// First pause before a repetition; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Longest wait for a connection, and for a whole reply: the components' own limit is 30 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest reply, in bytes: a page of a thousand events of the greatest size (each well below 32 KiB).
const MAX_REPLY_BYTES: u64 = 64 << 20;

/// A problem document, or what is left of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: String,
    detail: String,
}

/// A connection to one network.
#[derive(Debug)]
pub struct Client {
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
    pub fn new(base: &str, retry_for: Duration) -> Result<Self, ToolError> {
        if !base.strip_prefix("http://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) {
            return Err(ToolError::Url(base.to_owned()));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REPLY_TIMEOUT))
            .no_delay(true)
            .proxy(None)
            .build();
        Ok(Client { agent: config.into(), base: base.trim_end_matches('/').to_owned(), retry_for })
    }

    /// GET of JSON, repeated as the module says.
    ///
    /// # Errors
    /// The server refused, gave up, or answered something else than a `T`.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ToolError> {
        let url = format!("{}{path}", self.base);
        decode(path, &self.persist(path, || bytes(self.agent.get(&url).call()))?)
    }

    /// POST of JSON, repeated as the module says.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ToolError> {
        let url = format!("{}{path}", self.base);
        let send = || bytes(self.agent.post(&url).content_type("application/json").send(body));
        decode(path, &self.persist(path, send)?)
    }

    /// GET whose body is read as it comes. Repeated as the module says until a reply begins; what becomes of the body
    /// is the caller's matter.
    ///
    /// # Errors
    /// The server refused or gave up.
    pub fn open(&self, path: &str) -> Result<impl BufRead + use<>, ToolError> {
        let url = format!("{}{path}", self.base);
        let body = self.persist(path, || match self.agent.get(&url).call() {
            Ok(response) if response.status().is_success() => Ok((200, response.into_body())),
            // Small, and read again as the text of the refusal.
            other => bytes(other).map(|(status, body)| (status, ureq::Body::builder().data(body))),
        })?;
        Ok(BufReader::with_capacity(1 << 16, body.into_reader()))
    }

    /// How long a failing request is repeated.
    pub fn retry_for(&self) -> Duration {
        self.retry_for
    }

    fn persist<B: Text>(
        &self,
        path: &str,
        request: impl Fn() -> Result<(u16, B), String>,
    ) -> Result<B, ToolError> {
        let deadline = Instant::now() + self.retry_for;
        let mut pause = FIRST_PAUSE;
        loop {
            let reason = match request() {
                Ok((200..=299, body)) => return Ok(body),
                Ok((status @ (429 | 500 | 502 | 503 | 504), body)) => refusal(status, &body.text()),
                Ok((status, body)) => {
                    return Err(ToolError::Refused {
                        path: path.to_owned(),
                        reason: refusal(status, &body.text()),
                    });
                }
                Err(reason) => reason,
            };
            if Instant::now() + pause > deadline {
                return Err(ToolError::Unreachable { url: format!("{}{path}", self.base), reason });
            }
            sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn bytes(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<(u16, Vec<u8>), String> {
    let mut response = result.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MAX_REPLY_BYTES).read_to_vec();
    Ok((status, body.map_err(|error| error.to_string())?))
}

/// A body that can tell what a refusal says.
trait Text {
    fn text(self) -> Vec<u8>;
}

impl Text for Vec<u8> {
    fn text(self) -> Vec<u8> {
        self
    }
}

impl Text for ureq::Body {
    fn text(mut self) -> Vec<u8> {
        self.read_to_vec().unwrap_or_default()
    }
}

fn refusal(status: u16, body: &[u8]) -> String {
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    if refusal.detail.is_empty() {
        return format!("{status}: {}", String::from_utf8_lossy(body).chars().take(200).collect::<String>());
    }
    format!("{status} {}: {}", refusal.code, refusal.detail)
}

fn decode<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, ToolError> {
    serde_json::from_slice(body)
        .map_err(|error| ToolError::Unexpected { path: path.to_owned(), reason: error.to_string() })
}
