use ramanujan_house::rooms::{check, is_sql};
use ramanujan_house::tree::Kind;

use crate::sample;

/// `path:line rule` of what is found in a component of these files.
fn found(kind: Kind, files: &[(&str, &str)]) -> Vec<String> {
    let own = sample(kind, files);
    let findings = check(&own);
    findings.iter().map(|f| format!("{}:{} {}", own.inside(&f.path), f.line, f.rule.name())).collect()
}

#[test]
fn what_is_sql() {
    for text in [
        "SELECT seq FROM deltas",
        "  INSERT INTO deltas VALUES (?1)",
        "INSERT OR IGNORE INTO t DEFAULT VALUES",
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "CREATE TABLE t (a)",
        "WITH RECURSIVE walk AS (SELECT 1)",
        "ALTER TABLE t ADD a",
        "PRAGMA journal_mode = WAL",
        " AND document = ?2",
        "WHERE seq > ?1",
        "ORDER BY\n  seq",
    ] {
        assert!(is_sql(text), "{text}");
    }
    for text in [
        "DELETE /agents/{id}",
        "DELETE",
        "SELECT",
        "selected rows",
        "Select a row",
        "INSERTED",
        "and so on",
        "WITHOUT a name",
        "UPDATE",
        "",
    ] {
        assert!(!is_sql(text), "{text}");
    }
}

#[test]
fn sql_stands_in_store() {
    let code = "fn f() -> &'static str { \"SELECT a FROM b\" }\nfn g() { run!(\"DELETE FROM b\") }\nconst M: &str = include_str!(\"x.sql\");";
    for file in ["list.rs", "routes/list.rs"] {
        let lib = "mod list;\nmod routes { mod list; }";
        let expected = [1, 2, 3].map(|line| format!("{file}:{line} sql"));
        assert_eq!(found(Kind::Component, &[("lib.rs", lib), (file, code)]), expected);
    }
    let files = [("lib.rs", "mod store;"), ("store/mod.rs", "mod list;"), ("store/list.rs", code)];
    assert_eq!(found(Kind::Component, &files), [""; 0]);
    let tests = format!("#[cfg(test)]\nmod tests {{ {code} }}");
    assert_eq!(found(Kind::Component, &[("lib.rs", "mod list;"), ("list.rs", &tests)]), [""; 0]);
    assert_eq!(found(Kind::Shell, &[("lib.rs", code)]), [""; 0]);
}

#[test]
fn the_store_is_named_in_store() {
    for code in [
        "use ramanujan_shell::Store;",
        "use ramanujan_shell::{Info, store::{Row as R}};",
        "fn f(_: &ramanujan_shell::Store) {}",
        "use crate::store::Store;",
        "use ramanujan_shell as shell;\nfn f(_: shell::Row) {}",
    ] {
        let list = [
            ("lib.rs", "mod list;\nmod store;"),
            ("store/mod.rs", "pub use ramanujan_shell::Store;\npub struct Own;"),
            ("list.rs", code),
        ];
        let found = found(Kind::Component, &list);
        assert!(found.iter().any(|at| at.starts_with("list.rs") && at.ends_with("sql")), "{code}: {found:?}");
        assert!(!found.iter().any(|at| at.starts_with("store/")), "{code}: {found:?}");
    }
    let own = [
        ("lib.rs", "mod list;\nmod store;"),
        ("store/mod.rs", "pub struct Store;"),
        ("list.rs", "use crate::store::Store;"),
    ];
    assert_eq!(found(Kind::Component, &own), [""; 0], "a type of its own");
}

#[test]
fn http_stands_in_routes() {
    for code in [
        "use http::StatusCode;",
        "use ramanujan_shell::Request;",
        "fn f(_: ramanujan_shell::Response) {}",
        "fn f() { vec![http::Method::GET] }",
        "fn f(reply: R) -> bool { reply.status == 404 }",
        "fn f(reply: R) -> bool { matches!(reply.status(), 429 | 503) }",
        "fn f(reply: R) -> u8 { match reply.status { 200 => 1, 400..=499 => 2, _ => 3 } }",
        "fn f() -> Problem { Problem::new(422, \"invalid\", \"\") }",
    ] {
        let lib = ("lib.rs", "mod list;\nmod routes;");
        let at_fault = found(Kind::Component, &[lib, ("list.rs", code), ("routes/mod.rs", "")]);
        assert!(
            !at_fault.is_empty() && at_fault.iter().all(|at| at.starts_with("list.rs:1 http")),
            "{code}: {at_fault:?}"
        );
        assert_eq!(
            found(Kind::Component, &[lib, ("list.rs", ""), ("routes/mod.rs", code)]),
            [""; 0],
            "{code}"
        );
    }
    let harmless = "mod http_words { pub fn f(limit: u64) -> bool { limit == 404 } }\nuse serde_json::json;\nconst MOST: u64 = 500;";
    assert_eq!(found(Kind::Component, &[("lib.rs", "mod list;"), ("list.rs", harmless)]), [""; 0]);
}

#[test]
fn the_table_of_routes_stands_in_lib() {
    let table = "use ramanujan_shell::{Info, Request, Service};\npub fn service() -> Service { todo!() }";
    assert_eq!(found(Kind::Component, &[("lib.rs", table)]), [""; 0]);
    let handler = [("lib.rs", "pub async fn list() {}")];
    assert_eq!(found(Kind::Component, &handler), ["lib.rs:1 anatomy"]);
    let elsewhere = [("lib.rs", "mod table;"), ("table.rs", "use ramanujan_shell::Service;")];
    assert_eq!(found(Kind::Component, &elsewhere), ["table.rs:1 http"]);
}

#[test]
fn pure_libraries_know_no_http() {
    for code in [
        "use http::StatusCode;",
        "use ramanujan_core::Problem;",
        "fn f() -> ramanujan_core::problem::Code { todo!() }",
        "fn f(reply: R) -> bool { reply.status == 404 }",
    ] {
        let found = found(Kind::Pure, &[("lib.rs", "mod routes;"), ("routes/mod.rs", code)]);
        assert_eq!(found, ["routes/mod.rs:1 http"], "{code}");
    }
    let own = "pub struct Problem;\npub fn solve(_: &Problem) {}";
    assert_eq!(found(Kind::Pure, &[("lib.rs", own)]), [""; 0]);
    assert_eq!(found(Kind::Other, &[("lib.rs", "use http::StatusCode;")]), [""; 0]);
}
