//! `house [--root FOLDER] [--circles] [CRATE]...`: what the rules find in these crates, by their packages or folders;
//! without names, everywhere. `--circles` prints every step of their circles. Ends with 1 if anything was found.

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
    match Tree::read(&root).and_then(|tree| run(&tree, steps, &names)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("house: {error}");
            ExitCode::from(2)
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: house [--root FOLDER] [--circles] [CRATE]...");
    ExitCode::from(2)
}

/// Prints; returns how much was found.
fn run(tree: &Tree, steps: bool, names: &[String]) -> Result<usize, Error> {
    let chosen = |owner: &str| {
        names.is_empty() || names.iter().any(|name| owner == name || owner == format!("ramanujan-{name}"))
    };
    if steps {
        for own in tree.crates.iter().filter(|own| chosen(&own.name)) {
            circles::edges(own).iter().for_each(|edge| println!("{}: {edge}", own.name));
        }
    }
    let mut findings = ramanujan_house::check(tree)?;
    findings.retain(|finding| chosen(&finding.owner));
    print!("{}", finding::list(&findings));
    let long = length::longer_than(tree, length::LONG);
    let long = long.iter().filter(|(path, _)| chosen(tree.owner(path)));
    long.for_each(|(path, lines)| println!("long: {path}, {lines} lines"));
    Ok(findings.len())
}
