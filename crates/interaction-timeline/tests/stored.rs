//! A database that an earlier revision stored gives the answers that it gave then.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{get, post_bytes};
use http::Method;
use interaction_timeline::service;
use ramanujan_shell::native::{Guard, database_file, send};
use serde_json::{Map, Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("log-of-41-statements.{name}"))
}

/// The stored database, in a copy that may be written; it goes with the folder.
fn stored() -> (tempfile::TempDir, Guard) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.sqlite3");
    fs::copy(fixture("sqlite3"), &file).unwrap();
    let guard = database_file(&file);
    (folder, guard)
}

/// Of a list of more than four events, their numbers alone: each stands somewhere in full.
fn shortened(value: Value) -> Value {
    match value {
        Value::Array(items) if items.len() > 4 && items.iter().all(|item| item.get("seq").is_some()) => {
            items.iter().map(|item| item["seq"].clone()).collect()
        }
        Value::Array(items) => items.into_iter().map(shortened).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, shortened(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// Whether everything of `then` is in `now` and equal; an object may have got more members.
fn keeps(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            then.iter().all(|(name, then)| now.get(name).is_some_and(|now| keeps(now, then)))
        }
        (Value::Array(now), Value::Array(then)) => {
            now.len() == then.len() && now.iter().zip(then).all(|(now, then)| keeps(now, then))
        }
        _ => now == then,
    }
}

#[test]
fn every_answer_is_what_it_was() {
    let (_folder, _database) = stored();
    let answers: Map<String, Value> =
        serde_json::from_slice(&fs::read(fixture("answers.json")).unwrap()).unwrap();
    assert_eq!(answers.len(), 23);
    for (target, then) in &answers {
        let target = if target == "summary" { "/timeline/summary" } else { target };
        let now = shortened(get(target).json);
        assert!(keeps(&now, then), "{target}\n  now {now}\n then {then}");
    }
    let health = get("/timeline/health").json;
    assert_eq!(
        (&health["events"], &health["sealed_size"], &health["archived_until"], &health["schema_version"]),
        (&json!(40), &json!(40), &json!(6), &json!(43))
    );
}

#[test]
fn what_was_posted_then_is_there_and_the_log_goes_on() {
    let (_folder, _database) = stored();
    let again = post_bytes(&fs::read(fixture("posted.json")).unwrap());
    assert_eq!(
        (&again.json["duplicates"], &again.json["appended"]),
        (&json!(8), &json!(0)),
        "{}",
        again.json
    );
    let new = post_bytes(br#"{"type":"x","agent_id":"agent-0","payload":{"wei":100000000000000000001}}"#);
    assert_eq!(new.json["seq"], json!(41));
    let grown = get("/timeline/proof?first=40&second=41");
    assert_eq!(grown.status, 200, "{}", grown.json);
    let verified = get("/timeline/verify").json;
    assert_eq!((&verified["verified"], &verified["sealed_size"]), (&json!(true), &json!(41)));
}

#[test]
fn a_segment_that_was_archived_then_comes_back() {
    let (_folder, _database) = stored();
    let then = get("/timeline/verify").json;
    let file = fs::read(fixture("segment.ndjson")).unwrap();
    let reply = send(&service(), Method::POST, "/timeline/archive", file);
    assert_eq!(
        (&reply.json["restored"], &reply.json["archived_until"]),
        (&json!(6), &json!(0)),
        "{}",
        reply.json
    );
    let now = get("/timeline/verify").json;
    assert_eq!((&now["verified"], &now["merkle_root"]), (&json!(true), &then["merkle_root"]));
    assert_eq!(get("/timeline/query?limit=1").json["events"][0]["seq"], json!(1));
}
