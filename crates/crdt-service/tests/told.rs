//! What is told of documents, whatever they hold: pages that end in time, counters that are exact, and lists, health and
//! versions that read no values.

mod common;

use common::{add, apply, get, get_with, grow_and_shrink, operations, post, refused, sql};
use http::Method;
use ramanujan_shell::native::{fresh_database, send, send_with, set_variable};
use serde_json::{Value, json};

/// Reads all pages at `path`, none of which may hold more than `bytes` unless it has one item.
fn pages(path: &str, list: &str, bytes: usize) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path =
            if cursor.is_empty() { path.to_owned() } else { format!("{path}{separator}cursor={cursor}") };
        let reply = get(&path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.json);
        let page = reply.json[list].as_array().unwrap().clone();
        assert!(!page.is_empty(), "{path}");
        assert!(page.len() == 1 || reply.body.len() <= bytes, "{path}: {}", reply.body.len());
        items.extend(page);
        pages += 1;
        match &reply.json["next_cursor"] {
            Value::Null => return (items, pages),
            next => cursor = next.as_str().unwrap().to_owned(),
        }
    }
}

#[test]
fn a_page_ends_before_it_holds_more_bytes_than_it_may() {
    let _db = fresh_database();
    for n in 0..20 {
        apply(grow_and_shrink("or-set", n, if n == 7 { 9_000 } else { 700 }).0);
    }
    let (whole, once) = pages("/crdt/d/history?limit=100", "items", usize::MAX);
    assert_eq!((whole.len(), once), (20, 1));
    set_variable("MAX_PAGE_BYTES", 4_000);
    for path in ["/crdt/d/history?limit=100", "/crdt/d/diff?limit=100", "/crdt/d/history?limit=2"] {
        let (items, pages) = pages(path, "items", 4_000);
        assert_eq!(items, whole, "{path}");
        assert!(pages > 6, "{path}: {pages}");
    }
    let since = get("/crdt/d/diff?since=%7B%22a%22:5%7D&limit=100").json;
    assert_eq!(since["items"][0]["seq"], 6);
    assert_eq!(pages("/crdt/d/diff?since=%7B%22a%22:5%7D&limit=100", "items", 4_000).0, whole[5..]);
    // So does the list of documents, and that of freezes.
    for n in 0..10 {
        apply(add(&format!("e{n}"), "a", n));
        apply(add("d", "b", n));
        assert_eq!(post("/crdt/d/freeze", json!({})).status, 200);
    }
    let value = get("/crdt/d").json;
    for (path, list, wanted) in
        [("/crdt?limit=100", "documents", 11), ("/crdt/d/snapshots?limit=100", "items", 10)]
    {
        let (items, pages) = pages(path, list, usize::MAX);
        assert!(items.len() == wanted && pages > 1, "{path}: {} in {pages}", items.len());
    }
    // What reads everything goes on from page to page.
    sql("DELETE FROM crdt_snapshots");
    post("/crdt/cache/invalidate", json!({"all": true}));
    assert_eq!(get("/crdt/d").json, value);
}

#[test]
fn lines_end_when_their_reply_is_as_long_as_a_page() {
    let _db = fresh_database();
    set_variable("MAX_BATCH", 2);
    set_variable("MAX_PAGE_BYTES", 2_000);
    let lines: Vec<String> = (0..20).map(|n| add("d", "a", n).to_string()).collect();
    let headers = [("content-type", "application/x-ndjson")];
    let (mut next, mut rounds) = (0, 0);
    while next < lines.len() {
        let body = lines[next..].join("\n");
        let reply = send_with(&crdt_service::service(), Method::POST, "/crdt/apply", &headers, body);
        let told: Vec<Value> = String::from_utf8(reply.body)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let end = told.last().unwrap();
        let stored = end["applied"].as_u64().unwrap() as usize;
        assert!(stored == told.len() - 1 && stored > 0, "{end}");
        if end["status"] != "ok" {
            assert_eq!((&end["code"], &end["next_line"]), (&json!("reply-full"), &json!(stored + 1)));
        }
        next += stored;
        rounds += 1;
        assert_eq!(operations("d"), next as u64);
    }
    assert!(rounds > 2, "{rounds}");
}

