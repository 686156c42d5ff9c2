//! One connection to an HTTP server for whoever measures: it sends and reads as little as it may, to leave the processors
//! to the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A kept connection. It panics where a reply does not come or is not 200.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// # Panics
    /// Nobody listens at `url`, e.g. `http://127.0.0.1:3000`.
    pub fn open(url: &str) -> Self {
        let host = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).expect("the network listens");
        stream.set_nodelay(true).expect("no delay");
        Connection { stream: BufReader::new(stream), host }
    }

    /// POST of JSON; returns the reply's body.
    ///
    /// # Panics
    /// There is no reply, or its status is not 200.
    pub fn post(&mut self, path: &str, body: &[u8]) -> Vec<u8> {
        self.post_with(path, "", body)
    }

    /// As [`post`](Self::post), with more headers, each ended by CR LF.
    ///
    /// # Panics
    /// As [`post`](Self::post).
    pub fn post_with(&mut self, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let headers = format!("content-type: application/json\r\ncontent-length: {length}\r\n{headers}");
        self.send("POST", path, &headers, body)
    }

    /// GET with headers, each ended by CR LF; returns the reply's body.
    ///
    /// # Panics
    /// As [`post`](Self::post).
    pub fn get(&mut self, path: &str, headers: &str) -> Vec<u8> {
        self.send("GET", path, headers, &[])
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.host);
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).expect("sent");
        let status = self.line();
        let mut length = None;
        loop {
            let line = self.line().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse::<usize>().ok();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = Vec::new();
        match length {
            Some(length) => self.read(length, &mut body),
            None => loop {
                let size = usize::from_str_radix(&self.line(), 16).expect("the size of a chunk");
                self.read(size, &mut body);
                self.line();
                if size == 0 {
                    break;
                }
            },
        }
        assert!(status.contains(" 200 "), "{method} {path}: {status} {}", String::from_utf8_lossy(&body));
        body
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a reply");
        line.trim_end().to_owned()
    }

    fn read(&mut self, length: usize, body: &mut Vec<u8>) {
        let start = body.len();
        body.resize(start + length, 0);
        self.stream.read_exact(&mut body[start..]).expect("a body");
    }
}
