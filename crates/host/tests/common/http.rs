//! A small HTTP/1.1 client: one connection per request, the head parsed, chunks joined or read one by one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A complete response.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Asserts a problem document with this status and code.
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(problem[member].is_string(), "{problem}");
        }
    }
}

/// Sends a request and reads the whole response.
pub fn request(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut response = open(address, method, path, headers, body);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk() {
        body.extend(chunk);
    }
    Answer { status: response.status, headers: std::mem::take(&mut response.headers), body }
}

/// A response whose body is still arriving.
pub struct Streaming {
    reader: BufReader<TcpStream>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    chunked: bool,
    remaining: Option<usize>,
    ended: bool,
}

/// Sends a request and reads the head of the response.
pub fn open(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Streaming {
    Streaming::read_head(send(address, method, path, headers, body))
}

/// Sends a request and leaves the response to be read.
pub fn send(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("writable");
    stream.write_all(body).expect("writable");
    stream
}

impl Streaming {
    pub fn read_head(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("a status line");
        let status =
            line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{line:?}"));
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let find = |name: &str| headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        let chunked = find("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        let remaining = find("content-length").map(|value| value.parse().expect("a length"));
        Streaming { reader, status, headers, chunked, remaining, ended: false }
    }

    /// Whether the last piece read was a proper end.
    pub fn ended_properly(&self) -> bool {
        self.ended
    }

    /// The next piece of the body; `None` at its end or when it is cut short.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        if self.chunked {
            let mut line = String::new();
            self.reader.read_line(&mut line).ok()?;
            self.ended = line.trim() == "0";
            let length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            self.reader.read_exact(&mut chunk).ok()?;
            chunk.truncate(length);
            return (length > 0).then_some(chunk);
        }
        let mut body = Vec::new();
        match self.remaining.take() {
            Some(0) => return None,
            Some(length) => {
                body.resize(length, 0);
                self.reader.read_exact(&mut body).ok()?;
                self.remaining = Some(0);
            }
            None => drop(self.reader.read_to_end(&mut body)),
        }
        (!body.is_empty()).then_some(body)
    }
}
