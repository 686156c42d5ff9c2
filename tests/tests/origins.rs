//! `docs/origins.md` and the pages below it say what five documents promised, where each promise is kept and
//! which test shows it. Here every file and every test that they name must be there, each promise must have a
//! place or be said to be missing, and the counts in the index must be right. So it is for the other pages
//! that lead through the source.
//!
//! In these pages a word between backticks that begins with a folder of the repository is a path, relative to
//! its root; `path::name` is a test in that file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The pages with one row per promise.
const PROMISES: [&str; 5] = ["000", "001", "002", "003", "004"];

/// Pages whose paths and tests are checked too.
const OTHERS: [&str; 3] = ["docs/origins.md", "docs/architecture.md", "CONTRIBUTING.md"];

/// A backticked word that begins so is a path.
const FOLDERS: [&str; 10] =
    [".ci/", ".github/", "benches/", "crates/", "docs/", "fuzz/", "scripts/", "tests/", "web/", "wit/"];

/// Files in the root of the repository.
const FILES: [&str; 4] = ["CONTRIBUTING.md", "Cargo.toml", "README.md", "spin.toml"];

/// What still has to be built; a missing promise names the part that it belongs to.
const PARTS: [&str; 5] = ["sites", "agents", "broker", "access", "operations"];

const MISSING: &str = "not there yet";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(number: &str) -> String {
    format!("docs/origins/{number}.md")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file or folder that a page names, with the test in it if it names one.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    path: &'a str,
    test: Option<&'a str>,
}

/// What a text names between backticks. Of a command with arguments the program counts; a path with a place
/// holder (`<name>`, `*`, `…`) names no file.
fn named(text: &str) -> Vec<Named<'_>> {
    let words = text.split('`').skip(1).step_by(2).filter_map(|token| token.split_whitespace().next());
    let paths = words.filter(|word| FOLDERS.iter().any(|f| word.starts_with(f)) || FILES.contains(word));
    paths
        .filter(|path| !path.contains(['<', '*', '…', '{']))
        .map(|word| match word.split_once("::") {
            Some((path, test)) => Named { path, test: Some(test) },
            None => Named { path: word, test: None },
        })
        .collect()
}

/// The names of the tests in a source file.
fn tests_in(source: &str) -> BTreeSet<&str> {
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(name) = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ") {
            let end = name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(name.len());
            if is_test {
                tests.insert(&name[..end]);
            }
            is_test = false;
        } else if !(line.is_empty() || line.starts_with("//") || line.starts_with("#[")) {
            is_test = false;
        }
    }
    tests
}

/// Why what a page names is not there.
fn absence(named: &Named<'_>) -> Option<String> {
    let path = root().join(named.path);
    if !path.exists() {
        return Some(format!("there is no {}", named.path));
    }
    let test = named.test?;
    match fs::read_to_string(&path) {
        Ok(source) if tests_in(&source).contains(test) => None,
        Ok(_) => Some(format!("{} has no test {test}", named.path)),
        Err(error) => Some(format!("{}: {error}", named.path)),
    }
}

/// The cells of the rows of all tables of a page, without heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_rule = |line: &str| line.starts_with('|') && line.chars().all(|c| "|-: ".contains(c));
    let is_head = |at: usize| lines.get(at + 1).is_some_and(|next| is_rule(next));
    let rows = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| line.starts_with('|') && !is_rule(line) && !is_head(*at));
    rows.map(|(_, line)| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// How a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Kept,
    InPart,
    Missing,
}

