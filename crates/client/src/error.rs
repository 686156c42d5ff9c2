//! Why a request has no usable reply.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

/// What sort of failure it is: what a program decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The address or the request cannot be sent as it is: nothing was sent.
    Address,
    /// No header can carry the token: nothing was sent.
    Token,
    /// Nobody listens there, or nobody knows the host: nothing was sent.
    Unreachable,
    /// The reply took longer than a minute. The request may have taken effect.
    Timeout,
    /// The connection broke before the reply was complete. The request may have taken effect.
    Lost,
    /// The network answered with a status other than 2xx: [`Error::status`], [`Error::code`], [`Error::member`].
    Refused,
    /// The network answered 2xx with something else than was promised, or with more than the client takes.
    Unreadable,
}

/// Statuses that say nothing about the next attempt.
const PASSING: [u16; 5] = [429, 500, 502, 503, 504];
/// Characters shown of a refusal that is no problem document, such as a proxy's page.
const SHOWN: usize = 200;

/// Why a request has no usable reply: an [`ErrorKind`] for the program, a sentence for the user (`Display`), the
/// members of the problem document, and the cause below (`source`).
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    /// 0 if there was no reply.
    status: u16,
    code: Cow<'static, str>,
    detail: String,
    /// The problem document's members beyond those that RFC 9457 names.
    members: Map<String, Value>,
    network: String,
    path: String,
    retry_after: Option<Duration>,
    /// How many attempts were made over what time, if the request was repeated until the client gave up.
    given_up: Option<(u32, Duration)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, code: &'static str, detail: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            status: 0,
            code: Cow::Borrowed(code),
            detail: detail.into(),
            members: Map::new(),
            network: String::new(),
            path: String::new(),
            retry_after: None,
            given_up: None,
            source: None,
        }))
    }

    /// The network answered the request for `path` with `status` and `body`, a problem document or whatever a proxy
    /// says in its place.
    pub fn refused(path: &str, status: u16, body: &[u8]) -> Self {
        let mut members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let (code, detail) = (text("code"), text("detail"));
        for name in ["type", "title", "status", "instance"] {
            members.remove(name);
        }
        let mut error = Error::new(ErrorKind::Refused, "no-problem-document", detail);
        if !code.is_empty() {
            error.0.code = Cow::Owned(code);
        } else if error.0.detail.is_empty() {
            error.0.detail = String::from_utf8_lossy(body).chars().take(SHOWN).collect();
        }
        error.0.status = status;
        error.0.members = members;
        error.of("", path)
    }

    /// The connection broke while the caller read the reply to the request for `path`.
    pub fn lost(path: &str, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let source = reason.into();
        Error::new(ErrorKind::Lost, "connection-lost", source.to_string()).because(source).of("", path)
    }

    /// The reply to the request for `path` is not what the route promises.
    pub fn unreadable(path: &str, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let source = reason.into();
        Error::new(ErrorKind::Unreadable, "unreadable-reply", source.to_string()).because(source).of("", path)
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status of the reply; 0 if there was none.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The problem document's stable code. Without one it says in the same manner what happened:
    /// `no-problem-document`, `connection-refused`, `connection-lost`, `host-not-found`, `timeout`,
    /// `unreadable-reply`, `bad-url`, `bad-token`, `invalid-idempotency-key`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What the network, or the layer below, says about this one failure.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// A member of the problem document beyond those of RFC 9457, such as the `index` of an operation in its batch.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.members.get(name)
    }

    /// How long the network asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same request may well succeed later. Unless the kind is [`ErrorKind::Unreachable`], it may have
    /// taken effect already.
    pub fn is_passing(&self) -> bool {
        match self.0.kind {
            ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::Lost => true,
            ErrorKind::Refused => PASSING.contains(&self.0.status),
            ErrorKind::Address | ErrorKind::Token | ErrorKind::Unreadable => false,
        }
    }

    /// Status (if there was a reply), code and detail alone, for lists: `503 busy: try again`.
    pub fn summary(&self) -> impl fmt::Display {
        Summary(self)
    }

    /// Which request it was.
    pub(crate) fn of(mut self, network: &str, path: &str) -> Self {
        self.0.network = network.to_owned();
        self.0.path = path.to_owned();
        self
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn asking_for(mut self, pause: Option<Duration>) -> Self {
        self.0.retry_after = pause;
        self
    }

    /// It was the last of so many attempts.
    pub(crate) fn given_up(mut self, attempts: u32, time: Duration) -> Self {
        self.0.given_up = Some((attempts, time));
        self
    }
}

