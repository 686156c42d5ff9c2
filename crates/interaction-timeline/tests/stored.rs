//! A database that an earlier revision stored gives the answers that it gave then.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{get, post, post_bytes};
use http::Method;
use interaction_timeline::service;
use interaction_timeline::store::schema::SCHEMA;
use ramanujan_shell::native::{Guard, database_file, send};
use serde_json::{Map, Value, json};

/// The schema that a stored database had, and how many events and answers there are of it.
struct Then {
    statements: u64,
    events: u64,
    sealed: u64,
    archived: u64,
    answers: usize,
    posted: u64,
}

const ALL: [Then; 2] = [
    Then { statements: 41, events: 40, sealed: 40, archived: 6, answers: 23, posted: 8 },
    Then { statements: 43, events: 62, sealed: 44, archived: 8, answers: 43, posted: 61 },
];

fn fixture(then: &Then, name: &str) -> PathBuf {
    let file = format!("log-of-{}-statements.{name}", then.statements);
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file)
}

/// A stored database, in a copy that may be written; it goes with the folder.
fn stored(then: &Then) -> (tempfile::TempDir, Guard) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.sqlite3");
    fs::copy(fixture(then, "sqlite3"), &file).unwrap();
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
    for stored_then in &ALL {
        let (_folder, _database) = stored(stored_then);
        let answers: Map<String, Value> =
            serde_json::from_slice(&fs::read(fixture(stored_then, "answers.json")).unwrap()).unwrap();
        assert_eq!(answers.len(), stored_then.answers);
        // The health first: asking for what is not sealed seals it.
        let health = get("/timeline/health").json;
        assert_eq!(
            (&health["events"], &health["sealed_size"], &health["archived_until"], &health["schema_version"]),
            (
                &json!(stored_then.events),
                &json!(stored_then.sealed),
                &json!(stored_then.archived),
                &json!(SCHEMA.statements.len())
            )
        );
        // As then: the summary was asked for first, and all of it was sealed when it was asked about.
        let (first, rest): (Vec<_>, Vec<_>) =
            answers.iter().partition(|(target, _)| target.contains("summary"));
        let verify = answers.get_key_value("/timeline/verify");
        for (target, then) in first.into_iter().chain(verify).chain(rest) {
            let target = if target == "summary" { "/timeline/summary" } else { target };
            let now = shortened(get(target).json);
            assert!(keeps(&now, then), "{target}\n  now {now}\n then {then}");
        }
    }
}

#[test]
fn what_was_posted_then_is_there_and_the_log_goes_on() {
    for then in &ALL {
        let (_folder, _database) = stored(then);
        let posted = fs::read(fixture(then, "posted.json")).unwrap();
        let again = post_bytes(&posted);
        assert_eq!(
            (&again.json["duplicates"], &again.json["appended"]),
            (&json!(then.posted), &json!(0)),
            "{}",
            again.json
        );
        let new = post_bytes(br#"{"type":"x","agent_id":"agent-0","payload":{"wei":100000000000000000001}}"#);
        assert_eq!(new.json["seq"], json!(then.events + 1));
        // Something old with something new, and what says otherwise of something old.
        let mut mixed: Vec<Value> = serde_json::from_slice(&posted).unwrap();
        mixed.push(json!({"type": "y", "agent_id": "agent-0"}));
        let mixed = post(&json!(mixed)).json;
        assert_eq!((&mixed["duplicates"], &mixed["appended"]), (&json!(then.posted), &json!(1)), "{mixed}");
        let other =
            json!({"type": "z", "agent_id": "agent-0", "event_id": again.json["events"][1]["event_id"]});
        assert_eq!(post(&other).json["code"], "event-conflict");
        let grown = get(&format!("/timeline/proof?first=20&second={}", then.events + 2));
        assert_eq!(grown.status, 200, "{}", grown.json);
        let verified = get("/timeline/verify").json;
        assert_eq!(
            (&verified["verified"], &verified["sealed_size"]),
            (&json!(true), &json!(then.events + 2))
        );
    }
}

#[test]
fn a_segment_that_was_archived_then_comes_back() {
    for stored_then in &ALL {
        let (_folder, _database) = stored(stored_then);
        let then = get("/timeline/verify").json;
        let file = fs::read(fixture(stored_then, "segment.ndjson")).unwrap();
        let reply = send(&service(), Method::POST, "/timeline/archive", file);
        assert_eq!(
            (&reply.json["restored"], &reply.json["archived_until"]),
            (&json!(stored_then.archived), &json!(0)),
            "{}",
            reply.json
        );
        let now = get("/timeline/verify").json;
        assert_eq!((&now["verified"], &now["merkle_root"]), (&json!(true), &then["merkle_root"]));
        let first = get("/timeline/query?limit=1").json["events"][0].clone();
        assert_eq!(first["seq"], json!(1));
        // It is found by its id again, and is there for who posts it.
        let found = get(&format!("/timeline/event/{}", first["event_id"].as_str().unwrap())).json;
        assert_eq!(found["seq"], json!(1));
        assert_eq!(
            post_bytes(&fs::read(fixture(stored_then, "posted.json")).unwrap()).json["appended"],
            json!(0)
        );
    }
}
