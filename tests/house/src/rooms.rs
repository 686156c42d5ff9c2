//! What may be named in which room of a crate: SQL and rows in `store/`, HTTP in `routes/`, and neither in a pure
//! library.

use std::collections::BTreeMap;

use crate::finding::{Finding, Rule};
use crate::modules::{Meaning, Modules, roots};
use crate::tree::{Crate, Kind};

/// How statements begin. Two words where one alone also begins other things (`DELETE /agents/{id}`).
const STATEMENTS: [&str; 22] = [
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "REPLACE INTO ",
    "DELETE FROM ",
    "UPDATE ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "CREATE UNIQUE ",
    "CREATE VIEW ",
    "CREATE TRIGGER ",
    "CREATE TEMP",
    "CREATE VIRTUAL ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "DROP INDEX ",
    "PRAGMA ",
    "WITH ",
    "BEGIN ",
    "VALUES (",
    "EXPLAIN QUERY ",
    "VACUUM",
];
/// How parts of statements begin.
const PARTS: [&str; 11] = [
    "FROM ",
    "WHERE ",
    "AND ",
    "ORDER BY ",
    "GROUP BY ",
    "LIMIT ",
    "JOIN ",
    "LEFT JOIN ",
    "ON CONFLICT",
    "RETURNING ",
    "UNION ",
];

/// Types of shell that name rows.
const ROWS: [&str; 6] = ["Store", "Row", "Schema", "Value", "store", "row"];
/// Names of shell that are HTTP.
const HTTP: [&str; 10] =
    ["Request", "Response", "Query", "Body", "json", "ok", "request", "response", "body", "router"];

/// Whether a text is SQL.
pub fn is_sql(text: &str) -> bool {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.contains(' ') && STATEMENTS.iter().chain(&PARTS).any(|begin| words.starts_with(begin))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Lib,
    Routes,
    Store,
    Domain,
}

fn room(inside: &str) -> Room {
    match inside {
        "lib.rs" => Room::Lib,
        _ if inside.starts_with("routes/") => Room::Routes,
        _ if inside.starts_with("store/") => Room::Store,
        _ => Room::Domain,
    }
}

/// Findings of a crate.
pub fn check(own: &Crate) -> Vec<Finding> {
    if !matches!(own.kind, Kind::Component | Kind::Pure) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for root in roots(&own.folder, &own.sources) {
        let modules = Modules::new(root, &own.sources);
        for at in 0..modules.0.len() {
            match own.kind {
                Kind::Component => component(own, &modules, at, &mut findings),
                _ => pure(own, &modules, at, &mut findings),
            }
        }
    }
    findings
}

/// Names of other crates in a module, each with the line where it first stands and how often it does.
fn outside(modules: &Modules<'_>, at: usize) -> BTreeMap<Vec<String>, (usize, usize)> {
    let scope = &modules.0[at].scope;
    let imports = scope.imports.iter().map(|import| (&import.path, import.line));
    let mut found: BTreeMap<Vec<String>, (usize, usize)> = BTreeMap::new();
    for (path, line) in imports.chain(scope.paths.iter().map(|used| (&used.path, used.line))) {
        if let Meaning::Outside(known) = modules.resolve(at, path) {
            let known = known.into_iter().filter(|part| !part.is_empty()).collect();
            let entry = found.entry(known).or_insert((line, 0));
            *entry = (entry.0.min(line), entry.1 + 1);
        }
    }
    found
}

/// Whether a path is one of these names of shell, or something below one.
fn of_shell(path: &[String], names: &[&str]) -> bool {
    matches!(path, [first, second, ..] if first == "ramanujan_shell" && names.contains(&second.as_str()))
}

fn times(count: usize) -> String {
    if count > 1 { format!(", {count} times") } else { String::new() }
}

fn component(own: &Crate, modules: &Modules<'_>, at: usize, findings: &mut Vec<Finding>) {
    let (source, scope) = (modules.0[at].source, &modules.0[at].scope);
    let room = room(own.inside(&source.path));
    let mut add = |rule, line, what: String, remedy| {
        let (owner, path) = (own.name.clone(), source.path.clone());
        findings.push(Finding { rule, owner, path, line, what, remedy });
    };
    if room != Room::Store {
        for text in &scope.texts {
            if is_sql(&text.value) {
                let begin: String = text.value.trim_start().chars().take(30).collect();
                add(Rule::Sql, text.line, format!("SQL: {begin:?}"), "Statements stand in store/");
            } else if text.value.ends_with(".sql") {
                add(Rule::Sql, text.line, format!("{} is read", text.value), "SQL files belong to store/");
            }
        }
    }
    for (path, (line, count)) in outside(modules, at) {
        let name = path.join("::");
        if of_shell(&path, &ROWS) && room != Room::Store {
            let remedy = "Let a function of store/ open the store, read the rows and give the domain's types";
            add(Rule::Sql, line, format!("names {name}{}", times(count)), remedy);
        }
        let table = matches!(room, Room::Lib | Room::Routes);
        let http = path[0] == "http" || of_shell(&path, &HTTP);
        if http && !table {
            let remedy = "Only routes/ knows HTTP: read the request there, and pass what it says";
            add(Rule::Http, line, format!("names {name}{}", times(count)), remedy);
        }
        if of_shell(&path, &["Service", "Info"]) && !table {
            add(Rule::Http, line, format!("names {name}"), "The table of routes stands in lib.rs");
        }
    }
    if room != Room::Routes {
        for line in &scope.statuses {
            let remedy = "Only routes/ knows statuses; elsewhere it is a code of ramanujan_core::problem";
            add(Rule::Http, *line, "a numeric HTTP status".into(), remedy);
        }
    }
    if room == Room::Lib {
        for line in &scope.asyncs {
            add(Rule::Anatomy, *line, "a handler in lib.rs".into(), "Handlers stand in routes/");
        }
    }
}

fn pure(own: &Crate, modules: &Modules<'_>, at: usize, findings: &mut Vec<Finding>) {
    let (source, scope) = (modules.0[at].source, &modules.0[at].scope);
    let core = own.folder == "crates/core";
    // The one table of all problems and their statuses.
    let table = core && own.inside(&source.path).starts_with("problem");
    let remedy =
        "A pure library knows no HTTP: give it an error type of its own, and let the component map it";
    let mut add = |line, what: String| {
        let (owner, path) = (own.name.clone(), source.path.clone());
        findings.push(Finding { rule: Rule::Http, owner, path, line, what, remedy });
    };
    for (path, (line, count)) in outside(modules, at) {
        let problem = path[0] == "ramanujan_core"
            && path.iter().any(|name| matches!(name.as_str(), "Problem" | "problem"));
        if matches!(path[0].as_str(), "http" | "ramanujan_shell") || (problem && !core) {
            add(line, format!("names {}{}", path.join("::"), times(count)));
        }
    }
    if !table {
        for line in &scope.statuses {
            add(*line, "a numeric HTTP status".into());
        }
    }
}
