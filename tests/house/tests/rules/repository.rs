//! Rules that look at several files at once, on a repository in a temporary folder.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use ramanujan_house::{Rule, Tree, check, length, words};

/// A repository of two components; removed when dropped.
struct Repository(PathBuf);

impl Drop for Repository {
    fn drop(&mut self) {
        // A folder that stays behind harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SETTINGS: &str = "ramanujan_shell::settings! { pub struct Settings {\n/// Most.\nMAX_BATCH: u64 = DEFAULT, 1..=9, \"items\";\n} }\nfn f() { ramanujan_shell::setting::text(\"REGION\"); }";

impl Repository {
    /// One that keeps every rule.
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("house-{}-{number}", std::process::id()));
        let own = Repository(folder);
        own.write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n");
        own.write(
            "spin.toml",
            "[component.a]\nsource = \"target/one_a.wasm\"\n[component.a.environment]\nMAX_BATCH = \"1\"\nREGION = \"x\"\nLOG_LEVEL = \"info\"\n[component.a.build]\nwatch = [\"crates/one-a/src/**/*.sql\"]\n",
        );
        own.package("shell", "ramanujan-shell", "", "pub mod setting;");
        own.write(
            "crates/shell/src/setting.rs",
            "pub fn level() { text(\"LOG_LEVEL\"); }\npub fn text(_: &str) {}",
        );
        own.package("one-a", "one-a", "ramanujan-shell = \"1\"", "mod routes;\nmod settings;\nmod store;");
        own.write("crates/one-a/src/routes/mod.rs", "");
        own.write("crates/one-a/src/settings.rs", SETTINGS);
        own.write("crates/one-a/src/store/mod.rs", "mod schema;\nuse ramanujan_shell::Store;");
        own.write(
            "crates/one-a/src/store/schema.rs",
            "const ONE: &str = include_str!(\"sql/001_first.sql\");",
        );
        own.write("crates/one-a/src/store/sql/001_first.sql", "CREATE TABLE a (b)");
        own
    }

    fn package(&self, folder: &str, name: &str, dependencies: &str, lib: &str) {
        let manifest = format!("[package]\nname = \"{name}\"\n[dependencies]\n{dependencies}\n");
        self.write(&format!("crates/{folder}/Cargo.toml"), &manifest);
        self.write(&format!("crates/{folder}/src/lib.rs"), lib);
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.0.join(file)).unwrap();
    }

    /// `path:line what` of the findings of one rule.
    fn found(&self, rule: Rule) -> Vec<String> {
        let findings = check(&Tree::read(&self.0).unwrap()).unwrap();
        let of_rule = findings.iter().filter(|finding| finding.rule == rule);
        of_rule.map(|f| format!("{}:{} {}", f.path, f.line, f.what)).collect()
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let repository = Repository::new();
    assert_eq!(check(&Tree::read(&repository.0).unwrap()).unwrap(), []);
}

#[test]
fn a_variable_that_nothing_reads() {
    let repository = Repository::new();
    repository.write("crates/one-a/src/settings.rs", &SETTINGS.replace("REGION", "PLACE"));
    assert_eq!(
        repository.found(Rule::Settings),
        [
            "crates/one-a/src/settings.rs:5 PLACE is read, and spin.toml does not set it",
            "spin.toml:5 REGION is set for a, and nothing reads it",
        ]
    );
    // The table of settings is read as well; a constant in it is no variable.
    repository.write("crates/one-a/src/settings.rs", &SETTINGS.replace("MAX_BATCH", "MIN_BATCH"));
    assert_eq!(
        repository.found(Rule::Settings),
        [
            "crates/one-a/src/settings.rs:3 MIN_BATCH is read, and spin.toml does not set it",
            "spin.toml:4 MAX_BATCH is set for a, and nothing reads it",
        ]
    );
}

#[test]
fn a_variable_that_is_read_elsewhere() {
    let repository = Repository::new();
    let lib = "use ramanujan_shell::setting;\nmod routes;\nmod settings;\nmod store;\nfn f() { setting::text(\"REGION\"); }";
    repository.write("crates/one-a/src/lib.rs", lib);
    assert_eq!(
        repository.found(Rule::Settings),
        ["crates/one-a/src/lib.rs:5 setting::text reads a variable here"]
    );
}

