//! Building replies: JSON objects with `status: "ok"`, and problem documents.

use std::io::{self, Write};

use http::{HeaderValue, StatusCode, header};
use ramanujan_core::problem::PROBLEM_JSON;
use ramanujan_core::{Code, Problem};
use serde::Serialize;

use crate::body::Body;

/// What a handler returns.
pub type Response = http::Response<Body>;

/// 200 with `value`, which must serialise to an object, as JSON with `status: "ok"` put first.
///
/// # Errors
/// 500 `encoding` if `value` does not serialise to an object.
pub fn ok<T: Serialize + ?Sized>(value: &T) -> Result<Response, Problem> {
    let body = written(|out| serde_json::to_writer(AfterStatus { out, place: Place::Start }, value))?;
    if body.first() != Some(&b'{') {
        return Err(Problem::new(Code::Encoding, "the reply is not a JSON object"));
    }
    Ok(with_type(StatusCode::OK, "application/json", body))
}

/// 200 with `value` as JSON as it is: for arrays and for replies whose `status` is their own.
///
/// # Errors
/// 500 `encoding` if `value` does not serialise.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Response, Problem> {
    Ok(with_type(StatusCode::OK, "application/json", encode(value)?))
}

/// 200 with a body of the given media type.
pub fn typed(media_type: &'static str, body: impl Into<Body>) -> Response {
    with_type(StatusCode::OK, media_type, body)
}

/// The reply that reports `problem`.
pub fn problem(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_type(status, PROBLEM_JSON, problem.to_json().to_string().into_bytes())
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Problem> {
    Ok(written(|out| serde_json::to_writer(out, value))?)
}

/// Bytes up to which a body is written without being counted first.
const SMALL: usize = 1 << 16;

/// What `write` writes. A buffer that grows is there twice while it is moved, so that of a large body is made as long as it
/// has to be: `write` is called once more for that.
fn written(write: impl Fn(&mut Out) -> serde_json::Result<()>) -> serde_json::Result<Vec<u8>> {
    let mut out = Out { bytes: Vec::new(), most: SMALL, length: 0 };
    write(&mut out)?;
    if out.length > SMALL {
        out = Out { bytes: Vec::with_capacity(out.length), most: usize::MAX, length: 0 };
        write(&mut out)?;
    }
    Ok(out.bytes)
}

/// Keeps what is written while it is no more than `most` bytes, and counts all of it.
struct Out {
    bytes: Vec<u8>,
    most: usize,
    length: usize,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.length += bytes.len();
        if self.length <= self.most {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts the status into an object that is written.
struct AfterStatus<'a> {
    out: &'a mut Out,
    place: Place,
}

/// How much of an object has been written.
#[derive(PartialEq)]
enum Place {
    /// Nothing.
    Start,
    /// What opens it: whether a comma has to follow is not known yet.
    Opened,
    /// More.
    Within,
}

impl Write for AfterStatus<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        if self.place == Place::Start
            && let Some(behind) = rest.strip_prefix(b"{")
        {
            self.out.write_all(br#"{"status":"ok""#)?;
            (self.place, rest) = (Place::Opened, behind);
        }
        if self.place == Place::Opened
            && let Some(next) = rest.first()
        {
            if *next != b'}' {
                self.out.write_all(b",")?;
            }
            self.place = Place::Within;
        }
        self.out.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn with_type(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = http::Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_status_stands_first_in_whatever_object_it_is() {
        let body = |value: &Value| ok(value).unwrap().body().as_full().unwrap().to_vec();
        assert_eq!(body(&json!({})), br#"{"status":"ok"}"#);
        assert_eq!(body(&json!({"a": {}, "b": [{}]})), br#"{"status":"ok","a":{},"b":[{}]}"#);
        for bytes in [SMALL - 40, SMALL - 19, SMALL - 18, SMALL, 3 * SMALL] {
            let text = "\u{1}x".repeat(bytes / 7);
            let body = body(&json!({ "a": text }));
            assert!(body.starts_with(br#"{"status":"ok","a":"\u0001x"#));
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), json!({"status": "ok", "a": text}));
            assert!(body.len() <= SMALL || body.capacity() == body.len(), "no more than it takes");
        }
        for other in [json!([{"a": 1}]), json!(1), json!("{"), Value::Null] {
            assert_eq!(ok(&other).unwrap_err().code, Code::Encoding);
        }
    }

    #[test]
    fn what_is_no_object_is_as_it_is() {
        let value = json!(["x".repeat(2 * SMALL)]);
        assert_eq!(json(&value).unwrap().body().as_full().unwrap(), value.to_string().as_bytes());
    }
}
