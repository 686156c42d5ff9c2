//! Freezing a prefix of the log, and recovering the log as it was.

mod common;

use common::{get, id, problem, tamper};
use http::Method;
use proptest::prelude::*;
use ramanujan_shell::native::{Reply, fresh_database, send};
use serde_json::{Value, json};

fn post(path: &str, body: &Value) -> Reply {
    send(&interaction_timeline::service(), Method::POST, path, body.to_string())
}

fn append(n: u8, agent: &str, second: u64, depends: &[u8]) {
    let time = ramanujan_core::time::format_rfc3339(1_767_225_600_000 + second * 1000);
    let names: Vec<_> = depends.iter().map(|n| id(*n)).collect();
    let event = json!({"event_id": id(n), "type": format!("t{}", n % 3), "agent_id": agent, "timestamp": time,
        "color": if n.is_multiple_of(2) { "RED" } else { "BLUE" }, "depends_on": names});
    assert_eq!(post("/timeline/events", &event).status, 200);
}

#[test]
fn a_consistent_prefix_is_frozen_once_and_for_ever() {
    let _database = fresh_database();
    append(0, "a", 0, &[]);
    append(1, "b", 0, &[0]);
    let first = post("/timeline/freeze", &json!({"name": "monday"})).json;
    assert_eq!(
        (&first["size"], &first["violations"], &first["existing"]),
        (&json!(2), &json!(0), &json!(false))
    );
    assert_eq!(first["merkle_root"], get("/timeline/verify").json["merkle_root"]);
    append(2, "a", 1, &[1]);
    // Asked again, it is what it was; its name is for nothing else, and neither is its prefix.
    let again = post("/timeline/freeze", &json!({"name": "monday"})).json;
    assert_eq!(
        (&again["size"], &again["existing"], &again["merkle_root"]),
        (&json!(2), &json!(true), &first["merkle_root"])
    );
    problem(&post("/timeline/freeze", &json!({"name": "monday", "size": 3})), 409, "snapshot-exists");
    problem(&post("/timeline/freeze", &json!({"name": "other", "size": 2})), 409, "snapshot-exists");
    problem(&post("/timeline/freeze", &json!({"size": 4})), 422, "invalid-size");
    problem(&post("/timeline/freeze", &json!({"nam": "x"})), 422, "invalid-json");
    let third = send(&interaction_timeline::service(), Method::POST, "/timeline/freeze", "").json;
    assert_eq!((&third["name"], &third["size"]), (&json!("log-3"), &json!(3)));
    let list = get("/timeline/freeze?limit=1").json;
    assert_eq!((&list["snapshots"][0]["name"], &list["next_cursor"]), (&json!("monday"), &json!("2")));
    assert_eq!(get("/timeline/freeze?cursor=2").json["snapshots"][0]["name"], json!("log-3"));
}

#[test]
fn violations_refuse_a_freeze_or_are_recorded_in_it() {
    let _database = fresh_database();
    append(0, "a", 10, &[]);
    append(1, "a", 5, &[]);
    append(2, "b", 0, &[9]);
    let refused = problem(&post("/timeline/freeze", &json!({"name": "x"})), 409, "not-consistent");
    let expected = json!([
        {"reason": "missing-dependency", "seq": 3, "event_id": id(2), "depends_on": id(9)},
        {"reason": "time-runs-backwards", "seq": 2, "event_id": id(1), "previous": id(0)},
    ]);
    assert_eq!((&refused["count"], &refused["violations"]), (&json!(2), &expected));
    assert_eq!(get("/timeline/freeze").json["snapshots"], json!([]));
    let recorded = post("/timeline/freeze", &json!({"name": "x", "on_violation": "record"})).json;
    assert_eq!((&recorded["violations"], &recorded["violations_listed"]), (&json!(2), &expected));
    // What is frozen is not held against the next; a dependency that arrives later is there for it.
    append(9, "c", 0, &[]);
    append(3, "b", 1, &[9]);
    assert_eq!(post("/timeline/freeze", &json!({"name": "y"})).json["violations"], json!(0));
}

