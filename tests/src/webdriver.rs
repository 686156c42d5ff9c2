//! A browser driven through the W3C WebDriver protocol: JSON over HTTP to Debian's chromedriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::http::Client;
use crate::skip::{self, BROWSER};

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
    /// A browser, or `None` where it is not installed: then the test is skipped, and is to return.
    ///
    /// # Panics
    /// The programs are installed but do not start, or they must be there (see [`skip::has`]).
    pub fn start_or_skip() -> Option<Self> {
        skip::has(BROWSER, &[CHROMIUM, CHROMEDRIVER]).then(Self::start)
    }

    /// # Panics
    /// Chromium or chromedriver does not start.
    fn start() -> Self {
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
        Browser { driver, client, session }
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

    /// Presses and releases keys one after the other, where the focus is. Keys other than characters have their code
    /// points of the WebDriver specification (§17.4.2), e.g. `\u{e007}` for Enter.
    ///
    /// # Panics
    /// The browser refuses.
    pub fn press(&self, keys: &str) {
        let strokes = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()})));
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes.collect::<Vec<_>>()});
        self.command("actions", &json!({"actions": [keyboard]}));
    }

    /// Clicks at a place of the window, in CSS pixels.
    ///
    /// # Panics
    /// The place is outside the window.
    pub fn click_at(&self, x: f64, y: f64) {
        let actions = json!([
            {"type": "pointerMove", "duration": 0, "x": x.round() as i64, "y": y.round() as i64},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]);
        let mouse = json!({"type": "pointer", "id": "mouse", "actions": actions});
        self.command("actions", &json!({"actions": [mouse]}));
    }

    /// Turns the wheel at a place of the window; negative is away from the user.
    ///
    /// # Panics
    /// The place is outside the window.
    pub fn wheel_at(&self, x: f64, y: f64, delta: i32) {
        let action = json!({"type": "scroll", "duration": 0, "x": x.round() as i64, "y": y.round() as i64,
            "deltaX": 0, "deltaY": delta});
        self.command("actions", &json!({"actions": [{"type": "wheel", "id": "wheel", "actions": [action]}]}));
    }

    /// Gives the page a width and height in CSS pixels, as on another device.
    ///
    /// # Panics
    /// The browser refuses.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": true});
        let body = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics});
        self.command("goog/cdp/execute", &body);
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
