//! Runs `ramanujan replay` as a user would, and finds recordings.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use ramanujan_replay::generate::{self, Options};
use ramanujan_replay::recording::Recording;
use serde_json::Value;

use crate::http::Client;
use crate::network::{Network, binary};

/// Writes a generated session into `folder`; returns its path and the session.
///
/// # Panics
/// The file cannot be written.
pub fn generated(folder: &Path, name: &str, options: &Options) -> (PathBuf, Recording) {
    let recording = generate::session(options);
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, recording.to_json().to_string()).expect("the recording can be written");
    (path, recording)
}

/// The recording `<name>.json.gz` in the folder that `RAMANUJAN_DATA` names; where it is not there, a session of the
/// same shape, generated into `folder`.
///
/// # Panics
/// The file cannot be read or written.
pub fn recorded(folder: &Path, name: &str, like_it: &Options) -> (PathBuf, Recording) {
    let data = std::env::var_os("RAMANUJAN_DATA").map(PathBuf::from);
    match data.map(|data| data.join(format!("{name}.json.gz"))).filter(|path| path.is_file()) {
        Some(path) => {
            let recording = Recording::from_file(&path).expect("a recording");
            (path, recording)
        }
        None => generated(folder, name, like_it),
    }
}

/// Says something that the test harness does not swallow.
pub fn notice(text: &str) {
    use std::io::Write;
    // The harness captures `eprintln!`, but not what is written to the handle itself.
    let _ = writeln!(std::io::stderr(), "NOTICE: {text}");
}

/// `ramanujan replay FILE --url … ARGS`, not yet started; another `--url` among `ARGS` stands instead.
pub fn command(network: &Network, file: &Path, args: &[&str]) -> Command {
    // Whoever runs the tests in the background has interrupts ignored, and children inherit that.
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(binary()).arg("replay").arg(file).arg("--json").args(args);
    if !args.contains(&"--url") {
        command.args(["--url", &network.url()]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a replay.
///
/// # Panics
/// It cannot be started.
pub fn spawn(network: &Network, file: &Path, args: &[&str]) -> Child {
    command(network, file, args).spawn().expect("the replay can be started")
}

/// Exit code and report of a replay that has ended.
///
/// # Panics
/// It was ended by a signal or printed no report.
pub fn outcome(output: &Output) -> (i32, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("no report ({error}): {text} {}", String::from_utf8_lossy(&output.stderr))
    });
    (output.status.code().expect("it ended by itself"), report)
}

/// Replays to the end.
///
/// # Panics
/// As [`outcome`].
pub fn run(network: &Network, file: &Path, args: &[&str]) -> (i32, Value) {
    outcome(&command(network, file, args).output().expect("the replay can be started"))
}

/// Number of a document's operations the network holds.
pub fn stored(client: &Client, document: &str) -> u64 {
    match client.try_get(&format!("/crdt/{document}")) {
        Ok(reply) if reply.status == 200 => reply.json()["operations"].as_u64().unwrap_or(0),
        _ => 0,
    }
}

/// All timeline events of a document, in order.
///
/// # Panics
/// The timeline does not answer.
pub fn events(client: &Client, document: &str) -> Vec<Value> {
    let mut events = Vec::new();
    let mut cursor = String::new();
    loop {
        let page =
            client.get(&format!("/timeline/query?document={document}&order=seq&limit=1000{cursor}")).ok();
        events.extend(page["events"].as_array().cloned().unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return events,
        }
    }
}
