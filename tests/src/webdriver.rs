//! A browser driven through the W3C WebDriver protocol: JSON over HTTP to Debian's chromedriver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::http::Client;

const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";

/// A headless Chromium with one window; dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
}

impl Browser {
    /// `Err` says which program is missing.
    ///
    /// # Errors
    /// Chromium or chromedriver is not installed.
    ///
    /// # Panics
    /// They are installed but do not start.
    pub fn start() -> Result<Self, String> {
        for program in [CHROMIUM, CHROMEDRIVER] {
            if !Path::new(program).exists() {
                return Err(format!(
                    "{program} is missing (Debian: apt-get install chromium chromium-driver)"
                ));
            }
        }
        let mut driver = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be started");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output is a pipe")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        let port: u16 = port.expect("chromedriver says its port");
        std::thread::spawn(move || lines.for_each(drop));
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
        ];
        let options = json!({"binary": CHROMIUM, "args": arguments});
        let capabilities = json!({"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}}});
        let reply = client.post("/session", &json!({"capabilities": capabilities})).json();
        let session =
            reply["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {reply}")).to_owned();
        Ok(Browser { driver, client, session })
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Panics
    /// The browser refuses.
    pub fn open(&self, url: &str) {
        self.command("url", &json!({"url": url}));
    }

    /// What `script`, the body of a function, returns.
    ///
    /// # Panics
    /// It throws.
    pub fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Messages of the page's console, among them every error of its scripts and its security policy.
    ///
    /// # Panics
    /// The browser refuses.
    pub fn console(&self) -> Vec<String> {
        let entries = self.command("se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| format!("{}: {}", entry["level"], entry["message"])).collect()
    }

    fn command(&self, name: &str, body: &Value) -> Value {
        let reply = self.client.post(&format!("/session/{}/{name}", self.session), body);
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
        reply.json()["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session.
        self.client.delete(&format!("/session/{}", self.session));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
