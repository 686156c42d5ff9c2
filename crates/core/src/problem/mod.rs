//! Problem documents (RFC 9457), the only form in which a component reports an error.

mod code;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use code::Code;

/// Media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error as the client sees it.
///
/// `code` is stable and for programs; `detail` is for people and says what to do.
///
/// ```
/// use ramanujan_core::{Code, Problem};
///
/// let problem = Problem::new(Code::DotConflict, "a:1 exists with other content").with("index", 3);
/// assert_eq!(problem.status, 409);
/// assert_eq!(problem.to_json()["code"], "dot-conflict");
/// ```
#[derive(Clone)]
pub struct Problem {
    /// HTTP status: the code's own, except where another component's refusal is passed on.
    pub status: u16,
    /// What kind of problem it is.
    pub code: Code,
    /// What happened to this request, in whole sentences.
    pub detail: String,
    /// Members beyond RFC 9457's, e.g. `index` or `allowed`.
    pub extra: Map<String, Value>,
    /// The error underneath, for the log only: it may name what clients must not see.
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with the status of its code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem { status: code.status(), code, detail: detail.into(), extra: Map::new(), source: None }
    }

    /// Whether the request is at fault, and not who answers it.
    pub fn is_of_request(&self) -> bool {
        (400..500).contains(&self.status)
    }

    /// The same problem as one of another kind, with that kind's status.
    #[must_use]
    pub fn recoded(self, code: Code) -> Self {
        Problem { status: code.status(), code, ..self }
    }

    /// The same problem with another status: for a reply that stands for another component's.
    #[must_use]
    pub fn at_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same problem with the error it comes from, which is written to the log and not to the client.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Adds a member beyond RFC 9457's.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// The reason phrase of the status (RFC 9110 §15), the `title` of a problem of type `about:blank`.
    pub fn title(&self) -> &'static str {
        match self.status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            406 => "Not Acceptable",
            409 => "Conflict",
            410 => "Gone",
            411 => "Length Required",
            412 => "Precondition Failed",
            413 => "Content Too Large",
            414 => "URI Too Long",
            415 => "Unsupported Media Type",
            422 => "Unprocessable Content",
            429 => "Too Many Requests",
            431 => "Request Header Fields Too Large",
            501 => "Not Implemented",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            _ => "Internal Server Error",
        }
    }

    /// The document: `{type, title, status, detail, code, …extra}`.
    pub fn to_json(&self) -> Value {
        let mut document = json!({
            "type": "about:blank",
            "title": self.title(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code.as_str(),
        });
        if let Value::Object(members) = &mut document {
            members.extend(self.extra.clone());
        }
        document
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

/// As it is displayed: what is derived would bring the printers of maps into every component.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// As a client sees them, two problems are one: the source is not compared.
impl PartialEq for Problem {
    fn eq(&self, other: &Self) -> bool {
        (self.status, self.code, &self.detail, &self.extra)
            == (other.status, other.code, &other.detail, &other.extra)
    }
}

/// A value of ours that could not be written as JSON. What comes from outside is read by [`crate::json`], which tells
/// the client what is wrong with it.
impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Problem::new(Code::Encoding, "the reply could not be written").caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_phrase() {
        for code in Code::ALL {
            let problem = Problem::new(*code, "");
            assert_eq!(
                problem.title() == "Internal Server Error",
                problem.status == 500,
                "{}",
                code.as_str()
            );
        }
    }

    #[test]
    fn a_document_has_the_members_of_rfc_9457_and_its_own() {
        let problem = Problem::new(Code::DotConflict, "a:1 exists with other content").with("index", 3);
        assert_eq!(
            problem.to_json(),
            json!({"type": "about:blank", "title": "Conflict", "status": 409, "code": "dot-conflict",
                   "detail": "a:1 exists with other content", "index": 3})
        );
    }
}
