//! Freezes and earlier states: both are what a full replay of the rows gives.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{get, id, post, problem};
use http::Method;
use interaction_timeline::service;
use interaction_timeline::store::{checkpoints as checkpoint, log, schema, seals};
use proptest::prelude::*;
use ramanujan_core::Digest;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::Store;
use ramanujan_shell::native::{Reply, fresh_database, send};
use ramanujan_timeline::row::color_of;
use ramanujan_timeline::{Accumulator, Stored};
use serde_json::{Map, Value, json};

fn freeze(body: &Value) -> Reply {
    send(&service(), Method::POST, "/timeline/freeze", body.to_string())
}

fn event(n: u8) -> Value {
    json!({"event_id": id(n), "type": "operation", "agent_id": format!("agent-{}", n % 3),
        "timestamp": format_rfc3339(1_700_000_000_000 + u64::from(n)), "color": "RED"})
}

fn fill(range: std::ops::Range<u8>) {
    assert_eq!(post(&range.map(event).collect::<Value>()).status, 200);
}

fn rows(size: u64) -> Vec<Stored> {
    log::after(&Store::open(schema::SCHEMA).unwrap(), 0, size).unwrap()
}

#[test]
fn a_freeze_keeps_what_was() {
    let _database = fresh_database();
    fill(0..10);
    let made = freeze(&json!({"name": "v1"}));
    assert_eq!((made.status, &made.json["size"], &made.json["duplicate"]), (200, &json!(10), &json!(false)));
    fill(10..20);
    // Asked again, by name, by both, it is the same; another size is a contradiction.
    for again in [json!({"name": "v1"}), json!({"name": "v1", "size": 10})] {
        let again = freeze(&again);
        assert_eq!(
            (&again.json["merkle_root"], &again.json["duplicate"]),
            (&made.json["merkle_root"], &json!(true))
        );
    }
    problem(&freeze(&json!({"name": "v1", "size": 11})), 409, "freeze-exists");
    let kept = get("/timeline/freeze/v1?list=origins").json;
    for member in
        ["name", "size", "created", "chain_head", "merkle_root", "by_color", "by_type", "violations"]
    {
        assert_eq!(kept[member], made.json[member], "{member}");
    }
    assert_eq!(kept["items"][0]["events"], json!(4));
    let mut expected = Accumulator::default();
    rows(10).iter().for_each(|row| expected.push(row.leaf_hash()));
    assert_eq!(made.json["merkle_root"], json!(expected.root()));
    assert_eq!(made.json["chain_head"], json!(expected.chain_head()));
    // The log was sealed at that size, and still verifies.
    let verified = get("/timeline/verify").json;
    assert_eq!((&verified["verified"], &verified["sealed_size"]), (&json!(true), &json!(20)));
    // Within what is sealed and checked already, too.
    let within = freeze(&json!({"size": 7}));
    assert_eq!((&within.json["name"], &within.json["size"]), (&json!("at-7"), &json!(7)));
    problem(&get("/timeline/freeze/v2"), 404, "no-such-freeze");
}

#[test]
fn an_empty_log_can_be_frozen() {
    let _database = fresh_database();
    let made = freeze(&json!({})).json;
    assert_eq!((&made["name"], &made["size"], &made["by_type"]), (&json!("at-0"), &json!(0), &json!({})));
    assert_eq!(get("/timeline/recover").json["merkle_root"], made["merkle_root"]);
}

#[test]
fn freezes_are_listed_by_size_and_bounded() {
    let _database = fresh_database();
    problem(&get("/timeline/freezes?cursor=7"), 422, "invalid-parameter");
    assert_eq!(get("/timeline/freezes").json["freezes"], json!([]));
    fill(0..5);
    for (name, size) in [("c", 5), ("a", 2), ("b", 5), ("d.e", 1)] {
        assert_eq!(freeze(&json!({"name": name, "size": size})).status, 200);
    }
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&format!("/timeline/freezes?limit=1{cursor}")).json;
        names.extend(
            page["freezes"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["d.e", "a", "b", "c"]);
    assert_eq!(get("/timeline/recover?at=4").json["snapshot"]["name"], json!("a"));
    assert_eq!(get("/timeline/recover?at=0").json["snapshot"], Value::Null);
}

