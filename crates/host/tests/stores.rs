//! SQLite, key-value, variables, environment and files, through the interfaces that components use.

mod common;

use common::{Application, manifest};
use serde_json::json;

#[test]
fn sqlite_runs_statements_with_parameters_and_tells_errors() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    let none = || json!([]);
    host.sql("PRAGMA journal_mode = WAL", none()).unwrap();
    host.sql("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL)", none()).unwrap();
    let rows = host.sql("INSERT INTO t(b, c) VALUES (?, ?) RETURNING a, b, c", json!(["é", 1.5])).unwrap();
    assert_eq!(rows, json!([[1, "é", 1.5]]));
    assert_eq!(host.sql("SELECT b, NULL, x'0102' FROM t", none()).unwrap(), json!([["é", null, [1, 2]]]));
    assert!(host.sql("SELECT * FROM x", none()).unwrap_err().contains("no such table: x"));
    assert!(
        host.sql("INSERT INTO t(a) VALUES (1)", none()).unwrap_err().contains("UNIQUE constraint failed")
    );
    assert_eq!(host.get("/app/deny?other").text(), "error Error::AccessDenied");
    assert_eq!(host.get("/app/sql3").text(), "ok (41, 1)");
    assert!(host.state.join("sqlite_db.db").is_file());
}

#[test]
fn a_hundred_writers_and_a_kill_lose_no_acknowledged_row() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let mut host = app.start(&["--max-instance-reuse", "16"]);
    host.sql("PRAGMA journal_mode = WAL", json!([])).unwrap();
    host.sql("CREATE TABLE t(writer INTEGER, n INTEGER, PRIMARY KEY (writer, n))", json!([])).unwrap();
    let address = host.address.clone();
    let acknowledged: Vec<(i64, i64)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..100i64)
            .map(|writer| {
                let address = address.clone();
                scope.spawn(move || {
                    let mut acknowledged = Vec::new();
                    for n in 0..1000i64 {
                        let body = json!({ "sql": "INSERT INTO t VALUES (?, ?)", "params": [writer, n] });
                        let sent = std::panic::catch_unwind(|| {
                            common::request(&address, "POST", "/app/sql", &[], body.to_string().as_bytes())
                                .status
                        });
                        match sent {
                            Ok(200) => acknowledged.push((writer, n)),
                            // The host is gone.
                            _ => break,
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_secs(2));
        host.signal("KILL");
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect()
    });
    assert_eq!(host.wait(), None);
    assert!(acknowledged.len() > 100, "only {} rows were written", acknowledged.len());
    let host = app.start(&[]);
    let rows = host.sql("SELECT writer, n FROM t", json!([])).unwrap();
    let stored: std::collections::HashSet<(i64, i64)> = serde_json::from_value(rows).unwrap();
    for row in &acknowledged {
        assert!(stored.contains(row), "{row:?} was acknowledged and is lost");
    }
}

#[test]
fn a_database_that_is_deleted_under_the_host_takes_no_more_writes_and_the_log_says_why() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    host.sql("PRAGMA journal_mode = WAL", json!([])).unwrap();
    host.sql("CREATE TABLE t(a)", json!([])).unwrap();
    assert_eq!(host.post("/app/kv?set=a", "one").text(), "()");
    for name in ["sqlite_db.db", "sqlite_key_value.db"] {
        std::fs::remove_file(host.state.join(name)).unwrap();
    }
    let lost = "deleted or replaced under the running host";
    for _ in 0..2 {
        let refusal = host.sql("INSERT INTO t VALUES (1)", json!([])).unwrap_err();
        assert!(refusal.contains(lost) && !refusal.contains("sqlite_db"), "{refusal}");
        let refusal = host.post("/app/kv?set=a", "two").text();
        assert!(refusal.starts_with("error") && refusal.contains(lost), "{refusal}");
    }
    for name in ["sqlite_db.db", "sqlite_key_value.db"] {
        host.wait_for_error(&format!("{} was {lost}", host.state.join(name).display()));
    }
    assert_eq!(host.errors().matches(lost).count(), 2, "told once each: {}", host.errors());
}

#[test]
fn a_disk_that_takes_no_more_is_told_once_and_again_when_it_does() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    host.sql("CREATE TABLE t(a)", json!([])).unwrap();
    // SQLite's own limit fails as a full disk does.
    host.sql("PRAGMA max_page_count = 10", json!([])).unwrap();
    let insert = || host.sql("INSERT INTO t VALUES (zeroblob(100000))", json!([]));
    for _ in 0..3 {
        assert!(insert().unwrap_err().contains("database or disk is full"));
    }
    let database = host.state.join("sqlite_db.db").display().to_string();
    let full = format!("the database {database} cannot be written: database or disk is full; make room\n");
    let works = format!("the database {database} is written again\n");
    host.sql("PRAGMA max_page_count = 1000", json!([])).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // These write nothing.
    host.sql("DELETE FROM t WHERE a = 1", json!([])).unwrap();
    host.sql("SELECT changes()", json!([])).unwrap();
    assert_eq!(host.errors().matches(&full).count(), 1, "{}", host.errors());
    assert!(!host.errors().contains(&works), "{}", host.errors());
    for _ in 0..2 {
        insert().unwrap();
    }
    assert_eq!(host.errors().matches(&works).count(), 1, "{}", host.errors());
    // What is wrong with a statement is nothing for the operator.
    host.sql("INSERT INTO x VALUES (1)", json!([])).unwrap_err();
    assert_eq!(host.errors().matches("cannot be written").count(), 1, "{}", host.errors());
}