/// How the promise of a row stands, or what is wrong with the row. Its cells: the promise, where it is, what
/// shows it.
fn standing(cells: &[&str]) -> Result<Standing, String> {
    let [promise, place, shown] = cells else {
        return Err(format!("a row has a promise, a place and what shows it, not {} cells", cells.len()));
    };
    if promise.is_empty() {
        return Err("the promise is empty".into());
    }
    let has_place = !named(place).is_empty();
    let missing: Vec<&str> = place.split(MISSING).skip(1).collect();
    for rest in &missing {
        if !PARTS.iter().any(|part| rest.starts_with(&format!(" ({part})"))) {
            return Err(format!("say after `{MISSING}` which part it belongs to: ({})", PARTS.join("), (")));
        }
    }
    let standing = match (has_place, missing.is_empty()) {
        (true, true) => Standing::Kept,
        (true, false) => Standing::InPart,
        (false, false) => return Ok(Standing::Missing),
        (false, true) => return Err(format!("it has neither a place nor `{MISSING}`")),
    };
    if named(shown).is_empty() && !shown.starts_with("no test") {
        return Err("name what shows it, or say why there is no test".into());
    }
    Ok(standing)
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_file_and_every_test_that_the_pages_name_is_there() {
    let pages = PROMISES.map(page).into_iter().chain(OTHERS.map(str::to_owned));
    let mut faults = Vec::new();
    let mut tests = 0;
    for page in pages {
        let text = read(&page);
        for (line, content) in (1..).zip(text.lines()) {
            let named = named(content);
            tests += named.iter().filter(|named| named.test.is_some()).count();
            faults.extend(named.iter().filter_map(absence).map(|fault| format!("{page}:{line}: {fault}")));
        }
    }
    assert_none(&faults);
    assert!(tests > 100, "only {tests} tests are named");
}

#[test]
fn every_promise_has_a_place_or_is_said_to_be_missing() {
    let mut faults = Vec::new();
    for page in PROMISES.map(page) {
        let text = read(&page);
        let rows = rows(&text);
        assert!(rows.len() >= 20, "{page} has {} rows", rows.len());
        for cells in rows {
            if let Err(fault) = standing(&cells) {
                faults.push(format!("{page}: {}: {fault}", cells.join(" | ")));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_index_counts_the_promises_of_each_document() {
    let index = read("docs/origins.md");
    let counted = rows(&index);
    for number in PROMISES {
        let text = read(&page(number));
        let mut counts: BTreeMap<Standing, usize> = BTreeMap::new();
        for standing in rows(&text).iter().filter_map(|cells| standing(cells).ok()) {
            *counts.entry(standing).or_default() += 1;
        }
        let expected = [Standing::Kept, Standing::InPart, Standing::Missing]
            .map(|standing| counts.get(&standing).copied().unwrap_or(0).to_string());
        let link = format!("[{number}](origins/{number}.md)");
        let row = counted.iter().find(|cells| cells[0] == link).unwrap_or_else(|| panic!("no row {link}"));
        assert_eq!(row[2..], expected, "kept, in part, missing of {number}");
    }
}

/// Without this the checks above could pass by finding nothing.
#[test]
fn what_is_wrong_in_a_page_is_found() {
    let words = "`crates/core/src/color.rs::join_is_a_semilattice`, `scripts/bench.sh host`, \
                 `POST /crdt/apply`, `crates/<name>/`, `README.md`";
    assert_eq!(
        named(words),
        [
            Named { path: "crates/core/src/color.rs", test: Some("join_is_a_semilattice") },
            Named { path: "scripts/bench.sh", test: None },
            Named { path: "README.md", test: None },
        ]
    );
    let here = "tests/tests/origins.rs";
    let absent = |path, test| absence(&Named { path, test });
    assert_eq!(absent(here, Some("what_is_wrong_in_a_page_is_found")), None);
    assert_eq!(absent("crates/", None), None);
    assert!(absent("crates/nowhere/", None).is_some());
    assert!(absent(here, Some("tests_in")).is_some(), "a function that is no test shows nothing");
    assert!(absent("crates/", Some("a_test")).is_some());

    let text =
        "| promised | where | shown by |\n|---|---|---|\n| a | `README.md` | no test: a page |\n\nText.\n";
    let rows = rows(text);
    assert_eq!(rows, [["a", "`README.md`", "no test: a page"]]);
    let of = |place: &str, shown: &str| standing(&["a promise", place, shown]);
    assert_eq!(of("`README.md`", "no test: a page"), Ok(Standing::Kept));
    assert_eq!(of("`README.md`; not there yet (sites): more", "`.ci/run`"), Ok(Standing::InPart));
    assert_eq!(of("not there yet (broker)", ""), Ok(Standing::Missing));
    for (place, shown) in [
        ("somewhere", "`.ci/run`"),
        ("", ""),
        ("`README.md`", ""),
        ("`README.md`", "it is obvious"),
        ("not there yet", ""),
        ("not there yet (some day)", ""),
    ] {
        assert!(of(place, shown).is_err(), "{place} | {shown}");
    }
    assert!(standing(&["a promise", "`README.md`"]).is_err());
    let source = "#[test]\n// why\nfn one() {}\nfn two() {}\n#[test]\nconst X: u8 = 1;\nfn three() {}
        #[tokio::test(flavor = \"multi_thread\")]\nasync fn four() {}";
    assert_eq!(tests_in(source), BTreeSet::from(["four", "one"]));
}

/// The variables of `spin.toml` by component, with what each is worth where nobody sets it: those of its environment, and in
/// capitals those that are templates of the application's.
fn variables(manifest: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut table = "";
    let mut defaults: BTreeMap<&str, &str> = BTreeMap::new();
    let mut variables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            table = line.trim_matches(['[', ']']);
            continue;
        }
        let Some((name, value)) = line.split_once(" = ") else { continue };
        let text = value.trim_matches('"');
        if table == "variables" {
            defaults.insert(name, value.split('"').nth(1).unwrap_or_default());
        } else if let Some(component) = table.strip_prefix("component.") {
            let mut set = |component: &str, name: String, text: &str| {
                variables.entry(component.to_owned()).or_default().insert(name, text.to_owned());
            };
            if let Some(component) = component.strip_suffix(".environment") {
                set(component, name.to_owned(), text);
            } else if let Some(component) = component.strip_suffix(".variables") {
                let template = text.trim_matches(['{', '}', ' ']);
                set(component, name.to_uppercase(), defaults.get(template).copied().unwrap_or(text));
            }
        }
    }
    variables
}

/// The component of each route of `spin.toml`.
fn routes(manifest: &str) -> BTreeMap<&str, &str> {
    let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("route = \"") && pair[1].starts_with("component = \""))
        .filter_map(|pair| Some((pair[0].split('"').nth(1)?, pair[1].split('"').nth(1)?)))
        .collect()
}

const PROMISED_VARIABLES: [(&str, &[(&str, &str)]); 11] = [
    ("stream-red", &[("COMPONENT_ID", "stream-red"), ("POLARITY", "positive"), ("COLOR", "RED")]),
    ("stream-blue", &[("COMPONENT_ID", "stream-blue"), ("POLARITY", "negative"), ("COLOR", "BLUE")]),
    ("stream-green", &[("COMPONENT_ID", "stream-green"), ("POLARITY", "neutral"), ("COLOR", "GREEN")]),
    ("crdt-service", &[("SERVICE", "crdt"), ("PHASE", "1"), ("CACHE_SIZE_MB", "50")]),
    ("egraph-service", &[("SERVICE", "egraph"), ("PHASE", "2"), ("SATURATION_TIMEOUT_MS", "5000")]),
    ("skill-verification", &[("SERVICE", "skill-verification"), ("PHASE", "3"), ("NUM_AGENTS", "17")]),
    (
        "agent-orchestrator",
        &[
            ("SERVICE", "agent-orchestrator"),
            ("MAX_AGENTS", "48"),
            ("TOPOLOGY", "ramanujan-3d"),
            ("NATS_URL", "nats://nats.worm.sex:4222"),
            ("REGION", "us-west"),
            ("SYNC_INTERVAL", "5000"),
            ("HEALTH_TIMEOUT", "10000"),
            ("MAX_BUFFER_SIZE", "1000"),
            ("LOG_LEVEL", "info"),
        ],
    ),
    ("duck-colors", &[("INTERFACE", "colors"), ("ALGORITHM", "gay-jl-golden-spiral")]),
    (
        "transduction-sync",
        &[
            ("INTERFACE", "sync"),
            ("LOCAL_ENDPOINT", "https://localhost:3000/"),
            ("VERS_ENDPOINT", "https://vers.hdresearch.io/"),
            ("MAX_LATENCY_MS", "100"),
        ],
    ),
    ("interaction-timeline", &[("INTERFACE", "timeline"), ("SEMANTICS", "append-only")]),
    ("dashboard", &[("INTERFACE", "dashboard"), ("METRICS_REFRESH_MS", "1000")]),
];

const PROMISED_ROUTES: [(&str, &str); 18] = [
    ("/stream/red/...", "stream-red"),
    ("/stream/blue/...", "stream-blue"),
    ("/stream/green/...", "stream-green"),
    ("/crdt/...", "crdt-service"),
    ("/egraph/...", "egraph-service"),
    ("/verify/...", "skill-verification"),
    ("/agents/...", "agent-orchestrator"),
    ("/agent/...", "agent-orchestrator"),
    ("/health", "agent-orchestrator"),
    ("/status", "agent-orchestrator"),
    ("/nats/webhook/...", "agent-orchestrator"),
    ("/colors/...", "duck-colors"),
    ("/sync/...", "transduction-sync"),
    ("/timeline/...", "interaction-timeline"),
    ("/api/timeline", "interaction-timeline"),
    ("/dashboard/...", "dashboard"),
    ("/", "dashboard"),
    ("/api/metrics/...", "dashboard"),
];

#[test]
fn the_manifest_sets_the_promised_variables() {
    let manifest = read("spin.toml");
    let set = variables(&manifest);
    let mut faults = Vec::new();
    for (component, promised) in PROMISED_VARIABLES {
        for (name, value) in promised {
            let found = set.get(component).and_then(|variables| variables.get(*name)).map(String::as_str);
            if found != Some(*value) {
                faults.push(format!("{component}: {name} is {found:?}, promised was {value:?}"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_manifest_has_the_promised_routes() {
    let manifest = read("spin.toml");
    let routes = routes(&manifest);
    for (route, component) in PROMISED_ROUTES {
        assert_eq!(routes.get(route), Some(&component), "{route}");
    }
}
