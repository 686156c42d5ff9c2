//! A small network on a real socket: for each path it answers what a test tells it, and counts what runs at a time.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A reply: status, header lines, body, and how long it takes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: String,
    takes: Duration,
}

pub(crate) fn ok(body: &str) -> Reply {
    Reply { status: 200, headers: String::new(), body: body.to_owned(), takes: Duration::ZERO }
}

pub(crate) fn refuse(status: u16) -> Reply {
    let body = format!(r#"{{"status":{status},"code":"busy","detail":"try again"}}"#);
    Reply { status, ..ok(&body) }
}

impl Reply {
    pub(crate) fn after(self, takes: Duration) -> Self {
        Reply { takes, ..self }
    }

    pub(crate) fn header(self, line: &str) -> Self {
        Reply { headers: format!("{}{line}\r\n", self.headers), ..self }
    }
}

/// One path: its replies, of which the last is repeated, and the calls that came.
#[derive(Debug, Default)]
struct Path {
    script: VecDeque<Reply>,
    bodies: Vec<String>,
    times: Vec<Instant>,
    running: usize,
    most_running: usize,
}

pub(crate) struct Server {
    address: SocketAddr,
    paths: Arc<Mutex<BTreeMap<String, Path>>>,
}

impl Server {
    /// Answers 404 for any other path.
    pub(crate) fn start<const N: usize>(scripts: [(&str, Vec<Reply>); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let of = |(path, script): (&str, Vec<Reply>)| {
            (path.to_owned(), Path { script: script.into(), ..Path::default() })
        };
        let paths = Arc::new(Mutex::new(scripts.into_iter().map(of).collect()));
        let server = Server { address: listener.local_addr().unwrap(), paths: Arc::clone(&paths) };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let paths = Arc::clone(&paths);
                thread::spawn(move || serve(&stream, &paths));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was sent to a path.
    pub(crate) fn bodies(&self, path: &str) -> Vec<String> {
        self.paths.lock().unwrap()[path].bodies.clone()
    }

    pub(crate) fn calls(&self, path: &str) -> usize {
        self.bodies(path).len()
    }

    /// Times from each call's arrival to that of the next.
    pub(crate) fn gaps(&self, path: &str) -> Vec<Duration> {
        self.paths.lock().unwrap()[path].times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// Most calls of a path that ran at a time.
    pub(crate) fn most_running(&self, path: &str) -> usize {
        self.paths.lock().unwrap()[path].most_running
    }
}

/// Until the client leaves.
fn serve(mut stream: &TcpStream, paths: &Mutex<BTreeMap<String, Path>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some((name, body)) = read(&mut reader)? {
        let reply = match paths.lock().unwrap().get_mut(&name) {
            None => refuse(404),
            Some(path) => {
                path.bodies.push(body);
                path.times.push(Instant::now());
                path.running += 1;
                path.most_running = path.most_running.max(path.running);
                let next = if path.script.len() > 1 {
                    path.script.pop_front()
                } else {
                    path.script.front().cloned()
                };
                next.unwrap_or_else(|| refuse(500))
            }
        };
        thread::sleep(reply.takes);
        if let Some(path) = paths.lock().unwrap().get_mut(&name) {
            path.running -= 1;
        }
        let Reply { status, headers, body, .. } = reply;
        write!(stream, "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}

/// Path and body of the next request.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<(String, String)>> {
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        } else if let Some(text) = line.strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        } else if path.is_empty() {
            path = line.split(' ').nth(1).unwrap().to_owned();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((path, String::from_utf8(body).unwrap())))
}
