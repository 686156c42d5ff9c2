//! The real host with the real timeline and nothing else: it starts in a fraction of a second, so that a test can
//! kill it hundreds of times.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::http::Client;
use crate::network::{binary, root};

/// A running host; dropping it kills it.
#[derive(Debug)]
pub struct Timeline {
    child: Child,
    url: String,
}

/// The part of spin.toml that is the timeline's, with the component's file named from the root and other `settings`.
fn manifest(settings: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml is readable");
    let whole: toml::Table = text.parse().expect("spin.toml is TOML");
    let mut component = whole["component"]["interaction-timeline"].clone();
    let table = component.as_table_mut().expect("a component is a table");
    table.remove("build");
    let source = root().join(table["source"].as_str().expect("it has a file"));
    assert!(source.is_file(), "{} is not built: scripts/build.sh", source.display());
    table.insert("source".into(), source.display().to_string().into());
    let environment = table["environment"].as_table_mut().expect("it has settings");
    for (name, value) in settings {
        assert!(
            environment.insert((*name).into(), (*value).into()).is_some(),
            "{name} is declared in spin.toml"
        );
    }
    let text = toml::to_string(&toml::Table::from_iter([(
        "component".to_owned(),
        toml::Table::from_iter([("interaction-timeline".to_owned(), component)]).into(),
    )]));
    format!(
        "spin_manifest_version = 2\n[application]\nname = \"timeline\"\n\
         [[trigger.http]]\nroute = \"/timeline/...\"\ncomponent = \"interaction-timeline\"\n\
         [[trigger.http]]\nroute = \"/api/timeline\"\ncomponent = \"interaction-timeline\"\n{}",
        text.expect("a manifest")
    )
}

impl Timeline {
    /// Starts a host on the state in `folder`, which keeps it.
    ///
    /// # Panics
    /// It does not come up.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, "")
    }

    /// Other settings for the hosts that are started on `folder` from now on.
    ///
    /// # Panics
    /// The folder cannot be written, or a setting is not one of the timeline's.
    pub fn configure(folder: &Path, settings: &[(&str, &str)]) {
        std::fs::write(folder.join("spin.toml"), manifest(settings)).expect("the manifest can be written");
    }

    /// As [`start`](Self::start), after shell commands that set limits, e.g. `ulimit -S -f 1024;`.
    ///
    /// # Panics
    /// It does not come up.
    pub fn start_with(folder: &Path, limits: &str) -> Self {
        let file = folder.join("spin.toml");
        if !file.exists() {
            Self::configure(folder, &[]);
        }
        let mut child = Command::new("bash")
            .args(["-c", &format!("{limits} exec \"$@\""), "bash"])
            .arg(binary())
            .args(["up", "--quiet", "--listen", "127.0.0.1:0", "--max-instance-reuse", "128", "--manifest"])
            .arg(&file)
            .arg("--state-dir")
            .arg(folder.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the host can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Serving ").map(|url| url.trim_end_matches('/').to_owned()));
        // Reads on, so that the host never writes into a closed pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let Some(url) = url else {
            let _ = child.kill();
            panic!("the host did not come up: {:?}", child.wait());
        };
        Timeline { child, url }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as `kill -9` does. Requests then fail.
    ///
    /// # Panics
    /// It cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("the host can be killed");
        self.child.wait().expect("the host ends");
    }
}

impl Drop for Timeline {
    fn drop(&mut self) {
        // Ended already where a test killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
