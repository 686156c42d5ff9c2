//! One site: the process `ramanujan up` with a store, logs and variables of its own.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::FleetError;

/// Longest start: the first one on a machine compiles all components.
const START_LIMIT: Duration = Duration::from_secs(300);
/// How long a host may take to end after it was asked: its own grace for running requests is 10 s.
const END_LIMIT: Duration = Duration::from_secs(12);
/// Begins the line in which the host says where it listens.
const READY: &str = "Serving http://";
/// Requests that one instance serves, as `scripts/up.sh` starts with.
const INSTANCE_REUSE: &str = "128";
/// With it the host ends when its standard input does, so that a fleet that is killed leaves no host behind.
const END_WITH_STDIN: &str = "RAMANUJAN_END_WITH_STDIN";
/// Lines of the host's messages that a failed start shows.
const SHOWN: usize = 5;
/// Between two looks at a process that is to end.
const NAP: Duration = Duration::from_millis(20);

/// What a site is started with.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) manifest: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) listen: String,
    pub(crate) variables: Vec<(String, String)>,
}

/// A running site; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Setup {
    /// Where the host's messages go.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("host.log")
    }

    /// Starts the host and waits until it serves.
    ///
    /// # Errors
    /// It cannot be started, or ends or takes too long; the error has what it said last.
    pub(crate) fn start(&self) -> Result<Running, FleetError> {
        let failed = |error| FleetError::Io { what: format!("cannot start {}", self.name), error };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let log = OpenOptions::new().create(true).append(true).open(self.log()).map_err(failed)?;
        let mut child = self.command(log).spawn().map_err(failed)?;
        let output = child.stdout.take();
        let running = Running { child };
        let (sender, served) = mpsc::channel();
        // Reads on after the start, so that the host never writes into a closed pipe.
        thread::spawn(move || {
            let lines =
                output.into_iter().flat_map(|output| BufReader::new(output).lines().map_while(Result::ok));
            for line in lines {
                if line.starts_with(READY) {
                    let _ = sender.send(());
                }
            }
        });
        match served.recv_timeout(START_LIMIT) {
            Ok(()) => Ok(running),
            Err(error) => {
                drop(running);
                let reason = match error {
                    mpsc::RecvTimeoutError::Timeout => format!("not within {} s", START_LIMIT.as_secs()),
                    mpsc::RecvTimeoutError::Disconnected => last_lines(&self.log()),
                };
                Err(FleetError::Start { site: self.name.clone(), reason })
            }
        }
    }

    fn command(&self, log: File) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["up", "--quiet", "--max-instance-reuse", INSTANCE_REUSE, "--listen", &self.listen])
            .arg("--state-dir")
            .arg(self.folder.join("state"))
            .arg("--manifest")
            .arg(&self.manifest)
            .env(END_WITH_STDIN, "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C is for the fleet, which then ends its sites in good order.
            .process_group(0);
        for (name, value) in &self.variables {
            command.arg("--variable").arg(format!("{name}={value}"));
        }
        command
    }
}

/// What a host said last, on one line.
fn last_lines(log: &Path) -> String {
    let Ok(file) = File::open(log) else { return "it said nothing".into() };
    let mut last = VecDeque::new();
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        if last.len() == SHOWN {
            last.pop_front();
        }
        last.push_back(line);
    }
    if last.is_empty() { "it said nothing".into() } else { Vec::from(last).join("; ") }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.finish();
    }

    /// Asks it to end.
    pub(crate) fn ask_to_end(&mut self) {
        drop(self.child.stdin.take());
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| self.ended().is_none()) {
            // It may end by itself just now.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Waits for its end after it was asked to; kills it if that takes too long.
    pub(crate) fn wait_for_end(mut self) {
        let began = Instant::now();
        while began.elapsed() < END_LIMIT {
            if self.ended().is_some() {
                return;
            }
            thread::sleep(NAP);
        }
        self.finish();
    }

    fn finish(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A host that is a shell script.
    fn setup(folder: &Path, script: &str) -> Setup {
        let program = folder.join("host");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Setup {
            name: "site-0".into(),
            program,
            manifest: "spin.toml".into(),
            folder: folder.join("site-0"),
            listen: "127.0.0.1:0".into(),
            variables: vec![("site_id".into(), "site-0".into())],
        }
    }

    #[test]
    fn a_site_is_started_as_up_and_ends_when_it_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        // The trap is set before anybody can know that it runs.
        let script = r#"echo "$@" > args; trap 'echo ended >> args; exit 0' TERM; echo "Serving http://x"
            while :; do sleep 0.05; done"#;
        let script = script.replace("args", &folder.path().join("args").display().to_string());
        let mut running = setup(folder.path(), &script).start().unwrap();
        assert!(running.ended().is_none());
        running.ask_to_end();
        running.wait_for_end();
        let args = fs::read_to_string(folder.path().join("args")).unwrap();
        assert!(args.starts_with("up --quiet") && args.contains("--variable site_id=site-0"), "{args}");
        assert!(args.ends_with("ended\n"), "in good order: {args}");
    }

    #[test]
    fn a_host_that_refuses_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let setup = setup(folder.path(), "echo 'error: no such file' >&2; exit 1");
        assert_eq!(setup.start().unwrap_err().to_string(), "site-0 did not start: error: no such file");
    }

    #[test]
    fn a_killed_site_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let running = setup(folder.path(), "echo 'Serving http://x'; exec sleep 100").start().unwrap();
        let process = format!("/proc/{}", running.pid());
        running.kill();
        assert!(!Path::new(&process).exists());
    }
}
