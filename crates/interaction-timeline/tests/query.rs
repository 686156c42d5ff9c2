//! Reading: filters, order, cursors, the bare array, the counts.

mod common;

use common::{get, id, post, problem};
use proptest::prelude::*;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::native::fresh_database;
use ramanujan_shell::{Store, now_millis};
use serde_json::{Value, json};

const COLORS: [Option<&str>; 4] = [Some("RED"), Some("BLUE"), Some("GREEN"), None];

fn event(n: usize) -> Value {
    let mut event = json!({"type": format!("t{}", n % 3), "agent_id": format!("a{}", n % 2),
        "timestamp": format_rfc3339(1_700_000_000_000 + (n as u64 * 7919) % 1000), "payload": {"n": n}});
    if !n.is_multiple_of(5) {
        event["document_id"] = json!(format!("d{}", n % 4));
    }
    if let Some(color) = COLORS[n % 4] {
        event["color"] = json!(color);
    }
    event
}

fn walk(parameters: &str, limit: usize) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("/timeline/query?limit={limit}{parameters}{cursor}")).json;
        let events = page["events"].as_array().unwrap().clone();
        assert!(events.len() <= limit);
        found.extend(events);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn pages_of_any_size_give_exactly_what_the_filter_says(
        total in 1usize..60, limit in 1usize..20,
        agent in prop::option::of(0usize..3), kind in prop::option::of(0usize..4),
        document in prop::option::of(0usize..5), color in prop::option::of(0usize..3),
        range in prop::option::of((0u64..1000, 0u64..1000)), by_time in any::<bool>(),
    ) {
        let _database = fresh_database();
        let events: Vec<Value> = (0..total).map(event).collect();
        post(&json!(events));
        let mut parameters = format!("&order={}", if by_time { "time" } else { "seq" });
        let mut keep: Vec<usize> = (0..total).collect();
        let text = |n: usize, member: &str| event(n)[member].as_str().map(str::to_owned);
        let mut narrow = |name: &str, member: &str, value: Option<String>| {
            if let Some(value) = value {
                parameters += &format!("&{name}={value}");
                keep.retain(|n| text(*n, member).as_deref() == Some(value.as_str()));
            }
        };
        narrow("agent", "agent_id", agent.map(|n| format!("a{n}")));
        narrow("type", "type", kind.map(|n| format!("t{n}")));
        narrow("document", "document_id", document.map(|n| format!("d{n}")));
        narrow("color", "color", color.and_then(|n| COLORS[n]).map(str::to_owned));
        if let Some((from, to)) = range {
            let (from, to) = (format_rfc3339(1_700_000_000_000 + from), format_rfc3339(1_700_000_000_000 + to));
            parameters += &format!("&from={from}&to={to}");
            // RFC 3339 times of one length order as texts.
            keep.retain(|n| text(*n, "timestamp").is_some_and(|time| from <= time && time < to));
        }
        if by_time {
            keep.sort_by_key(|n| (text(*n, "timestamp"), *n));
        }
        let found: Vec<_> = walk(&parameters, limit).iter().map(|e| e["payload"]["n"].as_u64().unwrap() as usize).collect();
        prop_assert_eq!(found, keep, "{}", parameters);
    }
}

#[test]
fn newest_first_is_the_order_of_storing_backwards() {
    let _database = fresh_database();
    post(&Value::from((0..23).map(event).collect::<Vec<_>>()));
    for limit in [1, 4, 23] {
        let mut newest = walk("&agent=a1&order=newest", limit);
        newest.reverse();
        assert_eq!(newest, walk("&agent=a1&order=seq", limit));
        assert_eq!(newest.len(), 11);
    }
}

#[test]
fn the_latest_of_a_window_are_its_times_backwards() {
    let _database = fresh_database();
    post(&Value::from((0..60).map(event).collect::<Vec<_>>()));
    let (from, to) = (format_rfc3339(1_700_000_000_100), format_rfc3339(1_700_000_000_800));
    for window in
        [String::new(), format!("&from={from}"), format!("&to={to}"), format!("&from={from}&to={to}")]
    {
        for filter in ["", "&type=t1", "&type=t2&agent=a0"] {
            for limit in [1, 4, 60] {
                let mut latest = walk(&format!("{filter}{window}&order=latest"), limit);
                latest.reverse();
                assert_eq!(latest, walk(&format!("{filter}{window}&order=time"), limit), "{filter}{window}");
            }
        }
    }
}

