//! A timeline whose clock runs backwards, and senders whose clocks do.

mod common;

use common::{get, post};
use interaction_timeline::store::append::{IfTaken, append};
use interaction_timeline::store::{log, schema, summary};
use proptest::prelude::*;
use ramanujan_shell::Store;
use ramanujan_shell::native::fresh_database;
use ramanujan_timeline::{Event, Posted};
use serde_json::{Value, json};

fn event(n: usize) -> Event {
    let value = json!({"type": "operation", "agent_id": "a", "payload": {"n": n}});
    serde_json::from_value::<Posted>(value).unwrap().check().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn received_never_decreases_along_the_log_whatever_the_clock_says(
        clocks in prop::collection::vec((0u64..1_000_000, 1usize..4), 1..20)
    ) {
        let _database = fresh_database();
        let store = Store::open(schema::SCHEMA).unwrap();
        let (mut n, mut latest) = (0, 0);
        for (clock, count) in clocks {
            let events: Vec<Event> = (n..n + count).map(event).collect();
            n += count;
            latest = latest.max(clock);
            append(&store, &events, IfTaken::Refuse, clock).unwrap();
            let last = log::after(&store, n as u64 - 1, 1).unwrap();
            prop_assert_eq!((last[0].seq, last[0].received), (n as u64, latest));
            // Which the count of recent events relies on: all those since that instant are recent.
            let recent = json!(summary::summary(&store, 1, latest).unwrap());
            prop_assert!(recent["recent"]["events"].as_u64().unwrap() >= count as u64);
        }
        let all = log::after(&store, 0, 1000).unwrap();
        prop_assert!(all.windows(2).all(|pair| pair[0].received <= pair[1].received && pair[0].seq < pair[1].seq));
        prop_assert_eq!(&get("/timeline/verify").json["verified"], &json!(true));
    }
}

#[test]
fn senders_clocks_running_backwards_change_the_order_by_time_only() {
    let _database = fresh_database();
    let batch: Vec<Value> = (0..50)
        .map(|n| json!({"type": "x", "agent_id": "a", "timestamp": format!("2026-01-01T00:00:{:02}Z", 59 - n)}))
        .collect();
    post(&json!(batch));
    let seqs = |target: &str| -> Vec<u64> {
        let reply = get(target).json;
        reply["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs("/timeline/query?order=seq"), (1..=50).collect::<Vec<_>>());
    assert_eq!(seqs("/timeline/query?order=time"), (1..=50).rev().collect::<Vec<_>>());
}