/// As many agents as make the sum leave the integers of SQLite.
#[test]
fn a_counter_is_exact_whatever_it_shows() {
    let _db = fresh_database();
    let most = (1_i128 << 53) - 1;
    let count = |operation: &str, agents: std::ops::Range<u64>| {
        let of = |agent: u64| {
            json!({"operation": operation, "document_id": "d", "crdt_type": "pn-counter",
                "agent_id": format!("g{agent}"), "value": most as u64})
        };
        apply(Value::Array(agents.map(of).collect()));
    };
    let shown = |expected: i128| {
        let value = get("/crdt/d").json["value"].clone();
        let wanted =
            if expected.abs() <= most { json!(expected as i64) } else { json!(expected.to_string()) };
        assert_eq!(value, wanted);
    };
    count("increment", 0..1);
    shown(most);
    count("increment", 1..1000);
    count("increment", 1000..1100);
    shown(1100 * most);
    assert_eq!(
        sql("SELECT 1 FROM crdt_documents WHERE typeof(value) = 'integer' AND typeof(carry) = 'integer'"),
        1
    );
    count("decrement", 0..1000);
    shown(100 * most);
    count("decrement", 1000..1100);
    shown(0);
    count("decrement", 1100..2000);
    shown(-900 * most);
    assert_eq!(get("/crdt/d").json["value"], get("/crdt/d?at=999999").json["value"]);
    // What a revision before this one left: the sum as a floating number, once it was too large.
    sql("DELETE FROM crdt_schema");
    sql("UPDATE crdt_documents SET carry = 0, value = 1e19");
    shown(-900 * most);
    sql("DELETE FROM crdt_schema");
    sql("UPDATE crdt_documents SET carry = 0, value = -900 * 9007199254740991");
    shown(-900 * most);
}

#[test]
fn what_tells_of_documents_reads_none_of_their_values() {
    let _db = fresh_database();
    for agent in 0..3 {
        let parents = json!({"operation": "add", "document_id": "d", "agent_id": format!("a{agent}"), "seq": 1,
            "parents": [], "value": "x".repeat(5000)});
        apply(parents);
    }
    for agent in 0..70 {
        let parents = json!({"operation": "increment", "document_id": "many", "agent_id": format!("a{agent}"),
            "seq": 1, "parents": []});
        apply(parents);
    }
    let etag = get("/crdt/d").headers["etag"].to_str().unwrap().to_owned();
    sql("UPDATE crdt_deltas SET content = x'ff00'");
    sql("DELETE FROM crdt_snapshots");
    let unchanged = |path: &str| get_with(path, &[("if-none-match", &etag)]).status;
    assert_eq!(unchanged("/crdt/d"), 304);
    assert_eq!(unchanged("/crdt/d?at=%7B%22a0%22:1,%22a1%22:1,%22a2%22:1%7D"), 304);
    assert_eq!(unchanged("/crdt/d?at=3"), 304);
    let list = get("/crdt");
    let [many, few] = [1, 0].map(|index| list.json["documents"][index].clone());
    assert_eq!((&many["document_id"], &many["operations"]), (&json!("many"), &json!(70)));
    assert!(
        ["heads", "digest", "vector_clock"].iter().all(|left_out| many.get(left_out).is_none()),
        "{many}"
    );
    assert_eq!(few["heads"], json!(["a0:1", "a1:1", "a2:1"]));
    for path in [
        "/crdt/health",
        "/crdt/cache/stats",
        "/crdt/d/snapshots",
        "/crdt/d/diff?since=%5B%22a0:1%22,%22a1:1%22,%22a2:1%22%5D",
    ] {
        assert_eq!(get(path).status, 200, "{path}");
    }
    assert_eq!(post("/crdt/d/freeze", json!({})).status, 200);
    // Writes are made on deltas whose values they do not read.
    apply(add("d", "w", 1));
    apply(
        json!({"operation": "add", "document_id": "d", "agent_id": "v", "seq": 1, "parents": ["a0:1", "a2:1"], "value": 2}),
    );
    assert_eq!(send(&crdt_service::service(), Method::DELETE, "/crdt/d", "").status, 200);
    // As few pages as can be are read for it: the value is the last column.
    assert_eq!(
        sql("SELECT 1 FROM pragma_table_info('crdt_deltas') WHERE name = 'content'
        AND cid = (SELECT MAX(cid) FROM pragma_table_info('crdt_deltas'))"),
        1
    );
}

#[test]
fn a_version_of_what_does_not_exist_is_not_found() {
    let _db = fresh_database();
    for at in ["3", "2026-01-02T03:04:05Z", "%7B%22a%22:3%7D", "%5B%22a:3%22%5D"] {
        refused(&get(&format!("/crdt/none?at={at}")), 404, "no-such-version");
    }
    refused(&post("/crdt/none/recover", json!({"at": {"a": 3}})), 404, "no-such-document");
}