#[test]
fn newest_pages_are_read_along_an_index() {
    let _database = fresh_database();
    post(&Value::from((0..20).map(event).collect::<Vec<_>>()));
    // What the plans of the pages' statements must not do is sort what they read.
    for (condition, order, index) in [
        ("e.type = 't1'", "e.seq DESC", "timeline_by_type"),
        ("e.timestamp >= 1 AND +e.type = 't1'", "e.timestamp DESC, e.seq DESC", "timeline_by_time"),
        ("e.timestamp >= 1 AND e.timestamp < 9", "e.timestamp DESC, e.seq DESC", "timeline_by_time"),
    ] {
        let plan = common::tamper(&format!(
            "EXPLAIN QUERY PLAN SELECT e.body FROM timeline_events AS e WHERE {condition} ORDER BY {order} LIMIT 9"
        ));
        let plan: Vec<_> = plan.iter().map(|row| row.text(3).unwrap().to_owned()).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
    }
}

#[test]
fn parameters_that_mean_nothing_are_refused() {
    let _database = fresh_database();
    for wrong in [
        "from=yesterday",
        "color=purple",
        "agent=a%20b",
        "order=size",
        "limit=0",
        "limit=1001",
        "cursor=x",
        "order=time&cursor=5",
        "document=merge",
    ] {
        problem(&get(&format!("/timeline/query?{wrong}")), 422, "invalid-parameter");
    }
    problem(&get("/timeline/query?colour=RED"), 422, "unknown-parameter");
    problem(&get("/api/timeline?after=-1"), 422, "invalid-parameter");
    problem(&get("/timeline/event/xyz"), 422, "invalid-path");
    problem(&get(&format!("/timeline/event/{}", id(1))), 404, "no-such-event");
    problem(&get("/timeline/summary?window=0"), 422, "invalid-parameter");
    problem(&get("/timeline/events"), 405, "method-not-allowed");
}

#[test]
fn the_array_has_the_newest_last_and_goes_on_after_a_seq() {
    let _database = fresh_database();
    post(&json!((0..150).map(event).collect::<Vec<_>>()));
    let seqs = |target: &str| {
        let reply = get(target).json;
        reply.as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(seqs("/api/timeline"), (51..=150).collect::<Vec<_>>());
    assert_eq!(seqs("/api/timeline?after=148"), [149, 150]);
    assert_eq!(seqs("/api/timeline?after=150"), [0; 0]);
    assert_eq!(seqs("/api/timeline?limit=2&after=0"), [1, 2]);
    let newest = &get("/api/timeline?limit=1").json[0];
    assert!(newest["timestamp"].is_string() && newest["type"].is_string());
}

#[test]
fn the_summary_counts_what_is_stored() {
    let _database = fresh_database();
    let empty = get("/timeline/summary").json;
    assert_eq!((&empty["events"], &empty["first_timestamp"]), (&json!(0), &Value::Null));
    post(&json!((0..40).map(event).collect::<Vec<_>>()));
    post(&json!((0..45).map(event).collect::<Vec<_>>()));
    let reply = get("/timeline/summary").json;
    assert_eq!((&reply["events"], &reply["last_seq"]), (&json!(45), &json!(45)));
    assert_eq!(reply["by_color"], json!({"RED": 12, "BLUE": 11, "GREEN": 11}));
    assert_eq!(reply["uncolored"], json!(11));
    assert_eq!((&reply["by_type"], &reply["types"]), (&json!({"t0": 15, "t1": 15, "t2": 15}), &json!(3)));
    assert_eq!(reply["recent"], json!({"window_s": 10, "events": 45}));
    let mut times: Vec<_> = (0..45).map(|n| event(n)["timestamp"].clone().to_string()).collect();
    times.sort();
    assert_eq!(reply["first_timestamp"].to_string(), times[0]);
    assert_eq!(reply["last_timestamp"].to_string(), times[44]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_rate_counts_exactly_the_events_received_in_the_window(ages in prop::collection::vec(0u64..30_000, 0..40)) {
        let _database = fresh_database();
        let mut ages = ages;
        ages.sort_unstable_by(|a, b| b.cmp(a));
        let now = now_millis();
        for (n, age) in ages.iter().enumerate() {
            post(&event(n));
            common::tamper(&format!("UPDATE timeline_events SET received = {} WHERE seq = {}", now - age, n + 1));
        }
        let store = Store::open(interaction_timeline::store::schema::SCHEMA).unwrap();
        for window in [1, 7, 10, 3600] {
            let reply = json!(interaction_timeline::store::summary::summary(&store, window, now).unwrap());
            let expected = ages.iter().filter(|age| **age <= window * 1000).count();
            prop_assert_eq!(&reply["recent"]["events"], &json!(expected));
        }
    }
}