#[test]
fn what_is_wrong_in_the_log_is_listed_or_allowed_on_record() {
    let _database = fresh_database();
    fill(0..3);
    let late = json!({"type": "late", "agent_id": "agent-0", "timestamp": "2020-01-01T00:00:00Z", "event_id": id(90)});
    let blind = json!({"type": "blind", "agent_id": "agent-1", "depends_on": [id(0), id(99)],
        "timestamp": "2026-01-01T00:00:00Z", "event_id": id(91)});
    assert_eq!(post(&json!([late, blind])).status, 200);
    let refused = problem(&freeze(&json!({"name": "x"})), 409, "not-freezable");
    assert_eq!(
        (&refused["missing_dependencies"], &refused["clock"], &refused["size"]),
        (&json!(1), &json!(1), &json!(5))
    );
    let list = json!([
        {"kind": "missing_dependencies", "seq": 5, "event_id": id(91), "depends_on": id(99)},
        {"kind": "clock", "agent_id": "agent-0", "seq": 4, "timestamp": "2020-01-01T00:00:00.000Z", "before_seq": 1,
         "before_timestamp": format_rfc3339(1_700_000_000_000)},
    ]);
    assert_eq!(refused["violations"], list);
    problem(&freeze(&json!({"name": "x", "allow": ["clock"]})), 409, "not-freezable");
    problem(&get("/timeline/freeze/x"), 404, "no-such-freeze");
    assert_eq!(freeze(&json!({"name": "before", "size": 3})).json["violations"], json!([]));
    let made = freeze(&json!({"name": "x", "allow": ["clock", "missing_dependencies"]}));
    assert_eq!((made.status, &made.json["violations"]), (200, &list));
    // The cause comes later: what was recorded stays, what is frozen now is whole but for the clock.
    assert_eq!(post(&json!({"type": "cause", "agent_id": "agent-2", "event_id": id(99)})).status, 200);
    let now = problem(&freeze(&json!({"name": "y"})), 409, "not-freezable");
    assert_eq!((&now["missing_dependencies"], &now["clock"]), (&json!(0), &json!(1)));
    assert_eq!(get("/timeline/freeze/x").json["violations"], list);
}

#[test]
fn bad_requests_are_refused_and_change_nothing() {
    let _database = fresh_database();
    fill(0..2);
    for (body, status, code) in [
        (json!({"size": 3}), 422, "invalid-size"),
        (json!({"name": ""}), 422, "invalid-name"),
        (json!({"name": "a/b"}), 422, "invalid-name"),
        (json!({"name": "x".repeat(65)}), 422, "invalid-name"),
        (json!({"allow": ["everything"]}), 422, "invalid-json"),
        (json!({"nme": "a"}), 422, "invalid-json"),
        (json!({"size": -1}), 422, "invalid-json"),
    ] {
        problem(&freeze(&body), status, code);
    }
    for query in ["at=x", "at=3", "at=-1", "list=agents", "limit=5", "list=origins&limit=0", "cursor=a"] {
        problem(&get(&format!("/timeline/recover?{query}")), 422, "invalid-parameter");
    }
    assert_eq!(get("/timeline/freezes").json["freezes"], json!([]));
}

#[test]
fn a_time_means_what_was_stored_by_then() {
    let _database = fresh_database();
    fill(0..6);
    // Two events in each second from the first on.
    common::tamper("UPDATE timeline_events SET received = 1700000000000 + 1000 * ((seq + 1) / 2)");
    for (time, size) in [(0, 0), (999, 0), (1000, 2), (1999, 2), (2000, 4), (2999, 4), (3000, 6), (99_999, 6)]
    {
        let at = format_rfc3339(1_700_000_000_000 + time);
        assert_eq!(get(&format!("/timeline/recover?at={at}")).json["size"], json!(size), "{at}");
    }
}

