//! Problem documents (RFC 9457), the only form in which a component reports an error.

use std::fmt;

use serde_json::{Map, Value, json};

/// Media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error as the client sees it.
///
/// `code` is stable and for programs; `detail` is for people and says what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    /// Members beyond RFC 9457's, e.g. `index` or `allowed`.
    pub extra: Map<String, Value>,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Problem { status, code, detail: detail.into(), extra: Map::new() }
    }

    /// 400: the request cannot be read.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Problem::new(400, code, detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Problem::new(404, code, detail)
    }

    /// 409: it contradicts what is stored.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Problem::new(409, code, detail)
    }

    /// 422: readable but not valid.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Problem::new(422, code, detail)
    }

    /// 501: a declared route that is not built yet.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Problem::new(501, "not-implemented", detail)
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
            415 => "Unsupported Media Type",
            422 => "Unprocessable Content",
            429 => "Too Many Requests",
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
            "code": self.code,
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

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_members_of_rfc_9457_and_its_own() {
        let problem = Problem::conflict("dot-conflict", "a:1 exists with other content").with("index", 3);
        assert_eq!(
            problem.to_json(),
            json!({"type": "about:blank", "title": "Conflict", "status": 409, "code": "dot-conflict",
                   "detail": "a:1 exists with other content", "index": 3})
        );
    }
}
