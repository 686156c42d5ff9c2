//! Figures of benchmarks, for `scripts/bench.sh`.
//!
//! - `figures table < LINES`: lines of JSON as a Markdown table
//! - `figures report QUICK NAME=COMMAND=FILE... > REPORT`: the lines in these files as one report of this machine
//! - `figures write REPORT PAGE`: the report's tables into the page

use std::io::Read;
use std::process::{Command, ExitCode};

use ramanujan_tests::figures;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["table"] => table(),
        ["report", quick, runs @ ..] => report(*quick == "true", runs),
        ["write", report, page] => write(report, page),
        _ => Err(
            "usage: figures table | figures report QUICK NAME=COMMAND=FILE... | figures write REPORT PAGE"
                .into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

fn table() -> Result<(), String> {
    let mut lines = String::new();
    std::io::stdin().read_to_string(&mut lines).map_err(|error| error.to_string())?;
    print!("{}", figures::markdown(&figures::read_lines(&lines)?));
    Ok(())
}

/// What a program prints, without the end of its line; empty if it cannot be run.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// The value behind the first `name … : ` of a file of /proc.
fn proc(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

fn machine() -> Value {
    let load = std::env::var("RAMANUJAN_LOAD").ok().and_then(|load| load.parse::<f64>().ok());
    json!({
        "model": proc("/proc/cpuinfo", "model name"),
        "processors": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "memory": proc("/proc/meminfo", "MemTotal"),
        "system": said("uname", &["-sr"]),
        "rust": said("rustc", &["--version"]),
        "load": load,
    })
}

fn report(quick: bool, runs: &[&str]) -> Result<(), String> {
    let mut tables = Vec::new();
    for run in runs {
        let parts: Vec<&str> = run.splitn(3, '=').collect();
        let [name, command, file] = parts.as_slice() else {
            return Err(format!("not NAME=COMMAND=FILE: {run}"));
        };
        tables.push(figures::table(name, command, &figures::read_lines(&read(file)?)?));
    }
    let report = json!({
        "revision": said("git", &["rev-parse", "--short", "HEAD"]),
        "modified": !said("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty(),
        "date": said("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        "quick": quick,
        "machine": machine(),
        "tables": tables,
    });
    println!("{report:#}");
    Ok(())
}

fn write(report: &str, page: &str) -> Result<(), String> {
    let report: Value = serde_json::from_str(&read(report)?).map_err(|error| format!("{report}: {error}"))?;
    let written = figures::write(&read(page)?, &report)?;
    std::fs::write(page, written).map_err(|error| format!("{page}: {error}"))
}