#[test]
fn a_hole_is_said() {
    let _database = fresh_database();
    fill(0..9);
    common::tamper("DELETE FROM timeline_events WHERE seq = 4");
    problem(&freeze(&json!({})), 500, "log-damaged");
    common::tamper("DELETE FROM timeline_events WHERE seq < 4");
    for at in ["2020-01-01T00:00:00Z", "2"] {
        problem(&get(&format!("/timeline/recover?at={at}")), 500, "log-damaged");
    }
}

#[test]
fn work_beyond_the_budget_goes_on_when_asked_again() {
    let _database = fresh_database();
    fill(0..200);
    let store = Store::open(schema::SCHEMA).unwrap();
    assert_eq!(checkpoint::up_to(&store, 200, 16, 50).unwrap(), 64);
    assert_eq!(checkpoint::up_to(&store, 200, 16, 1000).unwrap(), 200);
    assert_eq!(checkpoint::latest(&store, 100).unwrap(), 96);
    // A checkpoint between others changes none of them.
    let before = get("/timeline/recover?at=150&list=origins").json;
    assert_eq!(checkpoint::up_to(&store, 101, 16, 1000).unwrap(), 101);
    assert_eq!(get("/timeline/recover?at=150&list=origins").json, before);
}

/// Settings are the environment of a process, so this runs in one of its own, which the test below starts.
#[test]
#[ignore = "needs FREEZE_RECOVER_ENABLED=false; run by the test below"]
fn switched_off() {
    let _database = fresh_database();
    fill(0..2);
    problem(&freeze(&json!({})), 403, "freeze-recover-disabled");
    for path in ["freezes", "freeze/x", "recover"] {
        problem(&get(&format!("/timeline/{path}")), 403, "freeze-recover-disabled");
    }
}

#[test]
fn an_operator_can_switch_it_off() {
    let own = std::env::current_exe().unwrap();
    let run = |value: &str| {
        let mut command = std::process::Command::new(&own);
        command.args(["--exact", "switched_off", "--ignored"]).env("FREEZE_RECOVER_ENABLED", value);
        command.output().unwrap().status.success()
    };
    assert!(run("false"));
    // It is the setting that makes the difference.
    assert!(!run("true"));
}

