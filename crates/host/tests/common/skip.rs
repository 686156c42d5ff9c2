//! A test that cannot run on this machine says so where a script can count it, and fails where all must run.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::{self, Write as _};

thread_local! {
    /// Whether the running test, which has this thread to itself, has said so already.
    static SAID: Cell<bool> = const { Cell::new(false) };
}

/// Says on stderr, and in the file that `RAMANUJAN_SKIPPED_LOG` names, that the running test is left out because it
/// needs `what`; `how` says how to get it. With `RAMANUJAN_REQUIRE_ALL=1` the test fails instead.
pub fn skipped(what: &str, how: &str) {
    if SAID.replace(true) {
        return;
    }
    let thread = std::thread::current();
    let line = format!("SKIPPED {}: needs {what} ({how})\n", thread.name().unwrap_or("a test"));
    // Not `eprintln!`, which the test runner shows for failed tests only.
    let _ = io::stderr().write_all(line.as_bytes());
    if let Some(log) = std::env::var_os("RAMANUJAN_SKIPPED_LOG").filter(|log| !log.is_empty()) {
        let mut log = OpenOptions::new().create(true).append(true).open(log).expect("the log can be written");
        log.write_all(line.as_bytes()).expect("the log can be written");
    }
    let required = std::env::var_os("RAMANUJAN_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "RAMANUJAN_REQUIRE_ALL=1 and {line}");
}
