//! One line per event on standard error, where Spin and the host collect it per component.

use std::error::Error;
use std::io::Write as _;

use ramanujan_core::Problem;

use crate::setting;

/// Severity, in falling order; `LOG_LEVEL` (default `info`) names the least that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

fn threshold() -> Level {
    match setting::text("LOG_LEVEL").as_deref() {
        Some("error") => Level::Error,
        Some("warn") => Level::Warn,
        Some("debug" | "trace") => Level::Debug,
        _ => Level::Info,
    }
}

fn write(level: Level, component: &str, message: &str) {
    if level <= threshold() {
        let level = format!("{level:?}").to_ascii_lowercase();
        // Where the log cannot be written, for instance on a full disk, the request still gets its answer: `eprintln!`
        // would end the component.
        let _ = writeln!(std::io::stderr(), "{level} {component}: {}", message.replace('\n', "\\n"));
    }
}

/// Something failed that should not.
pub fn error(component: &str, message: &str) {
    write(Level::Error, component, message);
}

/// A problem that is ours, with all that it comes from.
pub fn problem(component: &str, problem: &Problem) {
    let mut message = problem.to_string();
    let mut cause = problem.source();
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    error(component, &message);
}

/// Something looks wrong, work goes on.
pub fn warn(component: &str, message: &str) {
    write(Level::Warn, component, message);
}

/// Something worth knowing in ordinary operation.
pub fn info(component: &str, message: &str) {
    write(Level::Info, component, message);
}

/// Something that only who looks for a fault wants to know.
pub fn debug(component: &str, message: &str) {
    write(Level::Debug, component, message);
}
