//! One agent's connection to the network: single attempts, whatever comes back. Repetition is the agent's business.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Response;

/// Longest wait for a connection and for a whole reply: the components' own limit is 30 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest reply, in bytes: a document's text with its clock.
const MAX_REPLY_BYTES: u64 = 1 << 30;

/// Why an attempt gave no usable reply, in a form that can be counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {detail}")]
pub(crate) struct Refusal {
    /// HTTP status, 0 if there was no reply.
    pub(crate) status: u16,
    /// The problem document's `code`; without a reply, what happened to the connection.
    pub(crate) code: String,
    pub(crate) detail: String,
}

impl Refusal {
    /// Whether the same request may well succeed later, and may have taken effect already.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.status, 0 | 429 | 500 | 502 | 503 | 504) && self.code != UNREADABLE
    }
}

/// Code of a reply that is not what the route promises.
const UNREADABLE: &str = "unreadable-reply";

#[derive(Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
}

impl Client {
    /// A client with connections of its own for the network at `base`, e.g. `http://127.0.0.1:3000`.
    pub(crate) fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REPLY_TIMEOUT))
            .no_delay(true)
            .proxy(None)
            .build();
        Client { agent: config.into(), base: base.trim_end_matches('/').to_owned() }
    }

    /// # Errors
    /// No reply, a status other than 2xx, or a body that is no `T`.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        read(self.agent.get(format!("{}{path}", self.base)).call())
    }

    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, Refusal> {
        let request = self.agent.post(format!("{}{path}", self.base)).content_type("application/json");
        read(request.send(body))
    }
}

fn read<T: DeserializeOwned>(result: Result<Response<ureq::Body>, ureq::Error>) -> Result<T, Refusal> {
    let mut response = result.map_err(|error| no_reply(&error))?;
    let body = response.body_mut().with_config().limit(MAX_REPLY_BYTES).read_to_vec();
    let body = body.map_err(|error| no_reply(&error))?;
    let status = response.status().as_u16();
    if !(200..300).contains(&status) {
        return Err(refusal(status, &body));
    }
    serde_json::from_slice(&body).map_err(|error| Refusal {
        status,
        code: UNREADABLE.to_owned(),
        detail: error.to_string(),
    })
}

fn refusal(status: u16, body: &[u8]) -> Refusal {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Problem {
        code: String,
        detail: String,
    }
    let mut problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    if problem.code.is_empty() {
        problem.code = "no-problem-document".to_owned();
        problem.detail = String::from_utf8_lossy(body).chars().take(200).collect();
    }
    Refusal { status, code: problem.code, detail: problem.detail }
}

fn no_reply(error: &ureq::Error) -> Refusal {
    use std::io::ErrorKind;
    let code = match error {
        ureq::Error::Timeout(_) => "timeout",
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => "connection-refused",
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "timeout",
            _ => "connection-lost",
        },
        ureq::Error::ConnectionFailed => "connection-refused",
        ureq::Error::HostNotFound => "host-not-found",
        ureq::Error::BadUri(_) => "bad-url",
        _ => "connection-lost",
    };
    Refusal { status: 0, code: code.to_owned(), detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let problem = refusal(503, br#"{"code":"too-much-contention","detail":"try again","status":503}"#);
        assert_eq!((problem.status, problem.code.as_str()), (503, "too-much-contention"));
        assert!(problem.is_passing());
        let html = refusal(502, b"<html>");
        assert_eq!((html.code.as_str(), html.detail.as_str()), ("no-problem-document", "<html>"));
        assert!(!refusal(409, br#"{"code":"dot-conflict"}"#).is_passing());
    }

    #[test]
    fn nobody_listening_is_no_reply() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let refusal = Client::new(&url).get::<serde_json::Value>("/").unwrap_err();
        assert_eq!((refusal.status, refusal.code.as_str()), (0, "connection-refused"));
    }
}