#[test]
fn a_late_event_is_held_against_the_one_after_it() {
    let _database = fresh_database();
    let numbered = |n: u8, number: u64, second: u64| {
        let time = ramanujan_core::time::format_rfc3339(1_767_225_600_000 + second * 1000);
        json!({"event_id": id(n), "type": "x", "agent_id": "a", "origin_seq": number, "timestamp": time})
    };
    post("/timeline/events", &json!([numbered(1, 1, 0), numbered(3, 3, 5)]));
    assert_eq!(post("/timeline/freeze", &json!({"name": "early"})).status, 200);
    post("/timeline/events", &numbered(2, 2, 9));
    let refused = problem(&post("/timeline/freeze", &json!({"name": "late"})), 409, "not-consistent");
    assert_eq!(
        refused["violations"],
        json!([{"reason": "time-runs-backwards", "seq": 2, "event_id": id(3), "previous": id(2)}])
    );
}

#[test]
fn a_moment_is_recovered_from_the_snapshot_before_it_and_the_events_since() {
    let _database = fresh_database();
    for n in 0..10 {
        append(n, "a", n.into(), &[]);
        tamper(&format!(
            "UPDATE timeline_events SET received = {} WHERE seq = {}",
            1_767_225_600_000u64 + u64::from(n) * 1000,
            n + 1
        ));
    }
    post("/timeline/freeze", &json!({"name": "four", "size": 4}));
    let reply = get("/timeline/recover?at=2026-01-01T00:00:06.500Z&limit=2").json;
    assert_eq!(
        (&reply["size"], &reply["snapshot"]["name"], &reply["intact"], &reply["replayed"]),
        (&json!(7), &json!("four"), &json!(true), &json!(3))
    );
    assert_eq!(
        reply["summary"],
        json!({"events": 7, "by_type": {"t0": 3, "t1": 2, "t2": 2},
        "by_color": {"RED": 4, "BLUE": 3}, "first_timestamp": "2026-01-01T00:00:00.000Z", "last_timestamp": "2026-01-01T00:00:06.000Z"})
    );
    let seqs = |reply: &Value| {
        reply["events"].as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((seqs(&reply), &reply["next_cursor"]), (vec![5, 6], &json!("6")));
    let rest = post("/timeline/recover", &json!({"at": "1767225606500", "limit": 2, "cursor": "6"})).json;
    assert_eq!(
        (seqs(&rest), &rest["next_cursor"], &rest["merkle_root"]),
        (vec![7], &Value::Null, &reply["merkle_root"])
    );
    let named = get("/timeline/recover?name=four").json;
    assert_eq!(
        (&named["size"], seqs(&named), &named["merkle_root"]),
        (&json!(4), vec![], &named["snapshot"]["merkle_root"])
    );
    assert_eq!(get("/timeline/recover?at=2025-01-01T00:00:00Z").json["size"], json!(0));
    assert_eq!(get("/timeline/recover").json["size"], json!(10));
    problem(&get("/timeline/recover?name=five"), 404, "no-such-snapshot");
    problem(&get("/timeline/recover?name=four&size=4"), 422, "invalid-parameter");
    problem(&get("/timeline/recover?size=11"), 422, "invalid-size");
    problem(&get("/timeline/recover?at=now"), 422, "invalid-parameter");
    // Whoever changes what was frozen is found.
    tamper("UPDATE timeline_events SET type = 'other' WHERE seq = 2");
    assert_eq!(get("/timeline/recover?name=four").json["intact"], json!(false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn recovering_a_size_gives_the_same_with_and_without_snapshots(
        kinds in prop::collection::vec(0u8..4, 1..40), frozen in prop::collection::btree_set(0usize..40, 0..5), size in 0usize..40,
    ) {
        let size = size.min(kinds.len());
        let run = |snapshots: bool| {
            let _database = fresh_database();
            for (n, kind) in kinds.iter().enumerate() {
                let event = json!({"event_id": id(u8::try_from(n).unwrap()), "type": format!("t{kind}"), "agent_id": "a",
                    "timestamp": "2026-01-01T00:00:00Z", "color": (["RED", "BLUE", "GREEN", "RED"][usize::from(*kind)])});
                post("/timeline/events", &event);
            }
            tamper("UPDATE timeline_events SET received = 5");
            for size in frozen.iter().filter(|_| snapshots) {
                if *size <= kinds.len() {
                    post("/timeline/freeze", &json!({"size": size}));
                }
            }
            let reply = get(&format!("/timeline/recover?size={size}")).json;
            (reply["summary"].clone(), reply["merkle_root"].clone(), reply["chain_head"].clone())
        };
        prop_assert_eq!(run(true), run(false));
    }
}