#[test]
fn a_library_of_components_may_hold_their_rooms() {
    let repository = Repository::new();
    repository.package("one-a", "one-a", "ramanujan-shell = \"1\"\nrooms = \"1\"", "");
    repository.package("rooms", "rooms", "ramanujan-shell = \"1\"", "mod routes;\nmod settings;");
    for file in ["routes/mod.rs", "settings.rs", "store/mod.rs", "store/schema.rs", "store/sql/001_first.sql"]
    {
        repository.remove(&format!("crates/one-a/src/{file}"));
    }
    repository.write("crates/rooms/src/routes/mod.rs", "");
    repository.write("crates/rooms/src/settings.rs", SETTINGS);
    assert_eq!(check(&Tree::read(&repository.0).unwrap()).unwrap(), []);
}

#[test]
fn a_room_that_is_missing() {
    for (file, what) in [
        ("routes/mod.rs", "one-a has no routes/"),
        ("settings.rs", "one-a has no settings.rs"),
        ("store/schema.rs", "one-a has no store/schema.rs"),
    ] {
        let repository = Repository::new();
        repository.remove(&format!("crates/one-a/src/{file}"));
        let found = repository.found(Rule::Anatomy);
        assert!(found.len() == 1 && found[0].ends_with(what), "{found:?}");
    }
    let repository = Repository::new();
    repository.write("crates/one-a/src/more.sql", "CREATE TABLE c (d)");
    let found = repository.found(Rule::Anatomy);
    assert!(found.len() == 1 && found[0].starts_with("crates/one-a/src/more.sql:1"), "{found:?}");
}

#[test]
fn statements_that_are_not_watched() {
    let repository = Repository::new();
    let manifest = fs::read_to_string(repository.0.join("spin.toml")).unwrap();
    repository.write("spin.toml", &manifest.replace(".sql", ".rs"));
    let found = ["spin.toml:7 the watch list of a lacks crates/one-a/src/**/*.sql"];
    assert_eq!(repository.found(Rule::Anatomy), found);
}

#[test]
fn a_file_that_is_too_long() {
    let repository = Repository::new();
    repository.write("crates/one-a/src/long.rs", &"\n".repeat(length::MOST));
    assert_eq!(repository.found(Rule::Length), [""; 0]);
    let long = length::longer_than(&Tree::read(&repository.0).unwrap(), length::LONG);
    assert_eq!(long, [("crates/one-a/src/long.rs".to_owned(), length::MOST)]);
    repository.write("crates/one-a/src/long.rs", &"\n".repeat(length::MOST + 1));
    assert_eq!(repository.found(Rule::Length), ["crates/one-a/src/long.rs:501 501 lines"]);
}

#[test]
fn words_of_files_that_are_not_here() {
    let exists = |name: &str| name == "docs/types.md" || name == "types.md";
    let said = |file: &str, text: &str| -> Vec<String> {
        words::check_text(file, text, exists)
            .into_iter()
            .map(|(line, word)| format!("{line} {word}"))
            .collect()
    };
    let strangers = [
        ["as net", "work.md §2 says"].concat(),
        ["one of The Gui", "des' names"].concat(),
        ["from ../sha", "red/data"].concat(),
        "/// Most components (issue 5 §1).".to_owned(),
        "/// The issue's goal: five times as fast.".to_owned(),
        "# as this issue – ½ – wants".to_owned(),
        "½ – see Issue #12".to_owned(),
    ];
    for text in &strangers {
        assert_eq!(said("a.rs", text).len(), 1, "{text}");
    }
    assert_eq!(said("a.rs", &strangers[4]), ["1 The issue"]);
    assert_eq!(said("a.rs", "\nsee other.md, docs/types.md"), ["2 other.md"]);
    for text in [
        "see docs/types.md.",
        "[types](../docs/types.md#sets)",
        "https://example.org/other.md",
        "the guild",
        "files that end in .md",
        "my-network.mdx",
        "\"$ROOT/other.md\"",
        "https://github.com/owner/name/issues/12",
        "they issue 's, and the issuer of this tissue issues them",
    ] {
        assert_eq!(said("a.rs", text), [""; 0], "{text}");
    }
    assert_eq!(said("docs/origins.md", &strangers[0]), [""; 0], "it may name them");
}
