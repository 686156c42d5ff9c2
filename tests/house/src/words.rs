//! No text speaks of a file that is not in the repository, nor of documents that its reader does not have.

use crate::finding::{Finding, Rule};
use crate::tree::Tree;

/// What only those know who had other documents. In two halves, or this file would be its own finding.
const STRANGERS: [(&str, &str); 7] = [
    ("network", ".md"),
    ("runtime", ".md"),
    ("decisions", ".md"),
    ("ecosystem", ".md"),
    ("agents-and-broker", ".md"),
    ("the gui", "de"),
    ("../sha", "red"),
];

/// Files that may name them, with the reason: the beginning of a path, and the beginning of what it may say.
const ALLOWED: [(&str, &str, &str); 6] = [
    ("docs/origins.md", "", "says what became of each line of the documents that the project comes from"),
    ("scripts/common.sh", "../", "where a checkout may find recorded sessions; nothing needs them"),
    ("crates/host/tests/stores.rs", "single.md", "a file that the test makes"),
    ("crates/verification/calibration/texts.py", "", "a phrase of the sentences that are embedded"),
    ("tests/house/src/words.rs", "single.md", "this table"),
    ("tests/house/tests/rules/", "", "files and words that the rules are to find"),
];

/// What a line says of an issue, by its number or with "the" or "this" before it: a list of them is not in the
/// repository either. An address on the web says where its issue is.
fn issue(line: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut at = 0;
    for word in line.split(|c| !is_part(c)) {
        if !word.is_empty() {
            words.push((at, word));
        }
        // What lies between is one character, of more bytes than one perhaps.
        at += word.len();
        at += line[at..].chars().next().map_or(0, char::len_utf8);
    }
    let is_one_of = |word: &str, list: &[&str]| list.iter().any(|other| word.eq_ignore_ascii_case(other));
    words.windows(2).find_map(|pair| {
        let [(start, one), (next, other)] = *pair else { return None };
        let between = &line[start + one.len()..next];
        let numbered = is_one_of(one, &["issue", "issues"])
            && matches!(between, " " | " #" | "-")
            && other.bytes().all(|byte| byte.is_ascii_digit());
        let known = between == " " && is_one_of(one, &["the", "this"]) && is_one_of(other, &["issue"]);
        (numbered || known).then(|| &line[start..next + other.len()])
    })
}

/// Whether a file may say a word.
fn is_allowed(file: &str, word: &str) -> bool {
    ALLOWED.iter().any(|(start, says, _)| file.starts_with(start) && word.starts_with(says))
}

/// Endings of files that are read as text.
const TEXTS: [&str; 15] = [
    ".rs", ".md", "api.json", ".toml", ".sh", ".js", ".css", ".html", ".sql", ".wit", ".py", ".yml", ".c",
    ".txt", "/run",
];

/// Whether `text` has `word` and not as the end of another one.
fn find<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let lower = text.to_lowercase();
    let at = lower
        .match_indices(word)
        .map(|(at, _)| at)
        .find(|at| !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))?;
    text.get(at..at + word.len())
}

/// The files ending in `.md` that a line names, without those of the web and those whose folder is a variable.
fn documents(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | ':' | '$');
    line.split(move |c| !is_part(c))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| word.ends_with(".md") && word.len() > ".md".len() && !word.contains([':', '$']))
}

/// Findings in one file; `exists` knows the files of the repository by the ends of their paths.
pub fn check_text(file: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let strangers = STRANGERS.map(|(one, other)| format!("{one}{other}"));
        let mut said: Vec<&str> = strangers.iter().filter_map(|word| find(line, word)).collect();
        for document in documents(line) {
            let name = document.trim_start_matches("../").trim_start_matches("./").trim_start_matches('/');
            if !exists(name) && !said.iter().any(|word| name.ends_with(word)) {
                said.push(document);
            }
        }
        said.extend(issue(line));
        said.retain(|word| !is_allowed(file, word));
        found.extend(said.into_iter().map(|word| (at + 1, word.to_owned())));
    }
    found
}

/// Findings of the repository.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let exists = |name: &str| {
        tree.files
            .iter()
            .any(|file| file.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
    };
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| TEXTS.iter().any(|ending| file.ends_with(ending))) {
        let Some(text) = tree.text(file) else { continue };
        for (line, word) in check_text(file, &text, exists) {
            findings.push(Finding {
                rule: Rule::Words,
                owner: tree.owner(file).to_owned(),
                path: file.clone(),
                line,
                what: format!("speaks of {word:?}, which is not in the repository"),
                remedy: "Say it here in plain words, or name the page of docs/ that says it",
            });
        }
    }
    findings
}
