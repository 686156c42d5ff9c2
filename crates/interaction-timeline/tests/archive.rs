//! Archiving: what moves to files stays provable, unrepeatable and restorable.

mod common;

use common::{get, post, problem, tamper};
use http::Method;
use proptest::prelude::*;
use ramanujan_core::Digest;
use ramanujan_shell::native::{Reply, fresh_database, send};
use ramanujan_timeline::Segment;
use serde_json::{Value, json};

fn archive(body: &Value) -> Reply {
    send(&interaction_timeline::service(), Method::POST, "/timeline/archive", body.to_string())
}

fn restore(file: &str) -> Reply {
    send(&interaction_timeline::service(), Method::POST, "/timeline/archive", file)
}

fn event(n: u64) -> Value {
    json!({"type": if n.is_multiple_of(7) { "sync" } else { "operation" }, "agent_id": format!("agent-{}", n % 3),
        "document_id": format!("d{}", n % 2), "color": if n.is_multiple_of(2) { "RED" } else { "BLUE" }, "origin_seq": n / 3 + 1,
        "timestamp": "2026-01-02T03:04:05Z", "payload": {"n": n}})
}

fn fill(from: u64, to: u64) {
    for chunk in (from..to).collect::<Vec<_>>().chunks(1000) {
        assert_eq!(post(&chunk.iter().map(|n| event(*n)).collect()).status, 200);
    }
}

/// Archives the next segment; its file, or `None` if nothing may be archived.
fn next() -> Option<String> {
    let handed = archive(&json!({})).json;
    let file = handed["file"].as_str()?.to_owned();
    let digest = Digest::of(file.as_bytes()).to_string();
    assert_eq!(handed["sha256"], json!(digest));
    let confirm = json!({"first": handed["first"], "last": handed["last"], "tree_size": handed["tree_size"], "sha256": digest});
    let done = archive(&confirm);
    assert_eq!((done.status, &done.json["archived_until"]), (200, &handed["last"]), "{}", done.json);
    assert_eq!(archive(&confirm).json["duplicate"], json!(true));
    Some(file)
}

/// Everything that is said about the log, for comparing before and after.
fn whole() -> (Value, Value, Vec<Value>) {
    let mut summary = get("/timeline/summary").json;
    summary["recent"] = Value::Null;
    let mut events = Vec::new();
    loop {
        let page = get(&format!("/api/timeline?after={}&limit=1000", events.len())).json;
        let page = page.as_array().unwrap();
        if page.is_empty() {
            return (summary, get("/timeline/verify").json, events);
        }
        events.extend(page.iter().cloned());
    }
}