/// The state and the defects of a prefix, from its rows alone.
fn replay(rows: &[Stored]) -> Value {
    let mut by_color = BTreeMap::from([("RED", 0), ("GREEN", 0), ("BLUE", 0)]);
    let (mut uncolored, mut types) = (0, BTreeMap::<_, u64>::new());
    let mut origins: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
    let mut documents: BTreeMap<&str, (u64, BTreeMap<&str, String>)> = BTreeMap::new();
    let ids: BTreeSet<_> = rows.iter().map(|row| Digest(row.event_id).to_string()).collect();
    let mut missing = BTreeSet::new();
    let mut hashes = Accumulator::default();
    for row in rows {
        hashes.push(row.leaf_hash());
        match row.color.and_then(color_of) {
            Some(color) => *by_color.get_mut(color.as_str()).unwrap() += 1,
            None => uncolored += 1,
        }
        *types.entry(row.kind.as_str()).or_default() += 1;
        origins.entry(&row.agent).or_default().push(row);
        let body: Value = serde_json::from_str(&row.body).unwrap();
        for cause in body["depends_on"].as_array().into_iter().flatten() {
            let cause = cause.as_str().unwrap();
            if !ids.contains(cause) {
                missing.insert((row.seq, cause.to_owned()));
            }
        }
        if let Some(document) = &row.document {
            let (events, replicas) = documents.entry(document).or_default();
            *events += 1;
            if let Some(print) = body["fingerprint"].as_str() {
                replicas.insert(&row.agent, print.to_owned());
            }
        }
    }
    let mut backwards = BTreeSet::new();
    let heads: Vec<Value> = origins
        .iter_mut()
        .map(|(agent, own)| {
            own.sort_by_key(|row| row.origin_seq);
            backwards.extend(
                own.windows(2).filter(|w| w[0].timestamp > w[1].timestamp).map(|w| (w[1].seq, w[0].seq)),
            );
            let head = own.last().unwrap();
            json!({"agent_id": agent, "events": own.len(), "last": head.origin_seq, "head": {"seq": head.seq,
                "event_id": Digest(head.event_id), "timestamp": format_rfc3339(head.timestamp)}})
        })
        .collect();
    let documents: Vec<Value> = documents
        .iter()
        .map(|(document, (events, replicas))| {
            let prints: BTreeSet<_> = replicas.values().collect();
            let one = if prints.len() == 1 { prints.first() } else { None };
            json!({"document_id": document, "events": events, "replicas": replicas.len(), "fingerprints": prints.len(),
                "converged": (!prints.is_empty()).then_some(prints.len() == 1), "fingerprint": one})
        })
        .collect();
    json!({"by_color": by_color, "uncolored": uncolored, "by_type": types, "origins": heads, "documents": documents,
        "merkle_root": hashes.root(), "chain_head": hashes.chain_head(),
        "missing": missing, "backwards": backwards})
}

