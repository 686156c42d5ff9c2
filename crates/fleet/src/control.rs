//! How `ramanujan fleet cut …` reaches the fleet that runs: a socket in the state folder, a line of JSON each way.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::FleetError;
use crate::look::Line;

/// Name of the socket in the state folder.
const SOCKET: &str = "control.sock";
/// Longest line that is read.
const MAX_LINE: u64 = 1 << 20;
/// How long one side waits for the other: a start may compile.
const PATIENCE: Duration = Duration::from_secs(310);

/// Longest end of a fleet, whose sites are killed after 12 s.
const END_LIMIT: Duration = Duration::from_secs(30);
/// Between two looks whether it has ended.
const NAP: Duration = Duration::from_millis(20);

/// What the fleet is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Request {
    Status,
    /// The link between two sites, or all links of one.
    Cut {
        site: String,
        other: Option<String>,
    },
    /// The same; without a site all links.
    Heal {
        site: Option<String>,
        other: Option<String>,
    },
    Kill {
        site: String,
    },
    Start {
        site: String,
    },
    Down,
}

/// What it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) ok: bool,
    /// What was done, or why not.
    pub(crate) detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sites: Vec<Line>,
}

/// A request, and where its reply goes.
pub(crate) type Asked = (Request, Sender<Reply>);

/// The socket of a fleet that runs; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens in `folder` and hands on what comes.
    ///
    /// # Errors
    /// A fleet runs there, or the socket cannot be made.
    pub(crate) fn listen(folder: &Path, asked: Sender<Asked>) -> Result<Self, FleetError> {
        let path = folder.join(SOCKET);
        if UnixStream::connect(&path).is_ok() {
            let folder = folder.display();
            let detail = format!(
                "a fleet runs in {folder}; end it with `ramanujan fleet down --state-dir {folder}`, or choose another --state-dir"
            );
            return Err(FleetError::Asked(detail));
        }
        // Left over by a fleet that was killed.
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path)
            .map_err(FleetError::io(format!("cannot listen at {}", path.display())))?;
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let asked = asked.clone();
                // Somebody who asks and does not wait is nobody's matter.
                thread::spawn(move || serve(&stream, &asked));
            }
        });
        Ok(Control { path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn serve(mut stream: &UnixStream, asked: &Sender<Asked>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let reply = match serde_json::from_str(&line(stream)?) {
        Err(error) => Reply { ok: false, detail: format!("not understood: {error}"), sites: Vec::new() },
        Ok(request) => {
            let (sender, replied) = mpsc::channel();
            let ending = || Reply { ok: false, detail: "the fleet is ending".into(), sites: Vec::new() };
            match asked.send((request, sender)) {
                Ok(()) => replied.recv().unwrap_or_else(|_| ending()),
                Err(_) => ending(),
            }
        }
    };
    writeln!(stream, "{}", serde_json::to_string(&reply)?)
}

fn line(stream: &UnixStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE)).read_line(&mut line)?;
    Ok(line)
}

/// Asks the fleet that runs in `folder`.
///
/// # Errors
/// None runs there, or it does not answer, or it refuses: says why.
pub(crate) fn ask(folder: &Path, request: &Request) -> Result<Reply, FleetError> {
    let path = folder.join(SOCKET);
    let mut stream = UnixStream::connect(&path).map_err(|error| {
        let folder = folder.display();
        FleetError::Asked(format!(
            "no fleet runs in {folder} ({error}); start one with `ramanujan fleet up --state-dir {folder}`"
        ))
    })?;
    let lost = |error| FleetError::Io { what: "the fleet gave no answer".into(), error };
    let exchange = || {
        stream.set_read_timeout(Some(PATIENCE))?;
        writeln!(stream, "{}", serde_json::to_string(request)?)?;
        Ok(serde_json::from_str(&line(&stream)?)?)
    };
    let reply: Reply = { exchange }().map_err(lost)?;
    if reply.ok { Ok(reply) } else { Err(FleetError::Asked(reply.detail)) }
}

/// Waits until the fleet that ran in `folder` has ended all its sites.
///
/// # Errors
/// It takes longer than a site may.
pub(crate) fn wait_for_end(folder: &Path) -> Result<(), FleetError> {
    let began = Instant::now();
    // The socket is removed when the last site has ended.
    while UnixStream::connect(folder.join(SOCKET)).is_ok() {
        if began.elapsed() > END_LIMIT {
            let detail = format!("some sites still run after {} s", END_LIMIT.as_secs());
            return Err(FleetError::Asked(detail));
        }
        thread::sleep(NAP);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_arrives_and_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, asked) = mpsc::channel::<Asked>();
        let control = Control::listen(folder.path(), sender.clone()).unwrap();
        thread::spawn(move || {
            for (request, reply) in asked {
                let ok = request != Request::Down;
                reply.send(Reply { ok, detail: format!("{request:?}"), sites: Vec::new() }).unwrap();
            }
        });
        let cut = Request::Cut { site: "3".into(), other: Some("4".into()) };
        assert_eq!(ask(folder.path(), &cut).unwrap().detail, format!("{cut:?}"));
        assert_eq!(ask(folder.path(), &Request::Down).unwrap_err().to_string(), "Down");
        let error = Control::listen(folder.path(), sender).unwrap_err().to_string();
        assert!(error.contains("a fleet runs in"), "{error}");
        let mut stream = UnixStream::connect(folder.path().join(SOCKET)).unwrap();
        stream.write_all(b"{\"do\":\"dance\"}\n").unwrap();
        assert!(line(&stream).unwrap().contains("not understood"));
        drop(control);
        let error = ask(folder.path(), &Request::Status).unwrap_err().to_string();
        assert!(error.contains("no fleet runs in"), "{error}");
    }

    #[test]
    fn a_socket_that_was_left_behind_is_no_fleet() {
        let folder = tempfile::tempdir().unwrap();
        drop(UnixListener::bind(folder.path().join(SOCKET)).unwrap());
        let (sender, _asked) = mpsc::channel();
        Control::listen(folder.path(), sender).unwrap();
    }
}
