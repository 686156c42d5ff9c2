//! The peers as contestants: servers that `peer.mjs` starts and loads, in the folder that FLEET_PEERS names.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::ours::Done;
use crate::times::Times;

/// A system that can be measured beside us.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) title: String,
    /// Whether an acknowledged change is stored.
    pub(crate) stored: bool,
    pub(crate) acknowledged: String,
    pub(crate) versions: String,
}

/// The peer with which single figures are compared: what a user would pick with every change stored.
pub(crate) const PICK: &str = "hocuspocus-wal";

fn folder() -> Option<PathBuf> {
    std::env::var_os("FLEET_PEERS").map(PathBuf::from)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.arg("peer.mjs").args(arguments).current_dir(folder().expect("FLEET_PEERS is set"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("peer.mjs: {error}: {line}"))
}

/// What a run of `peer.mjs` says.
fn said(arguments: &[&str]) -> Value {
    finish(command(arguments).spawn().expect("node can be started"))
}

fn finish(child: Child) -> Value {
    let output = child.wait_with_output().expect("node ends");
    assert!(output.status.success(), "peer.mjs: {}", output.status);
    json(&String::from_utf8_lossy(&output.stdout))
}

/// All peers; none where they are not installed.
pub(crate) fn all() -> Vec<Peer> {
    if folder().is_none() {
        return Vec::new();
    }
    let output = command(&["systems"]).output().expect("node can be started");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = |line: &str| {
        let peer = json(line);
        let versions = peer["versions"].as_array().into_iter().flatten().map(text);
        Peer {
            name: text(&peer["name"]),
            title: text(&peer["title"]),
            stored: peer["stored"] == true,
            acknowledged: text(&peer["acknowledged"]),
            versions: versions.collect::<Vec<_>>().join(", "),
        }
    };
    String::from_utf8_lossy(&output.stdout).lines().map(read).collect()
}

impl Peer {
    /// Starts it with nothing stored.
    pub(crate) fn serve(&self) -> Server {
        // Beside the build, so on the disk of the clone: a folder for temporary files may be memory.
        let state = tempfile::tempdir_in(folder().expect("FLEET_PEERS is set")).expect("a folder");
        let path = state.path().display().to_string();
        let mut child = command(&["serve", &self.name, &path]).spawn().expect("node can be started");
        let mut said = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut server = Server { child, port: String::new(), state, name: self.name.clone() };
        let mut line = String::new();
        said.read_line(&mut line).expect("it says its port");
        server.port = json(&line)["port"].to_string();
        server
    }
}

/// A running server; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) port: String,
    state: TempDir,
    name: String,
}

impl Server {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// As `ours::load`, by a process of its own.
    pub(crate) fn load(&self, prefix: &str, agents: u32, limit: Duration, rate: Option<f64>) -> Done {
        let (agents, seconds) = (agents.to_string(), limit.as_secs_f64().to_string());
        let rate = rate.map(|rate| rate.to_string());
        let mut arguments = vec!["load", &self.name, &self.port, prefix, &agents, &seconds];
        arguments.extend(rate.as_deref());
        let report = said(&arguments);
        Done { times: times(&report), seconds: report["seconds"].as_f64().expect("seconds") }
    }

    /// Operations one by one, through another port.
    pub(crate) fn write(&self, port: u16, document: &str, operations: u32) {
        said(&["write", &self.name, &port.to_string(), document, &operations.to_string()]);
    }

    /// From a write until a second client has it.
    pub(crate) fn seen(&self, document: &str, operations: u32, pause: Duration) -> Times {
        let (operations, pause) = (operations.to_string(), pause.as_millis().to_string());
        times(&said(&["seen", &self.name, &self.port, document, &operations, &pause]))
    }

    /// Kills it as `kill -9` does; returns how many characters its files then hold.
    pub(crate) fn held_after_kill(mut self) -> u64 {
        self.kill();
        let path: &Path = self.state.path();
        said(&["held", &self.name, &path.display().to_string()])["held"].as_u64().expect("a count")
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn times(report: &Value) -> Times {
    let micros = report["times"].as_array().expect("times").iter().filter_map(Value::as_u64);
    micros.map(Duration::from_micros).collect()
}
