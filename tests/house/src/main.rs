//! `house [--root FOLDER] [--circles] [CRATE]...`: what the rules find in these crates, by their packages or folders;
//! without names, everywhere. `--circles` prints every step of their circles. Ends with 1 if anything was found.

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use ramanujan_house::{Error, Tree, circles, finding, length};

fn main() -> ExitCode {
    let mut root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let (mut steps, mut names) = (false, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--root" => match arguments.next() {
                Some(folder) => root = folder.into(),
                None => return usage(),
            },
            "--circles" => steps = true,
            name if !name.starts_with('-') => {
                names.push(name.rsplit('/').next().unwrap_or(name).to_owned());
            }
            _ => return usage(),
        }
    }
    let failed = |error: &dyn std::fmt::Display| {
        eprintln!("house: {error}");
        ExitCode::from(2)
    };
    let (report, findings) = match Tree::read(&root).and_then(|tree| run(&tree, steps, &names)) {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    match std::io::stdout().write_all(report.as_bytes()) {
        // Whoever reads may have seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => failed(&error),
        _ if findings == 0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: house [--root FOLDER] [--circles] [CRATE]...");
    ExitCode::from(2)
}

/// What there is to say, and how much was found.
fn run(tree: &Tree, steps: bool, names: &[String]) -> Result<(String, usize), Error> {
    let mut report = String::new();
    let chosen = |owner: &str| {
        names.is_empty() || names.iter().any(|name| owner == name || owner == format!("ramanujan-{name}"))
    };
    if steps {
        for own in tree.crates.iter().filter(|own| chosen(&own.name)) {
            circles::edges(own).iter().for_each(|edge| report += &format!("{}: {edge}\n", own.name));
        }
    }
    let mut findings = ramanujan_house::check(tree)?;
    findings.retain(|finding| chosen(&finding.owner));
    report += &finding::list(&findings);
    let long = length::longer_than(tree, length::LONG);
    let long = long.iter().filter(|(path, _)| chosen(tree.owner(path)));
    long.for_each(|(path, lines)| report += &format!("long: {path}, {lines} lines\n"));
    Ok((report, findings.len()))
}