/// All pages of a list of the state at `size`.
fn paged(size: u64, list: &str, limit: u64) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("/timeline/recover?at={size}&list={list}&limit={limit}{cursor}")).json;
        items.extend(page["items"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn recovered(size: u64, limit: u64) -> Value {
    let state = get(&format!("/timeline/recover?at={size}")).json;
    let types = paged(size, "types", limit);
    let by_type: Map<String, Value> = types
        .iter()
        .map(|item| {
            let sum: u64 = item["by_color"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
            assert!(sum <= item["events"].as_u64().unwrap());
            (item["type"].as_str().unwrap().to_owned(), item["events"].clone())
        })
        .collect();
    assert_eq!(state["by_type"], json!(by_type));
    let (origins, documents) = (paged(size, "origins", limit), paged(size, "documents", limit));
    assert_eq!(
        (&state["origins"], &state["documents"], &state["types"]),
        (&json!(origins.len()), &json!(documents.len()), &json!(types.len()))
    );
    let store = Store::open(schema::SCHEMA).unwrap();
    let defects = json!({"missing": null, "backwards": null});
    let mut all = json!({"by_color": state["by_color"], "uncolored": state["uncolored"], "by_type": by_type,
        "origins": origins, "documents": documents, "merkle_root": state["merkle_root"],
        "chain_head": state["chain_head"]});
    all.as_object_mut().unwrap().extend(defects.as_object().unwrap().clone());
    if checkpoint::latest(&store, size).unwrap() == size {
        let found = checkpoint::violations(&store, size, 1000).unwrap();
        let pairs = |kind: &str, a: &str, b: &str| -> Vec<Value> {
            found.list.iter().filter(|v| v["kind"] == kind).map(|v| json!([v[a], v[b]])).collect()
        };
        let (missing, backwards) =
            (pairs("missing_dependencies", "seq", "depends_on"), pairs("clock", "seq", "before_seq"));
        assert_eq!((found.missing, found.backwards), (missing.len() as u64, backwards.len() as u64));
        all["missing"] = missing.into();
        all["backwards"] = backwards.into();
    }
    all
}

/// Archives the oldest rows as `POST /timeline/archive` does, which would keep more of them than there are here.
fn move_to_archive(store: &Store, rows: &[Stored]) {
    let leaves: Vec<u8> = rows.iter().flat_map(|row| *row.leaf_hash().as_bytes()).collect();
    let sql = "INSERT INTO timeline_segments (first, last, digest, leaves, contents, archived_at)
               VALUES (?1, ?2, zeroblob(32), ?3, ?3, 0)";
    store.execute(sql, [rows[0].seq.into(), rows[rows.len() - 1].seq.into(), leaves.into()]).unwrap();
}

prop_compose! {
    fn posted()(
        agent in 0u8..3, number in 1u64..40, kind in 0u8..3, document in prop::option::of(0u8..2), print in prop::option::of(0u8..2),
        color in prop::option::of(prop::sample::select(vec!["RED", "GREEN", "BLUE"])), time in 0u64..30,
        causes in prop::collection::btree_set(0u8..60, 0..3),
    ) -> Value {
        let mut event = json!({"agent_id": format!("agent-{agent}"), "origin_seq": number, "type": format!("type-{kind}"),
            "timestamp": format_rfc3339(1_700_000_000_000 + time),
            "depends_on": causes.into_iter().map(id).collect::<Vec<_>>()});
        for (member, value) in [("document_id", document.map(|d| format!("paper-{d}"))),
                                ("fingerprint", print.map(|p| format!("{p:016x}"))), ("color", color.map(str::to_owned))] {
            if let Some(value) = value {
                event[member] = value.into();
            }
        }
        event
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Wherever checkpoints were made, in whatever order, and whatever was archived then, the state at any size is that
    /// of a full replay, or gone; and the defects at a checkpoint are those of its prefix.
    #[test]
    fn any_earlier_state_equals_a_full_replay(
        events in prop::collection::vec(posted(), 1..40),
        boundaries in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1u64..20, any::<bool>()), 0..6),
        sizes in prop::collection::vec(any::<prop::sample::Index>(), 3),
        limit in 1u64..4,
    ) {
        let _database = fresh_database();
        let store = Store::open(schema::SCHEMA).unwrap();
        let mut checkpoints: Vec<_> = boundaries.iter().map(|(when, size, step, archive)| (when.index(events.len()), size, *step, *archive)).collect();
        checkpoints.sort_by_key(|(when, ..)| *when);
        let (mut stored, mut log, mut archived) = (0u64, Vec::new(), 0);
        for (n, mut event) in events.into_iter().enumerate() {
            event["event_id"] = id(n as u8).into();
            // An origin's number can be taken; then the log has one event less.
            let reply = post(&event);
            prop_assert!(reply.status == 200 || reply.status == 409, "{}", reply.json);
            log.extend(log::after(&store, stored, 1).unwrap());
            stored += u64::from(reply.status == 200);
            for (_, size, step, archive) in checkpoints.iter().filter(|(when, ..)| *when == n) {
                let size = size.index(stored as usize + 1) as u64;
                match checkpoint::up_to(&store, size, *step, 1000) {
                    Ok(reached) => prop_assert_eq!(reached, size),
                    Err(problem) => prop_assert!(problem.status == 410 && size < archived, "{problem}"),
                }
                if *archive && size > archived && size < stored {
                    seals::up_to(&store, size, 1000).unwrap();
                    move_to_archive(&store, &log[archived as usize..size as usize]);
                    archived = size;
                }
            }
        }
        for size in sizes.iter().map(|size| size.index(stored as usize + 1) as u64).chain([stored]) {
            let mut expected = replay(&log[..size as usize]);
            if size < archived && checkpoint::latest(&store, size).unwrap() < size {
                problem(&get(&format!("/timeline/recover?at={size}")), 410, "archived");
                problem(&freeze(&json!({"size": size})), 410, "archived");
                continue;
            }
            let found = recovered(size, limit);
            if found["missing"].is_null() {
                expected["missing"] = Value::Null;
                expected["backwards"] = Value::Null;
            }
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(checkpoint::up_to(&store, size, 7, 1000).unwrap(), size);
            prop_assert_eq!(&recovered(size, limit), &replay(&log[..size as usize]));
        }
    }
}
