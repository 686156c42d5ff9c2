//! The causal index while it is made: interrupted anywhere, by several at once, behind a log that grows; and the index of ids.

mod common;

use std::collections::BTreeSet;
use std::thread;

use common::{get, post, problem, tamper};
use http::Method;
use interaction_timeline::store::{causal, ids, schema};
use proptest::prelude::*;
use ramanujan_core::Digest;
use ramanujan_shell::Store;
use ramanujan_shell::native::{Reply, database_file, fresh_database, send, set_variable};
use serde_json::{Value, json};
use std::time::Duration;

fn id(n: u64) -> String {
    Digest::of(&n.to_be_bytes()).to_string()
}

/// Event `n`: it names the one before it and one some places before, and has the clock of its document.
fn event(n: u64) -> Value {
    let causes: BTreeSet<_> = [1, 7].into_iter().filter_map(|back| n.checked_sub(back)).map(id).collect();
    json!({"event_id": id(n), "type": "x", "agent_id": format!("a{}", n % 5), "document_id": format!("d{}", n % 2),
           "depends_on": causes, "cause_count": causes.len(), "payload": {"n": n}})
}

fn index(body: &Value) -> Reply {
    send(&interaction_timeline::service(), Method::POST, "/timeline/index", body.to_string())
}

/// The numbers of the events in causal order, as far as the index goes.
fn order() -> Vec<u64> {
    let mut order = Vec::new();
    let mut cursor = String::new();
    loop {
        let reply = get(&format!("/timeline/query?order=causal&limit=1000{cursor}"));
        assert_eq!(reply.status, 200, "{}", reply.json);
        let page = reply.json["events"].as_array().unwrap();
        order.extend(page.iter().map(|event| event["payload"]["n"].as_u64().unwrap()));
        match reply.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return order,
        }
    }
}

/// The index, all of it: places, links, what is waited for, what is left to do.
fn contents() -> Vec<Vec<String>> {
    let tables = [
        "SELECT seq || ':' || level || ':' || total || ':' || own FROM timeline_places ORDER BY seq",
        "SELECT cause || ':' || effect FROM timeline_links ORDER BY cause, effect",
        "SELECT hex(cause) || ':' || effect FROM timeline_awaited ORDER BY cause, effect",
        "SELECT document || ':' || agent || ':' || most FROM timeline_heard ORDER BY document, agent",
        "SELECT seq || '' FROM timeline_unsettled ORDER BY seq",
    ];
    tables.map(|sql| tamper(sql).iter().map(|row| row.text(0).unwrap().to_owned()).collect()).to_vec()
}

fn finish() {
    for _ in 0..1000 {
        let reply = index(&json!({})).json;
        if reply["complete"] == true {
            return;
        }
    }
    panic!("the index does not get to its end");
}