#[test]
fn what_is_archived_is_provable_known_and_comes_back() {
    let _database = fresh_database();
    fill(0, 4000);
    get("/timeline/verify");
    let before = whole();
    let proofs: Vec<Value> = [1u64, 700, 1024, 1025, 2500, 3999]
        .iter()
        .map(|seq| get(&format!("/timeline/proof?seq={seq}&size=3500")).json)
        .filter(|proof| proof["type"] == "inclusion")
        .collect();
    let files: Vec<String> = std::iter::from_fn(next).collect();
    assert_eq!(files.len(), 3, "1024 + 1024 + 928, the newest 1024 stay");
    let reply = get("/timeline/verify").json;
    assert_eq!((&reply["verified"], &reply["archived_until"]), (&json!(true), &json!(2976)));
    assert_eq!(
        (&reply["merkle_root"], &reply["chain_head"]),
        (&before.1["merkle_root"], &before.1["chain_head"])
    );
    for proof in &proofs {
        let mut now =
            get(&format!("/timeline/proof?event={}&size=3500", proof["event_id"].as_str().unwrap())).json;
        assert_eq!(now["archived"], json!(proof["seq"].as_u64().unwrap() <= 2976));
        now["archived"] = json!(false);
        assert_eq!(&now, proof);
    }
    // An archived event is gone from the answers, which say so, but not from what may not be repeated.
    let first = before.2[0]["event_id"].as_str().unwrap();
    let gone = problem(&get(&format!("/timeline/event/{first}")), 410, "event-archived");
    assert_eq!((&gone["seq"], &gone["file_sha256"]), (&json!(1), &json!(Digest::of(files[0].as_bytes()))));
    for relation in ["causes", "effects", "concurrent"] {
        problem(&get(&format!("/timeline/event/{first}/{relation}")), 410, "event-archived");
    }
    assert_eq!(get("/timeline/query?limit=1").json["archived_until"], json!(2976));
    let again = post(&json!([event(0), event(3999), event(4000)]));
    assert_eq!(again.status, 200, "{}", again.json);
    let seqs: Vec<_> = again.json["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["seq"].clone(), e["duplicate"].clone()))
        .collect();
    assert_eq!(seqs, [(json!(1), json!(true)), (json!(4000), json!(true)), (json!(4001), json!(false))]);
    // Of its content a digest is kept, with which that is compared which is told with its causes now.
    let mut told = event(0);
    told["event_id"] = json!(first);
    told["depends_on"] = json!([first]);
    told["cause_count"] = json!(1);
    let reply = post(&told).json;
    assert_eq!((&reply["seq"], &reply["duplicate"]), (&json!(1), &json!(true)), "{reply}");
    let other = json!({"event_id": first, "type": "other", "agent_id": "agent-0"});
    problem(&post(&other), 409, "event-conflict");
    let mut other = event(3);
    other["payload"] = json!({});
    problem(&post(&other), 409, "origin-seq-conflict");
    // Back, the newest segment first.
    problem(&restore(&files[0]), 409, "archive-conflict");
    for file in files.iter().rev() {
        assert_eq!(restore(file).status, 200);
        assert_eq!(restore(file).json["restored"], json!(0), "twice is once");
    }
    let mut after = whole();
    assert_eq!(after.2.pop().unwrap()["seq"], json!(4001));
    assert_eq!(after.2, before.2);
    assert_eq!((&after.1["verified"], &after.1["gaps"]), (&json!(true), &before.1["gaps"]));
    assert_eq!(after.0["by_color"]["RED"], json!(2001));
    assert_eq!(after.0["events"], json!(4001));
    for (old, new) in files.iter().take(2).zip(std::iter::from_fn(next)) {
        assert_eq!(Segment::read(&new).unwrap().rows, Segment::read(old).unwrap().rows);
    }
}

#[test]
fn nothing_is_deleted_without_the_digest_of_the_file() {
    let _database = fresh_database();
    problem(&archive(&json!({"first": 1})), 422, "invalid-archive");
    problem(&archive(&json!({"what": 1})), 422, "invalid-json");
    assert_eq!(archive(&json!({})).json["file"], Value::Null);
    fill(0, 3000);
    get("/timeline/verify");
    let handed = archive(&json!({})).json;
    let digest = &handed["sha256"];
    for (first, last, size, digest, code) in [
        (1, 1024, 3000, json!(Digest::of(b"")), "digest-mismatch"),
        (1, 1023, 3000, digest.clone(), "digest-mismatch"),
        (1, 1024, 2999, digest.clone(), "digest-mismatch"),
        (2, 1025, 3000, digest.clone(), "archive-conflict"),
        (1, 2500, 3000, digest.clone(), "archive-conflict"),
        (1, 1024, 4000, digest.clone(), "archive-conflict"),
        (1, 1024, 1000, digest.clone(), "archive-conflict"),
        (9, 8, 3000, digest.clone(), "archive-conflict"),
    ] {
        let body = json!({"first": first, "last": last, "tree_size": size, "sha256": digest});
        problem(&archive(&body), 409, code);
    }
    assert_eq!(get("/api/timeline?after=0&limit=1").json[0]["seq"], json!(1));
    let file = next().unwrap();
    let other = json!({"first": 1, "last": 1024, "tree_size": 3000, "sha256": Digest::of(b"")});
    problem(&archive(&other), 409, "archive-conflict");
    // Only the file itself brings it back.
    problem(&restore(&file.replace("\"n\\\":5}", "\"n\\\":6}")), 422, "invalid-segment");
    problem(&restore(&file[..file.len() - 1]), 422, "invalid-segment");
    problem(&restore("{\"format\":"), 422, "invalid-segment");
    assert_eq!(restore(&file).json["restored"], json!(1024));
}

#[test]
fn a_damaged_log_is_not_archived_and_a_damaged_stub_is_found() {
    let _database = fresh_database();
    fill(0, 4000);
    get("/timeline/verify");
    next();
    tamper("UPDATE timeline_events SET type = 'x' WHERE seq = 1500");
    problem(&archive(&json!({})), 500, "log-damaged");
    tamper("UPDATE timeline_events SET type = 'operation' WHERE seq = 1500");
    next();
    let bad = || {
        let reply = get("/timeline/verify").json;
        (reply["first_bad_seq"].clone(), reply["reason"].clone())
    };
    assert_eq!(bad(), (Value::Null, Value::Null));
    tamper(
        "INSERT INTO timeline_events (seq, event_id, timestamp, received, origin_seq, agent, type, body)
            VALUES (5, zeroblob(32), 0, 0, 9999, 'mallory', 'x', '{}')",
    );
    assert_eq!(bad(), (json!(5), json!("inserted")));
    tamper("DELETE FROM timeline_events WHERE seq = 5");
    tamper("UPDATE timeline_segments SET leaves = zeroblob(length(leaves)) WHERE first = 1025");
    assert_eq!(bad(), (json!(1025), json!("changed")));
    tamper("DELETE FROM timeline_segments WHERE first = 1025");
    assert_eq!(bad(), (json!(1025), json!("missing")));
}

/// Event `n` of a log in which each origin's odd numbers come long after its even ones, times run anyhow, and of the
/// causes some come later and some never.
fn tangled(n: u64) -> Value {
    let mut event = event(n);
    let place = n / 3;
    let number = if place < 500 { 2 * place + 2 } else { 2 * (place - 500) + 1 };
    let cause = if n.is_multiple_of(97) { n + 100_000 } else { n * 7 % 3000 };
    event["event_id"] = Digest::of(n.to_string().as_bytes()).to_string().into();
    event["origin_seq"] = number.into();
    event["timestamp"] = (1_700_000_000_000 + n * 7919 % 1009).into();
    event["fingerprint"] = format!("{:016x}", n / 5).into();
    event["depends_on"] = json!([Digest::of(cause.to_string().as_bytes())]);
    event
}

fn post_tangled(from: u64, to: u64) {
    assert_eq!(post(&(from..to).map(tangled).collect()).status, 200);
}

fn freeze(size: u64) -> Value {
    let body =
        json!({"name": format!("of-{size}"), "size": size, "allow": ["missing_dependencies", "clock"]});
    let reply = send(&interaction_timeline::service(), Method::POST, "/timeline/freeze", body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

/// The whole state at a place, but how it was found.
fn state(at: &str) -> Vec<Value> {
    ["types", "origins", "documents"]
        .map(|list| {
            let reply = get(&format!("/timeline/recover?at={at}&list={list}&limit=1000"));
            assert_eq!(reply.status, 200, "{}", reply.json);
            let mut state = reply.json;
            state.as_object_mut().unwrap().retain(|name, _| name != "replayed" && name != "snapshot");
            state
        })
        .into()
}

#[test]
fn freezing_and_recovering_give_the_same_after_archiving() {
    let run = |archiving: bool| {
        let _database = fresh_database();
        post_tangled(0, 776);
        // The one archived last is stored before the next, so that its time names a place.
        std::thread::sleep(std::time::Duration::from_millis(2));
        post_tangled(776, 1000);
        post_tangled(1000, 1800);
        let edge = get("/timeline/recover?at=776").json["last_received"].as_str().unwrap().to_owned();
        assert_eq!(get(&format!("/timeline/recover?at={edge}")).json["size"], json!(776));
        let places = ["0", "776", "777", "1000", "1800", &edge];
        let before: Vec<_> = places.iter().map(|at| state(at)).collect();
        let frozen = freeze(1500);
        if archiving {
            assert_eq!(std::iter::from_fn(next).count(), 1);
            assert_eq!(places.map(state).to_vec(), before);
            let mut again = freeze(1500);
            assert_eq!(again["duplicate"], json!(true));
            again["duplicate"] = json!(false);
            assert_eq!(again, frozen);
            for at in ["500", "2020-01-01T00:00:00Z"] {
                let gone = problem(&get(&format!("/timeline/recover?at={at}")), 410, "archived");
                assert_eq!(gone["first_seq"], json!(777));
            }
        }
        post_tangled(1800, 2300);
        post_tangled(2300, 3000);
        if archiving {
            assert_eq!(std::iter::from_fn(next).count(), 2);
        }
        assert_eq!(frozen["merkle_root"], state("1500")[0]["merkle_root"]);
        // Except for what hangs on the time of arrival.
        let mut all = vec![freeze(2500), freeze(3000)];
        all.extend(["1500", "2500", "3000"].into_iter().flat_map(state));
        for state in &mut all {
            for name in ["created", "merkle_root", "chain_head", "last_received"] {
                state[name] = Value::Null;
            }
        }
        all
    };
    let (kept, archived) = (run(false), run(true));
    assert!(kept[1]["clock"].as_u64() > Some(500) && kept[1]["missing_dependencies"].as_u64() > Some(20));
    assert_eq!(archived, kept);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn archiving_and_restoring_in_any_order_changes_nothing(
        steps in prop::collection::vec((0u8..3, 200u64..900), 1..9)
    ) {
        let _database = fresh_database();
        let (mut size, mut files) = (2100, Vec::new());
        fill(0, size);
        for (step, count) in steps {
            match step {
                0 => {
                    fill(size, size + count);
                    size += count;
                }
                1 => {
                    get("/timeline/verify");
                    files.extend(next());
                }
                _ => {
                    if let Some(file) = files.pop() {
                        prop_assert_eq!(restore(&file).status, 200);
                    }
                }
            }
            let verified = get("/timeline/verify").json;
            prop_assert_eq!((&verified["verified"], &verified["events"]), (&json!(true), &json!(size)));
        }
        while let Some(file) = files.pop() {
            prop_assert_eq!(restore(&file).status, 200);
        }
        let numbers: Vec<u64> = whole().2.iter().map(|event| event["payload"]["n"].as_u64().unwrap()).collect();
        prop_assert_eq!(numbers, (0..size).collect::<Vec<_>>());
    }
}