#[test]
fn key_value_keeps_bytes_under_keys() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    assert_eq!(host.get("/app/kv?get=a").text(), "None");
    assert_eq!(host.post("/app/kv?set=a", "one").text(), "()");
    assert_eq!(host.post("/app/kv?set=a", "two").text(), "()");
    assert_eq!(host.get("/app/kv?get=a").text(), "Some(\"two\")");
    assert_eq!(host.get("/app/kv?exists=a").text(), "true");
    host.post("/app/kv?set=b", "x");
    assert_eq!(host.get("/app/kv?keys").text(), "[\"a\", \"b\"]");
    assert_eq!(host.get("/app/kv?delete=a").text(), "()");
    assert_eq!(host.get("/app/kv?exists=a").text(), "false");
    assert_eq!(host.get("/app/kv?open=other").text(), "error Error::AccessDenied");
    drop(host);
    assert_eq!(app.start(&[]).get("/app/kv?get=b").text(), "Some(\"x\")", "kept over a restart");
}

#[test]
fn labels_stand_for_files_of_the_runtime_configuration() {
    let manifest =
        manifest("", "").replace("sqlite_databases = ['default']", "sqlite_databases = ['default', 'extra']");
    let Some(app) = Application::new(&manifest) else { return };
    let refused = app.refused(&[]);
    assert!(refused.contains("extra") && refused.contains("component.app"), "{refused}");
    let config = app.folder.path().join("runtime-config.toml");
    std::fs::write(&config, "[sqlite_database.extra]\ntype = 'spin'\npath = 'extra.db'\n").unwrap();
    let host = app.start(&["--runtime-config-file", config.to_str().unwrap()]);
    assert_eq!(host.get("/app/deny?extra").text(), "ok ()");
    assert!(app.folder.path().join("extra.db").is_file());
    assert!(!host.errors().contains("warning"), "{}", host.errors());
    drop(host);
    let misspelt = "[sqlite_database.extra]\ntype = 'spin'\npath = 'extra.db'\n\
                    [sqlite_database.defautl]\ntype = 'spin'\npath = 'd.db'\n";
    std::fs::write(&config, misspelt).unwrap();
    let host = app.start(&["--quiet", "--runtime-config-file", config.to_str().unwrap()]);
    let warning = "warning: [sqlite_database.defautl] of the runtime configuration is not used; the components' \
                   labels in that table: default, extra\n";
    assert_eq!(host.errors(), warning);
    drop(host);
    std::fs::write(&config, "[sqlite_databse.extra]\ntype = 'spin'\npath = 'extra.db'\n").unwrap();
    let refused = app.refused(&["--runtime-config-file", config.to_str().unwrap()]);
    assert!(refused.contains("sqlite_databse") && refused.contains("sqlite_database"), "{refused}");
    std::fs::write(&config, "[sqlite_database.extra]\ntype = 'libsql'\nurl = 'x'\ntoken = 'y'\n").unwrap();
    let refused = app.refused(&["--runtime-config-file", config.to_str().unwrap()]);
    assert!(refused.contains("sqlite_database.extra") && refused.contains("libsql"), "{refused}");
}

