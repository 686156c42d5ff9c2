//! A slow and lossy line between network namespaces: `tests/tools/wire.py`, which says how.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::network::root;
use crate::skip::{self, Need};

/// What the line is made with.
const TOOLS: Need = Need { what: "ip, nsenter and python3", from: "Debian: iproute2 util-linux python3" };
/// How the program ends that may not make namespaces or devices.
const NOT_ALLOWED: i32 = 3;

/// One end of the line.
#[derive(Clone, Debug)]
pub struct End {
    /// Its address, as everybody on the line has it.
    pub address: IpAddr,
    /// The beginning of a command that runs another where the end is.
    pub through: Vec<String>,
}

/// What has passed between the ends.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    pub sent: u64,
    pub dropped: u64,
    /// Ordered pairs of ends between which something was sent.
    pub pairs: usize,
    /// By how much the latest packet was too late, in milliseconds.
    pub late_ms: f64,
}

/// A line; dropping it takes everything down.
#[derive(Debug)]
pub struct Wire {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub ends: Vec<End>,
}

impl Wire {
    /// A line with so many ends. Each packet between two of them takes `delay`; of them all, the share `loss` is dropped.
    /// `None` where it cannot be made: the test is skipped, and is to return.
    ///
    /// # Panics
    /// It is not made for another reason.
    pub fn start(ends: usize, delay: Duration, loss: f64, seed: u64) -> Option<Self> {
        if !skip::has(TOOLS, &["ip", "nsenter", "python3"]) {
            return None;
        }
        let mut command = Command::new("python3");
        command.arg(root().join("tests/tools/wire.py"));
        command.args([ends as u64, delay.as_millis() as u64].map(|number| number.to_string()));
        command.args([&loss.to_string(), &seed.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("python3 can be started");
        let mut output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut errors = child.stderr.take().expect("a pipe, too");
        let mut line = String::new();
        output.read_line(&mut line).expect("its output can be read");
        if line.is_empty() {
            let mut reason = String::new();
            let _ = errors.read_to_string(&mut reason);
            let ended = child.wait().expect("it has ended");
            assert_eq!(ended.code(), Some(NOT_ALLOWED), "{reason}");
            // No package brings that, so it is no failure where all must run.
            skip::cannot("root, and a kernel with network namespaces and /dev/net/tun", reason.trim());
            return None;
        }
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let end = |site: &Value| End {
            address: site["address"].as_str().and_then(|text| text.parse().ok()).expect("an address"),
            through: vec![
                "nsenter".into(),
                format!("--net={}", site["namespace"].as_str().expect("a file")),
                "--".into(),
            ],
        };
        let ends = said["sites"].as_array().expect("ends").iter().map(end).collect();
        Some(Wire { input: child.stdin.take(), child, output, ends })
    }

    /// What has passed so far.
    ///
    /// # Panics
    /// The line is down.
    pub fn passed(&mut self) -> Passed {
        let input = self.input.as_mut().expect("it is closed at the end only");
        input.write_all(b"\n").expect("the line is up");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        let counts: Value = serde_json::from_str(&line).expect("JSON");
        let number = |name: &str| counts[name].as_u64().expect("a number");
        Passed {
            sent: number("sent"),
            dropped: number("dropped"),
            pairs: counts["pairs"].as_object().expect("pairs").len(),
            late_ms: counts["late_ms"].as_f64().expect("a number"),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // It ends with its standard input; and if it does not, for certain.
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