impl From<ureq::Error> for Error {
    fn from(error: ureq::Error) -> Self {
        use std::io::ErrorKind as Io;
        use ureq::Timeout;
        let (kind, code) = match &error {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => (ErrorKind::Unreachable, "timeout"),
            ureq::Error::Timeout(_) => (ErrorKind::Timeout, "timeout"),
            ureq::Error::Io(error) => match error.kind() {
                Io::ConnectionRefused => (ErrorKind::Unreachable, "connection-refused"),
                Io::HostUnreachable | Io::NetworkUnreachable => (ErrorKind::Unreachable, "connection-lost"),
                Io::TimedOut | Io::WouldBlock => (ErrorKind::Timeout, "timeout"),
                _ => (ErrorKind::Lost, "connection-lost"),
            },
            ureq::Error::ConnectionFailed => (ErrorKind::Unreachable, "connection-refused"),
            ureq::Error::HostNotFound => (ErrorKind::Unreachable, "host-not-found"),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => (ErrorKind::Address, "bad-url"),
            ureq::Error::BodyExceedsLimit(_) => (ErrorKind::Unreadable, "unreadable-reply"),
            _ => (ErrorKind::Lost, "connection-lost"),
        };
        Error::new(kind, code, error.to_string()).because(error)
    }
}

struct Summary<'a>(&'a Error);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error(inner) = self.0;
        if inner.status != 0 {
            write!(f, "{} ", inner.status)?;
        }
        write!(f, "{}: {}", inner.code, inner.detail)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, status, code, detail, network, path, .. } = &*self.0;
        let subject = if path.is_empty() { "the network" } else { path };
        match (kind, self.0.given_up) {
            (ErrorKind::Address | ErrorKind::Token, _) => f.write_str(detail),
            (ErrorKind::Unreachable, given_up) => {
                write!(f, "no network answers at {network} ({detail})")?;
                if let Some((_, time)) = given_up {
                    write!(f, ", not within {:.1} s", time.as_secs_f64())?;
                }
                f.write_str("; is it up? Start it with ./scripts/up.sh, or name another with --url")?;
                if given_up.is_some() {
                    f.write_str("; then run the same command again to go on")?;
                }
                Ok(())
            }
            (ErrorKind::Timeout | ErrorKind::Lost, None) => {
                write!(f, "{subject} gave no reply ({detail}); run the same command again")
            }
            (ErrorKind::Timeout | ErrorKind::Lost | ErrorKind::Refused, Some((attempts, time))) => {
                let seconds = time.as_secs_f64();
                write!(
                    f,
                    "{subject} gave no usable reply in {attempts} attempts over {seconds:.1} s, last: "
                )?;
                match kind {
                    ErrorKind::Refused => write!(f, "{status} {code}: {detail}")?,
                    _ => f.write_str(detail)?,
                }
                if let Some(pause) = self.0.retry_after {
                    write!(f, " (it asks to be left alone for {} s)", pause.as_secs())?;
                }
                f.write_str("; run the same command again to go on")
            }
            (ErrorKind::Refused, None) => {
                write!(f, "{subject} answered {status} {code}: {detail}")?;
                if matches!(status, 401 | 403) {
                    f.write_str("; give a token that may do this with RAMANUJAN_TOKEN or --token")?;
                }
                Ok(())
            }
            (ErrorKind::Unreadable, _) => {
                write!(f, "{subject} answered with something unexpected: {detail}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let problem = Error::refused(
            "/x",
            503,
            br#"{"type":"about:blank","title":"x","status":503,"code":"too-much-contention","detail":"try again","index":7}"#,
        );
        assert_eq!(
            (problem.status(), problem.code(), problem.detail()),
            (503, "too-much-contention", "try again")
        );
        assert_eq!((problem.member("index"), problem.member("title")), (Some(&Value::from(7)), None));
        assert!(problem.is_passing());
        assert_eq!(problem.to_string(), "/x answered 503 too-much-contention: try again");
        assert_eq!(problem.summary().to_string(), "503 too-much-contention: try again");
        let html = Error::refused("/x", 502, b"<html>");
        assert_eq!((html.code(), html.detail()), ("no-problem-document", "<html>"));
        let bare = Error::refused("/x", 502, br#"{"detail":"told by a proxy"}"#);
        assert_eq!((bare.code(), bare.detail()), ("no-problem-document", "told by a proxy"));
        assert!(!Error::refused("/x", 409, br#"{"code":"dot-conflict"}"#).is_passing());
    }

    #[test]
    fn who_may_not_is_told_of_tokens() {
        let error = Error::refused("/x", 401, br#"{"code":"no-token","detail":"who are you"}"#);
        assert!(error.to_string().contains("RAMANUJAN_TOKEN"), "{error}");
    }

    #[test]
    fn only_what_the_network_may_still_answer_is_passing() {
        for status in 300..600 {
            let expected = matches!(status, 429 | 500 | 502 | 503 | 504);
            assert_eq!(Error::refused("/x", status, b"").is_passing(), expected, "{status}");
        }
        assert!(Error::lost("/x", "reset").is_passing());
        assert!(!Error::unreadable("/x", "no JSON").is_passing());
    }

    #[test]
    fn the_cause_is_kept() {
        let cause = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let error = Error::from(ureq::Error::Io(cause)).of("http://a", "/x");
        assert_eq!((error.kind(), error.code(), error.status()), (ErrorKind::Lost, "connection-lost", 0));
        let source = std::error::Error::source(&error).unwrap();
        assert!(source.downcast_ref::<ureq::Error>().is_some());
    }
}
