//! Builds the guests, starts the real binary on a free port with a fresh state directory, and speaks HTTP to it.
#![allow(dead_code, unreachable_pub, reason = "every test file is a crate that uses a part of it")]

pub mod http;
mod skip;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub use http::{Answer, request};

/// A manifest with the guest `app` at `/app/...` and whatever `more` adds.
pub fn manifest(component_keys: &str, more: &str) -> String {
    format!(
        "spin_manifest_version = 2\n[application]\nname = 'host-test'\nversion = '1.2.3'\n\
         [[trigger.http]]\nroute = '/app/...'\ncomponent = 'app'\n{more}\n\
         [component.app]\nsource = 'app.wasm'\nsqlite_databases = ['default']\nkey_value_stores = ['default']\n\
         {component_keys}\n"
    )
}

/// The folder that has the built guests. `None` where the Wasm target is missing: then the test is to be skipped,
/// and has said so.
pub fn guests() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(build_guests).as_deref();
    if built.is_none() {
        skip::skipped("the Rust target wasm32-wasip2", "scripts/wasm-target.sh installs it");
    }
    built
}

fn build_guests() -> Option<PathBuf> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc runs").stdout;
    let sysroot = PathBuf::from(String::from_utf8(sysroot).expect("a path").trim());
    if !sysroot.join("lib/rustlib/wasm32-wasip2/lib").is_dir() {
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target =
        Path::new(env!("CARGO_BIN_EXE_ramanujan")).ancestors().nth(2).expect("target/<profile>/<binary>");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--target", "wasm32-wasip2", "--profile", "component"])
        .args(["-p", "host-test-app", "-p", "host-test-probe", "-p", "host-test-consumer"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(root)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the guests do not build");
    Some(target.join("wasm32-wasip2/component"))
}

/// An address of this machine that was free a moment ago.
pub fn free_address() -> String {
    // Of its own: on 127.0.0.1 the host of another test, which takes any free port, could be given this one first.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(64).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
    let [_, high, middle, low] = own.to_be_bytes();
    let ip = Ipv4Addr::new(127, high | 1, middle, low | 1);
    let listener = TcpListener::bind((ip, 0)).expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

/// A folder with a manifest and the guests as `app.wasm`, `probe.wasm`, `consumer.wasm`.
pub struct Application {
    pub folder: tempfile::TempDir,
}

impl Application {
    pub fn new(manifest: &str) -> Option<Self> {
        let guests = guests()?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["app", "probe", "consumer"] {
            let source = guests.join(format!("host_test_{name}.wasm"));
            std::os::unix::fs::symlink(source, folder.path().join(format!("{name}.wasm"))).expect("a link");
        }
        fs::write(folder.path().join("spin.toml"), manifest).expect("a manifest");
        Some(Application { folder })
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_on("127.0.0.1:0", args)
    }

    fn command_on(&self, address: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ramanujan"));
        command.arg("up").arg("--manifest").arg(self.folder.path().join("spin.toml"));
        command.args(["--listen", address]).arg("--state-dir").arg(self.state()).args(args);
        command.stdin(Stdio::null());
        command
    }

    /// Starts the host and waits until it serves.
    pub fn start(&self, args: &[&str]) -> Host {
        let errors = File::create(self.folder.path().join("errors.txt")).expect("a file");
        let mut child =
            self.command(args).stdout(Stdio::piped()).stderr(errors).spawn().expect("the host starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut announced = String::new();
        let address = loop {
            let mut line = String::new();
            let length = stdout.read_line(&mut line).expect("readable");
            assert!(length > 0, "the host did not start: {}", self.errors());
            announced.push_str(&line);
            if let Some(address) = line.trim_end().strip_prefix("Serving http://") {
                break address.to_owned();
            }
        };
        self.host(child, address, Some(stdout))
    }

    /// Starts a host whose output nobody reads: its stdout and stderr are pipes without a reader.
    pub fn start_unheard(&self, args: &[&str]) -> Host {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let address = free_address();
        let mut command = self.command_on(&address, args);
        let child = command
            .stdout(writer.try_clone().expect("a pipe"))
            .stderr(writer)
            .spawn()
            .expect("the host starts");
        let mut host = self.host(child, address, None);
        let started = Instant::now();
        while TcpStream::connect(&host.address).is_err() {
            assert!(!host.try_wait(), "the host has ended");
            assert!(started.elapsed() < Duration::from_secs(60), "the host does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        host
    }

    fn host(&self, child: Child, address: String, stdout: Option<BufReader<ChildStdout>>) -> Host {
        let errors = self.folder.path().join("errors.txt");
        Host { child, address, stdout, errors, state: self.state() }
    }

    /// Runs a host that is expected to refuse to start; gives its message.
    pub fn refused(&self, args: &[&str]) -> String {
        Self::message(self.command(args))
    }

    /// The same for a host that is to listen on `address`.
    pub fn refused_on(&self, address: &str) -> String {
        Self::message(self.command_on(address, &[]))
    }

    fn message(mut command: Command) -> String {
        let output = command.output().expect("the host runs");
        assert!(!output.status.success(), "the host started");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub fn errors(&self) -> String {
        fs::read_to_string(self.folder.path().join("errors.txt")).unwrap_or_default()
    }
}

/// A running host; killed when dropped.
pub struct Host {
    child: Child,
    pub address: String,
    stdout: Option<BufReader<ChildStdout>>,
    errors: PathBuf,
    pub state: PathBuf,
}

impl Host {
    pub fn get(&self, path: &str) -> Answer {
        request(&self.address, "GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        request(&self.address, "POST", path, &[], body.as_bytes())
    }

    /// Rows of a statement run by the guest; its error otherwise.
    pub fn sql(&self, sql: &str, params: serde_json::Value) -> Result<serde_json::Value, String> {
        let answer = self.post("/app/sql", &serde_json::json!({ "sql": sql, "params": params }).to_string());
        match answer.status {
            200 => Ok(answer.json()["rows"].clone()),
            422 => Err(answer.text()),
            _ => panic!("{} {}", answer.status, answer.text()),
        }
    }

    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).expect("readable")
    }

    /// Waits until the host's log has `text`.
    pub fn wait_for_error(&self, text: &str) {
        let started = Instant::now();
        while !self.errors().contains(text) {
            assert!(started.elapsed() < Duration::from_secs(10), "{text:?} is not in {}", self.errors());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Seconds of processor time used so far.
    pub fn processor_time(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a running process");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Waits for the end; gives the exit code, `None` after a signal.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("the host ends").code()
    }

    pub fn try_wait(&mut self) -> bool {
        self.child.try_wait().expect("a status").is_some()
    }

    /// What the host prints on stdout until it ends.
    pub fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        self.stdout.as_mut().expect("a host that is heard").read_to_string(&mut rest).expect("readable");
        rest
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
