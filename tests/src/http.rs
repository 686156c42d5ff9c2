//! A plain HTTP client: what is sent is sent as it is, what comes back is kept as it came.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// A reply, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub media_type: String,
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// It is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The body as JSON of a successful reply.
    ///
    /// # Panics
    /// The status is not 200, or the body is an object without `status: "ok"`.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        let value = self.json();
        assert!(value.is_array() || value["status"] == "ok", "{self:?}");
        value
    }

    /// The reply as a problem document (RFC 9457) with this status and code; returns it.
    ///
    /// # Panics
    /// It is something else.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{self:?}");
        problem
    }

    /// The reply as some problem document with all its members; returns it.
    ///
    /// # Panics
    /// It is something else.
    pub fn any_problem(&self) -> Value {
        assert_eq!(self.media_type, "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        for member in ["type", "title", "detail", "code"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {self:?}");
        }
        problem
    }
}

/// A client of one network.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
}

impl Client {
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .proxy(None)
            .max_redirects(0)
            .build();
        Client { agent: config.into(), base: base.to_owned() }
    }

    /// # Panics
    /// There is no reply.
    pub fn get(&self, path: &str) -> Reply {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// # Errors
    /// There is no reply.
    pub fn try_get(&self, path: &str) -> Result<Reply, ureq::Error> {
        reply(self.agent.get(format!("{}{path}", self.base)).call())
    }

    /// GET of JSON where a browser would get a page.
    ///
    /// # Panics
    /// There is no reply.
    pub fn get_json(&self, path: &str) -> Reply {
        let request = self.agent.get(format!("{}{path}", self.base)).header("accept", "application/json");
        reply(request.call()).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// POST of JSON.
    ///
    /// # Panics
    /// There is no reply.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_bytes(path, body.to_string().as_bytes())
    }

    /// POST of bytes that are called JSON.
    ///
    /// # Panics
    /// There is no reply.
    pub fn post_bytes(&self, path: &str, body: &[u8]) -> Reply {
        let request = self.agent.post(format!("{}{path}", self.base)).content_type("application/json");
        reply(request.send(body)).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// POST of JSON by an impatient client: gives up after `limit`, whatever became of the request.
    ///
    /// # Errors
    /// There is no reply in time.
    pub fn try_post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
        limit: Duration,
    ) -> Result<Reply, ureq::Error> {
        let mut request = self.agent.post(format!("{}{path}", self.base)).content_type("application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        reply(request.config().timeout_global(Some(limit)).build().send(body.to_string().as_bytes()))
    }

    /// POST of JSON, repeated until it is acknowledged, whatever happens to the host; under a key or a dot it counts
    /// once. Returns the reply.
    ///
    /// # Panics
    /// It is refused for good.
    pub fn post_until_acknowledged(&self, path: &str, key: Option<&str>, body: &Value) -> Value {
        loop {
            match self.try_post(path, key, body, Duration::from_secs(10)) {
                Ok(reply) if reply.status == 200 => return reply.json(),
                Ok(reply) if reply.status != 503 => panic!("{body}: {reply:?}"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// POST of bytes that the server may refuse before it has read them all: as curl does, the reply is read while the
    /// body is still being sent, and a body that is no longer wanted is no error.
    ///
    /// # Panics
    /// There is no reply.
    pub fn post_any(&self, path: &str, body: &[u8]) -> Reply {
        let host = self.base.trim_start_matches("http://");
        let mut connection = TcpStream::connect(host).expect("the network listens");
        connection.set_read_timeout(Some(LIMIT)).expect("a limit can be set");
        let mut sender = connection.try_clone().expect("a second handle");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            body.len()
        );
        let mut bytes = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(move || sender.write_all(head.as_bytes()).and_then(|()| sender.write_all(body)));
            // An early refusal may end in a reset, behind the reply.
            let _ = connection.read_to_end(&mut bytes);
            let _ = connection.shutdown(Shutdown::Both);
        });
        parse(&bytes).unwrap_or_else(|| panic!("POST {path}: no reply: {}", String::from_utf8_lossy(&bytes)))
    }

    /// Any method with any headers; without a body where there is none.
    ///
    /// # Panics
    /// There is no reply, or the method or a header is not one.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match body {
            Some(body) => self.agent.run(request.body(body).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        reply(sent).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// DELETE.
    ///
    /// # Panics
    /// There is no reply.
    pub fn delete(&self, path: &str) -> Reply {
        reply(self.agent.delete(format!("{}{path}", self.base)).call())
            .unwrap_or_else(|error| panic!("DELETE {path}: {error}"))
    }
}

fn reply(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Reply, ureq::Error> {
    let mut response = result?;
    let media_type = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or("")
        .to_owned();
    // A stream of events is read by `Events`; here nobody waits for its end.
    let bytes = match media_type.as_str() {
        "text/event-stream" => Vec::new(),
        _ => response.body_mut().with_config().limit(1 << 30).read_to_vec()?,
    };
    Ok(Reply {
        status: response.status().as_u16(),
        media_type,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// A whole HTTP/1.1 reply after which the connection was closed.
fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = &bytes[end + 4..];
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let body = match header("transfer-encoding") {
        Some(_) => unchunk(body)?,
        None => body.to_vec(),
    };
    Some(Reply {
        status: head.split(' ').nth(1)?.parse().ok()?,
        media_type: header("content-type").unwrap_or_default(),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// The content of a chunked body (RFC 9112 §7.1).
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(content);
        }
        content.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 2 + size + 2..)?;
    }
}
