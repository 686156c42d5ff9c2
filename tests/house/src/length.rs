//! How long files are.

use crate::finding::{Finding, Rule};
use crate::tree::Tree;

/// A longer file is a maze.
pub const MOST: usize = 500;
/// A longer file is worth a thought.
pub const LONG: usize = 400;

/// Endings of files that people write and read as programs.
const SOURCES: [&str; 8] = [".rs", ".js", ".css", ".sh", ".py", ".html", ".sql", ".wit"];

fn is_source(file: &str) -> bool {
    SOURCES.iter().any(|ending| file.ends_with(ending))
}

/// Sources of at least this many lines, with their lengths, the longest first.
pub fn longer_than(tree: &Tree, lines: usize) -> Vec<(String, usize)> {
    let sources = tree.files.iter().filter(|file| is_source(file));
    let lengths = sources.filter_map(|file| Some((file.clone(), tree.text(file)?.lines().count())));
    let mut found: Vec<(String, usize)> = lengths.filter(|(_, length)| *length > lines).collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found
}

/// Findings of the repository.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let find = |(path, length): (String, usize)| Finding {
        rule: Rule::Length,
        owner: tree.owner(&path).to_owned(),
        path,
        line: MOST + 1,
        what: format!("{length} lines"),
        remedy: "Split it where it changes its subject; 200 to 270 lines are good",
    };
    longer_than(tree, MOST).into_iter().map(find).collect()
}
