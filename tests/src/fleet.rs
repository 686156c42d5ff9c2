//! Runs `ramanujan fleet` as a user would.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::Client;
use crate::network::{binary, eventually, root, signal, wait};

/// Longest start and end of a fleet.
const LIMIT: Duration = Duration::from_secs(180);
/// Ports tried, in steps: below those that the system gives out, so that nobody takes one between look and start.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A running fleet; dropping it ends it.
#[derive(Debug)]
pub struct Fleet {
    child: Child,
    folder: TempDir,
    base_port: u16,
    sites: u16,
}

/// Ports between the first ones of two fleets.
const STEP: u16 = 50;

/// The first of so many free ports in a row; another one each time, because a fleet does not take them at once.
pub(crate) fn free_ports(count: u16) -> u16 {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    // Other test binaries begin elsewhere.
    let start = std::process::id() as usize % 200 + TAKEN.fetch_add(1, Ordering::Relaxed);
    let mut bases = PORTS.step_by(usize::from(STEP)).cycle().skip(start).take(1000);
    bases
        .find(|base| (*base..base + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()))
        .expect("free ports")
}

impl Fleet {
    /// Starts a fleet in a fresh folder, and waits until all of its sites serve.
    ///
    /// # Panics
    /// It does not come up.
    pub fn start(sites: u16, topology: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let base_port = free_ports(sites);
        let mut command = Command::new(binary());
        command
            .args(["fleet", "up", "--topology", topology, "--sites", &sites.to_string()])
            .args(["--base-port", &base_port.to_string(), "--state-dir"])
            .arg(folder.path())
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let child = command.spawn().expect("the fleet can be started");
        let mut fleet = Fleet { child, folder, base_port, sites };
        eventually("all sites serve", LIMIT, || {
            let ended = fleet.child.try_wait().expect("the fleet can be waited for");
            assert!(ended.is_none(), "the fleet ended ({ended:?}); its errors stand above");
            let lines = fleet.status();
            let up = lines.iter().filter(|line| line["state"] == "up").count();
            (up == usize::from(sites)).then_some(())
        });
        fleet
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of one site.
    pub fn url(&self, site: u16) -> String {
        format!("http://127.0.0.1:{}", self.base_port + site)
    }

    /// A client of one site.
    pub fn client(&self, site: u16) -> Client {
        Client::new(&self.url(site))
    }

    /// Runs a command of the fleet.
    ///
    /// # Panics
    /// The program cannot be started.
    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.arg("fleet").args(args).arg("--state-dir").arg(self.folder());
        command.output().expect("the command can be started")
    }

    /// Runs one that must succeed; what it prints.
    ///
    /// # Panics
    /// It does not.
    pub fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "fleet {args:?}: {out}{err}");
        out.into_owned()
    }

    /// How the sites stand; empty while the fleet does not answer.
    ///
    /// # Panics
    /// The program cannot be started, or does not print JSON.
    pub fn status(&self) -> Vec<Value> {
        let output = self.run(&["status", "--json"]);
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The processes of its sites.
    ///
    /// # Panics
    /// The list of sites cannot be read.
    pub fn processes(&self) -> Vec<u64> {
        let list = std::fs::read(self.folder().join("fleet.json")).expect("the list of sites");
        let list: Value = serde_json::from_slice(&list).expect("JSON");
        let sites = list["sites"].as_array().expect("sites");
        assert_eq!(sites.len(), usize::from(self.sites));
        sites.iter().filter_map(|site| site["pid"].as_u64()).collect()
    }

    /// Kills the fleet's own process as `kill -9` does, not its sites.
    pub fn kill(&mut self) {
        self.child.kill().expect("the fleet can be killed");
        self.child.wait().expect("the fleet ends");
    }

    /// Ends it as Ctrl-C does, and says with which exit code it ended.
    pub fn interrupt(&mut self) -> Option<i32> {
        signal(&self.child, "INT");
        wait(&mut self.child, LIMIT).code()
    }
}

impl Fleet {
    /// Prints the end of what each site wrote: its components say there why they refused something.
    pub fn print_logs(&self) {
        const LAST: usize = 4000;
        for site in 0..self.sites {
            let log = self.folder().join(format!("site-{site}/host.log"));
            let log = std::fs::read(log).unwrap_or_default();
            let end = &log[log.len().saturating_sub(LAST)..];
            eprintln!("--- site-{site} ---\n{}", String::from_utf8_lossy(end));
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_logs();
        }
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.interrupt();
        }
    }
}