#[test]
fn an_answer_says_how_far_the_index_goes_and_what_is_in_it_is_in_order() {
    let _database = fresh_database();
    set_variable("CAUSAL_INDEX_MS", 0);
    for part in 0..5u64 {
        let batch: Vec<_> = (part * 700..(part + 1) * 700).map(event).collect();
        assert_eq!(post(&json!(batch)).status, 200);
    }
    // One step for each request, and an answer each time.
    let mut reached = Vec::new();
    loop {
        let reply = get("/timeline/query?order=causal&limit=1000").json;
        let (indexed, last) = (reply["indexed_until"].as_u64().unwrap(), reply["last_seq"].as_u64().unwrap());
        assert_eq!(last, 3500);
        reached.push(indexed);
        let numbers: Vec<_> = reply["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["payload"]["n"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        assert_eq!(numbers.len() as u64, indexed.min(1000));
        if indexed == last {
            break;
        }
        // What is not in the index may have come after: a walk says that it does not know.
        let effects = get(&format!("/timeline/event/{}/effects?limit=1", id(0))).json;
        let complete = effects["indexed_until"] == effects["last_seq"];
        assert_eq!(effects["complete"], json!(complete), "{effects}");
        let causes = get(&format!("/timeline/event/{}/causes", id(3))).json;
        assert_eq!((&causes["complete"], &causes["indexed_until"]), (&json!(true), &Value::Null));
    }
    assert!(reached.len() > 1 && reached.windows(2).all(|pair| pair[0] < pair[1]), "{reached:?}");
    assert_eq!(order(), (0..3500).collect::<Vec<_>>());
    // In other orders there is nothing to say.
    assert!(get("/timeline/query").json.get("indexed_until").is_none());
}

#[test]
fn whoever_looks_after_the_network_brings_the_index_on() {
    let _database = fresh_database();
    let empty = index(&json!({})).json;
    assert_eq!(
        (&empty["complete"], &empty["indexed_until"], &empty["last_seq"]),
        (&json!(true), &json!(0), &json!(0))
    );
    for part in 0..3u64 {
        assert_eq!(post(&json!((part * 800..(part + 1) * 800).map(event).collect::<Vec<_>>())).status, 200);
    }
    let first = index(&json!({"max_ms": 0})).json;
    assert_eq!(
        (&first["complete"], &first["indexed_until"], &first["unsettled"]),
        (&json!(false), &json!(1000), &json!(0))
    );
    finish();
    let again = index(&json!({"max_ms": 5})).json;
    assert_eq!((&again["complete"], &again["indexed_until"]), (&json!(true), &json!(2400)));
    problem(&index(&json!({"max_ms": -1})), 422, "invalid-json");
    problem(&index(&json!({"for": 1})), 422, "invalid-json");
}

/// Each statement of the index is made to fail in turn, as it does where the host dies before it is done; then all is as if
/// nothing had happened.
#[test]
fn an_index_interrupted_before_any_of_its_statements_loses_and_doubles_nothing() {
    // Some come before what they name, in the same step and in another, and one names what never comes.
    let arriving: Vec<u64> = (0..2300).map(|n| if n % 50 == 0 { n + 49 } else { n - 1 }).collect();
    let fill = || {
        for part in arriving.chunks(575) {
            assert_eq!(post(&json!(part.iter().map(|n| event(*n)).collect::<Vec<_>>())).status, 200);
        }
        let lost =
            json!({"type": "x", "agent_id": "a9", "depends_on": [id(100_000)], "payload": {"n": 2300}});
        assert_eq!(post(&lost).status, 200);
    };
    let expected = {
        let _database = fresh_database();
        fill();
        finish();
        (contents(), order())
    };
    assert_eq!(expected.0[2].len(), 1, "what never comes is waited for");
    let watched = [
        ("INSERT ON timeline_places", "seq % 1000 = 77"),
        ("INSERT ON timeline_links", "cause % 500 = 3"),
        ("INSERT ON timeline_awaited", "TRUE"),
        ("DELETE ON timeline_awaited", "TRUE"),
        ("UPDATE ON timeline_places", "seq % 10 = 1"),
        ("INSERT ON timeline_unsettled", "TRUE"),
        ("DELETE ON timeline_unsettled", "TRUE"),
    ];
    let mut interrupted = 0;
    for (what, when) in watched {
        let _database = fresh_database();
        fill();
        let row = if what.starts_with("DELETE") { "old" } else { "new" };
        let when = if when == "TRUE" { when.to_owned() } else { format!("{row}.{when}") };
        for _ in 0..4 {
            let trigger = format!(
                "CREATE TEMP TRIGGER crash BEFORE {} WHEN {when} BEGIN SELECT RAISE(ABORT, 'the host is gone'); END",
                what.replace(" ON ", " ON main.")
            );
            tamper(&trigger);
            let reply = index(&json!({}));
            interrupted += u64::from(reply.status == 503);
            tamper("DROP TRIGGER crash");
            // Some of the work gets done, and the next crash comes elsewhere.
            index(&json!({"max_ms": 0}));
        }
        finish();
        assert_eq!(contents(), expected.0, "{what}");
        assert_eq!(order(), expected.1, "{what}");
    }
    assert!(interrupted >= 7, "{interrupted} times");
}

/// Two bring the index on while two append: it grows without a hole, and ends as one that was made alone.
#[test]
fn the_index_grows_while_others_append_and_index() {
    const WRITERS: u64 = 2;
    const EACH: u64 = 1500;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.sqlite3");
    {
        let _database = database_file(&file);
        get("/timeline/summary");
    }
    let busy = |body: &dyn Fn() -> Reply| loop {
        let reply = body();
        if reply.status == 200 {
            return reply;
        }
        assert_eq!(reply.json["code"], "store-unavailable", "{}", reply.json);
    };
    let own = |writer: u64, n: u64| {
        json!({"event_id": id(writer * EACH + n), "type": "x", "agent_id": format!("a{writer}"),
            "depends_on": n.checked_sub(1).map(|before| vec![id(writer * EACH + before)]).unwrap_or_default(),
            "payload": {"n": writer * EACH + n}})
    };
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (file, own) = (&file, &own);
            scope.spawn(move || {
                let _database = database_file(file);
                for first in (0..EACH).step_by(30) {
                    let batch: Vec<_> = (first..first + 30).map(|n| own(writer, n)).collect();
                    busy(&|| post(&json!(batch)));
                }
            });
        }
        for _ in 0..2 {
            let file = &file;
            scope.spawn(move || {
                let _database = database_file(file);
                let mut before = 0;
                loop {
                    let reply = busy(&|| index(&json!({"max_ms": 0}))).json;
                    let indexed = reply["indexed_until"].as_u64().unwrap();
                    assert!(indexed >= before && indexed <= reply["last_seq"].as_u64().unwrap(), "{reply}");
                    before = indexed;
                    if reply["complete"] == true && indexed == WRITERS * EACH {
                        return;
                    }
                }
            });
        }
    });
    let _database = database_file(&file);
    let together = contents();
    assert_eq!(together[0].len() as u64, WRITERS * EACH);
    let order = order();
    let all: BTreeSet<_> = order.iter().collect();
    assert_eq!((all.len(), order.len() as u64), (order.len(), WRITERS * EACH));
    for writer in 0..WRITERS {
        let own: Vec<_> = order.iter().copied().filter(|n| n / EACH == writer).collect();
        assert_eq!(own, (writer * EACH..(writer + 1) * EACH).collect::<Vec<_>>());
    }
    for table in ["places", "links", "awaited", "heard", "unsettled"] {
        tamper(&format!("DELETE FROM timeline_{table}"));
    }
    finish();
    assert_eq!(contents(), together);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The model is a set: an event is there if it was posted, wherever its id has been moved meanwhile. Ids that begin
    /// alike, and ids that count, are ids as others are.
    #[test]
    fn an_id_is_found_wherever_it_has_been_moved(
        steps in prop::collection::vec((prop::collection::vec((0u8..6, 0u8..10), 1..8), any::<u64>(), any::<bool>()), 1..24)
    ) {
        let _database = fresh_database();
        let store = Store::open(schema::SCHEMA).unwrap();
        let name = |(beginning, end): (u8, u8)| {
            let mut bytes = [0u8; 32];
            bytes[..6].copy_from_slice(&[[0; 6], [255; 6], [16, 0, 0, 0, 0, 0], [15, 255, 255, 255, 255, 255],
                [beginning; 6], [240, 1, 2, 3, 4, beginning]][usize::from(beginning)]);
            bytes[31] = end;
            Digest(bytes).to_string()
        };
        let mut there: BTreeSet<(u8, u8)> = BTreeSet::new();
        for (batch, last, moves) in &steps {
            let body: Vec<Value> = batch.iter().map(|id| json!({"event_id": name(*id), "type": "x", "agent_id": "a",
                "payload": {"id": name(*id)}})).collect();
            let reply = post(&json!(body));
            prop_assert_eq!(reply.status, 200, "{}", reply.json);
            for (id, event) in batch.iter().zip(reply.json["events"].as_array().unwrap()) {
                prop_assert_eq!(&event["duplicate"], &json!(!there.insert(*id)));
            }
            if *moves {
                ids::merge(&store, *last, 1).unwrap();
            }
        }
        prop_assert_eq!(&get("/timeline/summary").json["events"], &json!(there.len()));
        for beginning in 0..6 {
            for end in 0..10 {
                let known = there.contains(&(beginning, end));
                let reply = get(&format!("/timeline/event/{}", name((beginning, end))));
                prop_assert_eq!(reply.status, if known { 200 } else { 404 });
                let other = json!({"event_id": name((beginning, end)), "type": "another", "agent_id": "b"});
                prop_assert_eq!(post(&other).status, if known { 409 } else { 200 });
            }
        }
        let reach = causal::advance(&store, Duration::from_secs(5)).unwrap();
        prop_assert!(reach.is_complete() && reach.indexed_until == 60, "{:?}", reach);
    }
}

