//! Tests that cannot run here for want of a tool: they say so, and where everything must run they fail.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Names the file that takes a line for each skipped test; `scripts/test.sh` prints it at its end.
const LOG: &str = "RAMANUJAN_SKIPPED_LOG";
/// With the value 1 a test that cannot run fails. The checks of the repository set it.
const REQUIRE_ALL: &str = "RAMANUJAN_REQUIRE_ALL";

/// What a test wants.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// E.g. `llvm-as`.
    pub what: &'static str,
    /// How it comes onto the machine, e.g. `Debian: llvm`.
    pub from: &'static str,
}

/// LLVM's tools, and a C compiler to link with.
pub const LLVM: Need = Need { what: "llvm-as, opt and llc", from: "Debian: llvm" };
/// A browser and its driver.
pub const BROWSER: Need =
    Need { what: "/usr/bin/chromium and /usr/bin/chromedriver", from: "Debian: chromium chromium-driver" };
/// The reference parser of OpenQASM 3.
pub const OPENQASM: Need =
    Need { what: "target/python/openqasm", from: "Debian: python3-venv, then scripts/python.sh openqasm" };
/// The schema of OpenAPI documents.
pub const OPENAPI: Need =
    Need { what: "target/python/openapi", from: "Debian: python3-venv, then scripts/python.sh openapi" };
/// Another reader of Parquet files.
pub const DUCKDB: Need =
    Need { what: "target/python/duckdb", from: "Debian: python3-venv, then scripts/python.sh duckdb" };
/// A model of embeddings.
pub const EMBEDDINGS: Need = Need {
    what: "target/python/embeddings",
    from: "Debian: python3-venv, then scripts/python.sh embeddings",
};
/// A message broker, as a program.
pub const NATS: Need =
    Need { what: "target/python/nats", from: "Debian: python3-venv, then scripts/python.sh nats" };
/// What the examples of the documentation use.
pub const CURL: Need = Need { what: "curl", from: "Debian: curl" };

/// The running test, as `binary::name`.
fn test() -> String {
    let binary = std::env::current_exe().unwrap_or_default();
    let stem = binary.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // Cargo appends a hash to the name of a test's binary.
    let stem = stem.rsplit_once('-').map_or(stem.as_str(), |(name, _)| name);
    format!("{stem}::{}", std::thread::current().name().unwrap_or("a test"))
}

/// Whether a program is there, by its path or on `PATH`.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program.contains('/') && Path::new(program).is_file()
        || std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether every program is there; if one is not, the test that asks is skipped: it is to return.
///
/// # Panics
/// One is not there, and `RAMANUJAN_REQUIRE_ALL` is 1.
#[must_use]
pub fn has(need: Need, programs: &[&str]) -> bool {
    let is_there = programs.iter().all(|program| is_installed(program));
    if !is_there {
        let require_all = std::env::var(REQUIRE_ALL).is_ok_and(|value| value == "1");
        let log = std::env::var_os(LOG);
        report(&test(), need, log.as_deref().map(Path::new), require_all);
    }
    is_there
}

/// Skips the test that asks for want of something that no package brings, also where all must run: what it is, and why it is
/// not there.
pub fn cannot(what: &str, reason: &str) {
    let log = std::env::var_os(LOG);
    note(&format!("SKIPPED {}: needs {what} ({reason})", test()), log.as_deref().map(Path::new));
}

/// Says that a test was skipped, on stderr and in the log.
///
/// # Panics
/// `require_all`, or the log cannot be written.
fn report(test: &str, need: Need, log: Option<&Path>, require_all: bool) {
    let line = format!("SKIPPED {test}: needs {} ({})", need.what, need.from);
    assert!(!require_all, "{line}, and {REQUIRE_ALL}=1 says that every test must run");
    note(&line, log);
}

fn note(line: &str, log: Option<&Path>) {
    // The harness captures `eprintln!`, but not what is written to the handle itself.
    let _ = writeln!(std::io::stderr(), "{line}");
    if let Some(log) = log {
        let file = OpenOptions::new().create(true).append(true).open(log);
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_test_is_named_with_what_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("skipped");
        report("pages::a", BROWSER, Some(&log), false);
        report("code::b", LLVM, Some(&log), false);
        assert_eq!(
            std::fs::read_to_string(log).unwrap(),
            "SKIPPED pages::a: needs /usr/bin/chromium and /usr/bin/chromedriver (Debian: chromium chromium-driver)\n\
             SKIPPED code::b: needs llvm-as, opt and llc (Debian: llvm)\n"
        );
    }

    #[test]
    #[should_panic(expected = "every test must run")]
    fn where_all_must_run_it_fails() {
        report("pages::a", BROWSER, None, true);
    }

    #[test]
    fn programs_are_found_on_the_path_and_by_their_own() {
        assert!(is_installed("sh") && is_installed("/bin/sh"));
        assert!(!is_installed("no-such-program") && !is_installed("/no/such/program"));
        assert!(
            test().ends_with("skip::tests::programs_are_found_on_the_path_and_by_their_own"),
            "{}",
            test()
        );
    }
}
