//! A small server on a real socket that does what a test tells it, and a clock that does not take time.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Clock;

/// What to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Status, header lines, body.
    Reply(u16, Vec<String>, String),
    /// The connection ends without a reply.
    HangUp,
    /// The connection ends in the middle of the body.
    CutShort,
}

pub(crate) fn ok(body: &str) -> Act {
    Act::Reply(200, Vec::new(), body.to_owned())
}

pub(crate) fn refuse(status: u16) -> Act {
    Act::Reply(status, Vec::new(), format!(r#"{{"status":{status},"code":"busy","detail":"try again"}}"#))
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Method and path.
    pub(crate) line: String,
    /// In lower case, `name: value`.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    stopped: AtomicBool,
}

/// Follows its script; the last act is repeated.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    pub(crate) fn start(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared =
            Arc::new(Shared { script: Mutex::new(script.into_iter().collect()), ..Shared::default() });
        let server = Server { address: listener.local_addr().unwrap(), shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Until the client leaves or an act ends the connection.
fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(seen) = read(&mut reader)? {
        shared.seen.lock().unwrap().push(seen);
        let act = {
            let mut script = shared.script.lock().unwrap();
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
        };
        let mut out = stream;
        match act {
            Some(Act::Reply(status, headers, body)) => {
                let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
                let length = body.len();
                write!(out, "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n{body}")?;
            }
            Some(Act::CutShort) => {
                write!(out, "HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{{\"a\"")?;
                return Ok(());
            }
            Some(Act::HangUp) | None => return Ok(()),
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Seen>> {
    let mut seen = Seen::default();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line if seen.line.is_empty() => seen.line = line.trim_end_matches(" HTTP/1.1").to_owned(),
            line => {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                seen.headers.push(format!("{}: {}", name.to_lowercase(), value.trim()));
            }
        }
    }
    let length = seen.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    seen.body.resize(length, 0);
    reader.read_exact(&mut seen.body)?;
    Ok(Some(seen))
}

/// Stands still but for the pauses, which it notes.
#[derive(Debug, Default)]
pub(crate) struct StillClock(Mutex<Vec<Duration>>);

impl StillClock {
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

/// The date at the start of a [`StillClock`].
pub(crate) const DATE: SystemTime = UNIX_EPOCH;

impl Clock for StillClock {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }

    fn date(&self) -> SystemTime {
        DATE + self.now()
    }

    fn sleep(&self, pause: Duration) {
        self.0.lock().unwrap().push(pause);
    }
}