/// The place of an id's beginning is one table, and the rest of the index of ids is as large as the log.
#[test]
fn the_tables_of_ids_hold_each_event_once_after_many_batches() {
    let _database = fresh_database();
    for first in (0..12_000u64).step_by(1000) {
        let batch: Vec<_> = (first..first + 1000)
            .map(|n| json!({"event_id": id(n), "type": "x", "agent_id": "a", "payload": {"n": n}}))
            .collect();
        assert_eq!(post(&json!(batch)).status, 200);
    }
    let count = |table: &str| tamper(&format!("SELECT COUNT(*) FROM timeline_{table}"))[0].uint(0).unwrap();
    let counts = ["ids_new", "ids_mid", "ids", "ids_odd"].map(count);
    assert_eq!(counts.iter().sum::<u64>(), 12_000, "{counts:?}");
    assert!(counts[0] < 6000 && counts[1] > 0 && counts[2] > 0, "they are moved: {counts:?}");
    let lost = tamper(
        "SELECT COUNT(*) FROM timeline_events AS e WHERE NOT EXISTS (
            SELECT 1 FROM timeline_ids_new WHERE key = substr(e.id, 1, 6) AND seq = e.seq
            UNION ALL SELECT 1 FROM timeline_ids_mid WHERE key = substr(e.id, 1, 6) AND seq = e.seq
            UNION ALL SELECT 1 FROM timeline_ids WHERE key = substr(e.id, 1, 6) AND seq = e.seq)",
    );
    assert_eq!(lost[0].uint(0).unwrap(), 0);
}
