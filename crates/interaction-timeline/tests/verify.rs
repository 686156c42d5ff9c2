//! The hashes: what is sealed cannot change unseen.

mod common;

use common::{get, post, problem, tamper};
use interaction_timeline::seal::SEAL_EVENTS;
use interaction_timeline::settings::SEAL_LAG;
use interaction_timeline::store::{log, schema, seals, verify};
use proptest::prelude::*;
use ramanujan_shell::Store;
use ramanujan_shell::native::fresh_database;
use ramanujan_timeline::{Accumulator, Stored};
use serde_json::{Value, json};

fn fill(from: usize, to: usize) {
    for chunk in (from..to).collect::<Vec<_>>().chunks(1000) {
        let batch: Vec<Value> = chunk
            .iter()
            .map(|n| {
                json!({"type": "operation", "agent_id": format!("agent-{}", n % 5), "document_id": "d",
                            "color": "BLUE", "payload": {"n": n}})
            })
            .collect();
        assert_eq!(post(&json!(batch)).status, 200);
    }
}

fn all() -> Vec<Stored> {
    log::after(&Store::open(schema::SCHEMA).unwrap(), 0, 1 << 20).unwrap()
}

#[test]
fn an_empty_log_verifies() {
    let _database = fresh_database();
    let reply = get("/timeline/verify").json;
    assert_eq!(
        (&reply["verified"], &reply["complete"], &reply["events"]),
        (&json!(true), &json!(true), &json!(0))
    );
    assert_eq!(
        reply["merkle_root"],
        json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
}

#[test]
fn the_root_is_that_of_the_rows_whatever_ranges_were_sealed() {
    let _database = fresh_database();
    fill(0, 10);
    assert_eq!(get("/timeline/verify").json["sealed_size"], json!(10));
    fill(10, 2500);
    let reply = get("/timeline/verify").json;
    assert_eq!(
        (&reply["verified"], &reply["sealed_size"], &reply["events"]),
        (&json!(true), &json!(2500), &json!(2500))
    );
    let mut expected = Accumulator::default();
    all().iter().for_each(|event| expected.push(event.leaf_hash()));
    assert_eq!(reply["merkle_root"], json!(expected.root()));
    assert_eq!(reply["chain_head"], json!(expected.chain_head()));
    // A second look compares instead of sealing and comes to the same.
    assert_eq!(get("/timeline/verify").json, reply);
}

#[test]
fn a_bounded_check_goes_on_where_it_stopped() {
    let _database = fresh_database();
    fill(0, 4000);
    let store = Store::open(schema::SCHEMA).unwrap();
    let (mut from, mut rounds) = (0, 0);
    let last = loop {
        let report = verify::check(&store, seals::at(&store, from).unwrap(), 1500).unwrap();
        assert_eq!(report.damage, None);
        assert!(report.checked <= 1500 + SEAL_EVENTS);
        rounds += 1;
        if report.complete {
            break report;
        }
        from = report.state.size();
    };
    assert_eq!((rounds, last.state.size()), (2, 4000));
    let whole = get("/timeline/verify").json;
    assert_eq!(whole["merkle_root"], json!(last.state.root()));
    let second = get("/timeline/verify?cursor=2048").json;
    assert_eq!((&second["merkle_root"], &second["checked"]), (&whole["merkle_root"], &json!(1952)));
    problem(&get("/timeline/verify?cursor=7"), 422, "invalid-parameter");
    problem(&get("/timeline/verify?cursor=x"), 422, "invalid-parameter");
}

#[test]
fn a_long_unsealed_part_is_sealed_by_appending() {
    let _database = fresh_database();
    let store = Store::open(schema::SCHEMA).unwrap();
    fill(0, 3000);
    assert_eq!(seals::sealed_size(&store).unwrap(), 0);
    seals::keep_up(&store, SEAL_LAG.read().unwrap() + 3000, 1000);
    assert_eq!(seals::sealed_size(&store).unwrap(), 2048);
    let reply = get("/timeline/verify").json;
    assert_eq!((&reply["verified"], &reply["sealed_size"]), (&json!(true), &json!(3000)));
}

#[test]
fn two_sealers_cannot_fork_the_chain() {
    let _database = fresh_database();
    fill(0, 20);
    let store = Store::open(schema::SCHEMA).unwrap();
    let events = all();
    let first = seals::seal(&store, Accumulator::default(), &events[..12]).unwrap();
    assert!(first.is_some());
    assert_eq!(seals::seal(&store, Accumulator::default(), &events[..7]).unwrap(), None);
    assert_eq!(seals::seal(&store, Accumulator::default(), &events[..12]).unwrap(), None);
    assert_eq!(get("/timeline/verify").json["verified"], json!(true));
}

#[test]
fn missing_rows_are_found_at_the_end_and_before_sealing_too() {
    let _database = fresh_database();
    fill(0, 30);
    tamper("DELETE FROM timeline_events WHERE seq = 30");
    let reply = get("/timeline/verify").json;
    assert_eq!(
        (&reply["verified"], &reply["first_bad_seq"], &reply["reason"]),
        (&json!(false), &json!(30), &json!("missing"))
    );
    tamper("DELETE FROM timeline_events WHERE seq = 11");
    assert_eq!(get("/timeline/verify").json["first_bad_seq"], json!(11));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_changed_row_is_named(
        seq in 1u64..60,
        change in prop::sample::select(vec![
            "timestamp = timestamp + 1", "received = received - 1", "origin_seq = origin_seq + 1000", "agent = agent || 'x'",
            "type = 'other'", "document = NULL", "color = NULL", "color = 1", "body = '{}'", "id = zeroblob(32)",
            "seq = seq + 1000",
        ])
    ) {
        let _database = fresh_database();
        fill(0, 40);
        get("/timeline/verify");
        fill(40, 60);
        prop_assert_eq!(&get("/timeline/verify").json["verified"], &json!(true));
        tamper(&format!("UPDATE timeline_events SET {change} WHERE seq = {seq}"));
        let reply = get("/timeline/verify").json;
        prop_assert_eq!(&reply["verified"], &json!(false));
        prop_assert_eq!(&reply["first_bad_seq"], &json!(seq));
        prop_assert_eq!(&reply["next_cursor"], &Value::Null);
    }

    #[test]
    fn a_changed_seal_is_noticed(change in prop::sample::select(vec![
        "chain_head = zeroblob(32)", "root = zeroblob(32)", "peaks = zeroblob(length(peaks))", "tags = zeroblob(8)",
    ])) {
        let _database = fresh_database();
        fill(0, 40);
        get("/timeline/verify");
        tamper(&format!("UPDATE timeline_seals SET {change}"));
        prop_assert_eq!(&get("/timeline/verify").json["verified"], &json!(false));
    }
}