#[test]
fn environment_and_variables_come_from_manifest_environment_and_command_line() {
    let keys = "environment = { PLAIN = 'yes' }\nvariables = { greeting = 'hi {{ who }}', level = '{{ level }}', other = '{{ other }}' }";
    let more =
        "[variables]\nwho = { default = 'you' }\nlevel = { required = true }\nother = { default = 'o' }";
    let Some(app) = Application::new(&manifest(keys, more)) else { return };
    let refused = app.refused(&[]);
    assert!(refused.contains("level") && refused.contains("SPIN_VARIABLE_LEVEL"), "{refused}");
    let host = app.start(&["--variable", "level=3", "--variable", "who=me"]);
    assert_eq!(host.get("/app/env?PLAIN").text(), "ok \"yes\"");
    assert_eq!(host.get("/app/env?HOME").text(), "error NotPresent");
    assert_eq!(host.get("/app/var?greeting").text(), "ok \"hi me\"");
    assert_eq!(host.get("/app/var?level").text(), "ok \"3\"");
    assert_eq!(host.get("/app/var?other").text(), "ok \"o\"");
    assert!(host.get("/app/var?unknown").text().contains("Undefined"));
    assert!(host.get("/app/var?No").text().contains("InvalidName"));
}

#[test]
fn files_are_read_only_and_only_the_listed_ones() {
    let keys = "files = ['data/*.txt', 'single.md', { source = 'data/deep', destination = '/moved' }]\nexclude_files = ['data/secret*']";
    let Some(app) = Application::new(&manifest(keys, "")) else { return };
    let folder = app.folder.path();
    std::fs::create_dir_all(folder.join("data/deep/er")).unwrap();
    for (path, text) in [
        ("data/a.txt", "a"),
        ("data/secret.txt", "s"),
        ("data/b.bin", "b"),
        ("single.md", "m"),
        ("data/deep/er/c.txt", "c"),
        ("unlisted.txt", "u"),
    ] {
        std::fs::write(folder.join(path), text).unwrap();
    }
    let host = app.start(&[]);
    let file = |path: &str| host.get(&format!("/app/file?{path}")).text();
    assert_eq!(file("/data/a.txt"), "ok \"a\"");
    assert_eq!(file("single.md"), "ok \"m\"");
    assert_eq!(file("/moved/er/c.txt"), "ok \"c\"");
    for path in ["/data/secret.txt", "/data/b.bin", "/unlisted.txt", "/../unlisted.txt", "/etc/passwd"] {
        assert!(file(path).starts_with("error"), "{path}: {}", file(path));
    }
    for path in ["/data/a.txt", "/new.txt"] {
        assert!(host.get(&format!("/app/write?{path}")).text().starts_with("error"), "{path}");
    }
    assert_eq!(file("/data/a.txt"), "ok \"a\"");
    drop(host);
    std::fs::remove_file(folder.join("single.md")).unwrap();
    let refused = app.refused(&[]);
    assert!(refused.contains("single.md"), "{refused}");
}
