//! A subscriber to server-sent events, as a program would write one: HTTP/1.1 by hand, chunk by chunk.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest silence; a stream beats more often.
const LIMIT: Duration = Duration::from_secs(30);

/// One block of a stream (WHATWG HTML §9.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub id: Option<String>,
    pub data: Option<String>,
    pub retry: Option<u64>,
    pub comment: Option<String>,
}

/// An open stream.
#[derive(Debug)]
pub struct Events {
    reader: BufReader<TcpStream>,
    /// What came and is not yet a whole block.
    rest: Vec<u8>,
    ended: bool,
    /// The status and the headers, as they came.
    pub head: String,
}

impl Events {
    /// Asks for a stream, as one that has seen `last_id`.
    ///
    /// # Errors
    /// There is no reply.
    pub fn open(url: &str, path: &str, last_id: Option<&str>) -> Result<Self> {
        let host = url.trim_start_matches("http://");
        let mut connection = TcpStream::connect(host)?;
        connection.set_read_timeout(Some(LIMIT))?;
        let last_id = last_id.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n{last_id}\r\n");
        connection.write_all(head.as_bytes())?;
        let mut reader = BufReader::new(connection);
        let mut head = String::new();
        while reader.read_line(&mut head)? > 2 {}
        Ok(Events { reader, rest: Vec::new(), ended: false, head: head.to_ascii_lowercase() })
    }

    /// The next block, `None` where the stream ended by itself.
    ///
    /// # Errors
    /// The connection was lost. What came of the next block is thrown away, as a browser does.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        loop {
            if let Some(end) = self.rest.windows(2).position(|window| window == b"\n\n") {
                let block: Vec<u8> = self.rest.drain(..end + 2).collect();
                return Ok(Some(parse(&String::from_utf8_lossy(&block))));
            }
            if self.ended {
                return Ok(None);
            }
            self.read_chunk()?;
        }
    }

    /// One chunk (RFC 9112 §7.1).
    fn read_chunk(&mut self) -> Result<()> {
        let mut size = String::new();
        if self.reader.read_line(&mut size)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let size = usize::from_str_radix(size.trim(), 16)
            .map_err(|_| Error::new(ErrorKind::InvalidData, format!("{size:?} is no size of a chunk")))?;
        let mut bytes = vec![0; size + 2];
        self.reader.read_exact(&mut bytes)?;
        self.rest.extend_from_slice(&bytes[..size]);
        self.ended = size == 0;
        Ok(())
    }
}

fn parse(text: &str) -> Block {
    let mut block = Block::default();
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "" if !line.is_empty() => block.comment = Some(value),
            "id" => block.id = Some(value),
            "data" => block.data = Some(value),
            "retry" => block.retry = value.parse().ok(),
            _ => {}
        }
    }
    block
}
