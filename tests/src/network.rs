//! Starts and ends the network.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::http::Client;

/// Longest start: the first one compiles eleven components, perhaps beside other builds.
const START_LIMIT: Duration = Duration::from_secs(180);
/// Begins the line in which the host says where it listens.
const READY: &str = "Serving http://";
/// Requests one instance serves: what `up.sh` starts with.
const INSTANCE_REUSE: u32 = 128;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the tests lie in the repository")
}

/// The host's binary: `RAMANUJAN_BIN`, else the release build.
///
/// # Panics
/// It is not built.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("RAMANUJAN_BIN")
        .map_or_else(|| root().join("target/release/ramanujan"), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: run the tests with scripts/test.sh, or build it with\n  \
         cargo build --release -p ramanujan-host\nor name another in RAMANUJAN_BIN",
        path.display()
    );
    path
}

/// Says which files and folders the manifest names that are not built.
fn check_components() {
    let manifest = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml is readable");
    let manifest: toml::Table = manifest.parse().expect("spin.toml is TOML");
    let components = manifest["component"].as_table().expect("spin.toml has components");
    let of_component = |component: &'_ toml::Value| -> Vec<String> {
        let mounts = component.get("files").and_then(toml::Value::as_array);
        let mounts = mounts.into_iter().flatten().filter_map(|mount| mount.get("source"));
        let sources = component.get("source").into_iter().chain(mounts);
        sources.filter_map(toml::Value::as_str).map(str::to_owned).collect()
    };
    let mut missing: Vec<String> = components.values().flat_map(of_component).collect();
    missing.retain(|source| !root().join(source).exists());
    missing.sort();
    missing.dedup();
    assert!(
        missing.is_empty(),
        "not built: {}\nrun the tests with scripts/test.sh, or build them with scripts/build.sh",
        missing.join(", ")
    );
}

/// How a network is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Requests one instance serves.
    pub reuse: u32,
    /// Another manifest than the repository's.
    pub manifest: Option<PathBuf>,
    /// Values of application variables.
    pub variables: Vec<(String, String)>,
    /// The beginning of a command that runs what stands behind it elsewhere, such as `nsenter`.
    pub through: Vec<String>,
}

impl Default for Options {
    /// On a free port of this machine alone.
    fn default() -> Self {
        Options {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            reuse: INSTANCE_REUSE,
            manifest: None,
            variables: Vec::new(),
            through: Vec::new(),
        }
    }
}

impl Options {
    /// `ramanujan up`, or what runs it.
    fn command(&self) -> Command {
        let program = binary();
        let mut words = self.through.iter();
        let mut command = match words.next() {
            None => Command::new(program),
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(program);
                command
            }
        };
        command.args(["up", "--quiet", "--listen", &self.address.to_string()]);
        command.args(["--max-instance-reuse", &self.reuse.to_string()]);
        if let Some(manifest) = &self.manifest {
            command.arg("--manifest").arg(manifest);
        }
        for (name, value) in &self.variables {
            command.arg("--variable").arg(format!("{name}={value}"));
        }
        command
    }
}

/// A running network; dropping it ends it.
#[derive(Debug)]
pub struct Network {
    child: Child,
    options: Options,
    state: Arc<TempDir>,
}

impl Network {
    /// Starts a network with a fresh state folder on a free port.
    ///
    /// # Panics
    /// Something is not built, or the host does not come up.
    pub fn start() -> Self {
        Self::start_with_reuse(INSTANCE_REUSE)
    }

    /// The same with instances that serve so many requests each.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_with_reuse(requests: u32) -> Self {
        Self::start_as(Options { reuse: requests, ..Options::default() })
    }

    /// The same with what else can be said at the start.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_as(options: Options) -> Self {
        let state = tempfile::tempdir().expect("a temporary folder");
        Self::launch(Arc::new(state), options)
    }

    /// The network that the tests of one binary share, on documents of their own. It lives as long as some test holds
    /// it.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Network>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let network = Arc::new(Self::start());
            *shared = Arc::downgrade(&network);
            network
        })
    }

    /// Kills the host as `kill -9` does, and starts it again with the same state at the same address.
    #[must_use]
    pub fn kill_and_restart(mut self) -> Self {
        self.kill();
        let (state, options) = (self.state.clone(), self.options.clone());
        drop(self);
        Self::launch(state, options)
    }

    /// Kills the host as `kill -9` does. Requests then fail.
    pub fn kill(&mut self) {
        self.child.kill().expect("the host can be killed");
        self.child.wait().expect("the host ends");
    }

    fn launch(state: Arc<TempDir>, options: Options) -> Self {
        check_components();
        let mut command = options.command();
        command.arg("--state-dir").arg(state.path());
        // A host whose test was killed ends with it.
        command.env("RAMANUJAN_END_WITH_STDIN", "true");
        command.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the host can be started");
        let lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
        let (sender, receiver) = std::sync::mpsc::channel();
        // Reads on after the start, so that the host never writes into a closed pipe.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(address) = line.strip_prefix(READY) {
                    let _ = sender.send(address.to_owned());
                }
            }
        });
        let Ok(address) = receiver.recv_timeout(START_LIMIT) else {
            let _ = child.kill();
            let status = child.wait();
            panic!("the host did not say {READY:?} ({status:?}); its errors stand above");
        };
        let address = address.trim_end_matches('/').parse().expect("an address follows");
        Network { child, options: Options { address, ..options }, state }
    }

    /// E.g. `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.options.address)
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url())
    }

    /// The host's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Ended already where a test killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Memory of a process that is resident now, in bytes.
///
/// # Panics
/// There is no such process.
pub fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Bytes that a process has had written to disk so far.
///
/// # Panics
/// There is no such process.
pub fn written(id: u32) -> u64 {
    let counts = std::fs::read_to_string(format!("/proc/{id}/io")).expect("the process runs");
    let line = counts.lines().find_map(|line| line.strip_prefix("write_bytes:")).expect("it is counted");
    line.trim().parse().expect("a number")
}

/// Sends a signal by name, e.g. `INT` for what Ctrl-C does.
///
/// # Panics
/// `kill` does not work.
pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "kill -{name} works");
}

/// Waits until a child ends.
///
/// # Panics
/// It runs longer than `limit`.
pub fn wait(child: &mut Child, limit: Duration) -> ExitStatus {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("still running after {limit:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Asks again and again until the answer is `Some`.
///
/// # Panics
/// It is still `None` after `limit`.
pub fn eventually<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
