//! The causal order is a linear extension of happened-before, whatever order events arrive in.

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use common::post;
use proptest::prelude::*;
use ramanujan_core::clock::Causality;
use ramanujan_core::{Digest, VectorClock};
use ramanujan_shell::native::{Reply, fresh_database};
use serde_json::{Value, json};

const AGENTS: usize = 4;
const DOCUMENTS: usize = 2;

/// One step of a made-up network.
#[derive(Clone, Debug)]
enum Step {
    /// An agent changes a document; its event may depend on an earlier event, of whatever document, and be numbered.
    Change { agent: usize, document: usize, depends: Option<usize> },
    /// An agent takes over what another has of a document.
    Exchange { from: usize, to: usize, document: usize },
    /// An event without a clock that depends on up to two earlier ones; its sender may say that it came after nothing else.
    Note { agent: usize, depends: [usize; 2], knows: bool },
    /// Somebody who changes nothing says what an agent has of a document.
    Observe { agent: usize, document: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let agent = 0..AGENTS;
    let document = 0..DOCUMENTS;
    prop_oneof![
        4 => (agent.clone(), document.clone(), prop::option::weighted(0.3, any::<usize>()))
            .prop_map(|(agent, document, depends)| Step::Change { agent, document, depends }),
        3 => (agent.clone(), agent.clone(), document.clone())
            .prop_map(|(from, to, document)| Step::Exchange { from, to, document }),
        1 => (agent.clone(), any::<[usize; 2]>(), any::<bool>())
            .prop_map(|(agent, depends, knows)| Step::Note { agent, depends, knows }),
        1 => (agent, document).prop_map(|(agent, document)| Step::Observe { agent, document }),
    ]
}

/// Asks, and again while the causal index is behind, as the problem or the reply says: how far one request brings it
/// depends on how busy the machine is.
fn get(target: &str) -> Reply {
    for _ in 0..100 {
        let reply = common::get(target);
        if reply.json["code"] != "causal-index-behind"
            && reply.json["indexed_until"] == reply.json["last_seq"]
        {
            return reply;
        }
    }
    panic!("the causal index does not get to its end: {target}");
}

fn id(n: usize) -> String {
    Digest::of(&n.to_be_bytes()).to_string()
}

/// The events of a run in the order in which they happened. `numbered`: agents count their own events.
fn happen(steps: &[Step], numbered: bool) -> Vec<Value> {
    let mut clocks = vec![vec![VectorClock::new(); DOCUMENTS]; AGENTS];
    let mut numbers = [0; AGENTS];
    let mut events: Vec<Value> = Vec::new();
    for step in steps {
        let n = events.len();
        let pick = |at: &usize| (n > 0).then(|| id(at % n));
        let (agent, mut event) = match step {
            Step::Exchange { from, to, document } => {
                let theirs = clocks[*from][*document].clone();
                clocks[*to][*document].join(&theirs);
                continue;
            }
            Step::Change { agent, document, depends } => {
                let clock = &mut clocks[*agent][*document];
                clock.increment(&format!("a{agent}"));
                let depends: Vec<_> = depends.iter().filter_map(pick).collect();
                (
                    *agent,
                    json!({"type": "change", "document_id": format!("d{document}"), "vector_clock": clock, "depends_on": depends}),
                )
            }
            Step::Note { agent, depends, knows } => {
                let depends: BTreeSet<_> = depends.iter().filter_map(pick).collect();
                let count = knows.then_some(depends.len());
                (*agent, json!({"type": "note", "depends_on": depends, "cause_count": count}))
            }
            Step::Observe { agent, document } => {
                let clock = &clocks[*agent][*document];
                if clock.is_empty() {
                    continue;
                }
                events.push(
                    json!({"type": "seen", "event_id": id(n), "agent_id": "observer", "vector_clock": clock,
                    "document_id": format!("d{document}"), "payload": {"n": n}}),
                );
                continue;
            }
        };
        event["event_id"] = id(n).into();
        event["agent_id"] = format!("a{agent}").into();
        event["payload"] = json!({"n": n});
        if numbered {
            numbers[agent] += 1;
            event["origin_seq"] = numbers[agent].into();
        }
        events.push(event);
    }
    events
}

fn clock(event: &Value) -> VectorClock {
    serde_json::from_value(event.get("vector_clock").cloned().unwrap_or_else(|| json!({}))).unwrap()
}

/// Whether `a` must come before `b` by one of the generating relations.
fn precedes(a: &Value, b: &Value) -> bool {
    let named = b["depends_on"].as_array().is_some_and(|names| names.contains(&a["event_id"]));
    let same = |member: &str| !a[member].is_null() && a[member] == b[member];
    let numbers = (a.get("payload").and(a["numbered"].as_u64()), b["numbered"].as_u64());
    let numbered = same("agent_id") && matches!(numbers, (Some(first), Some(second)) if first < second);
    let clocks = same("document_id") && {
        let (a, b) = (clock(a), clock(b));
        !a.is_empty() && !b.is_empty() && a.compare(&b) == Causality::Before
    };
    named || numbered || clocks
}

/// All events in causal order, page by page.
fn read_all(filter: &str, limit: usize) -> Vec<Value> {
    let mut events = Vec::new();
    let mut cursor = String::new();
    loop {
        let reply = get(&format!("/timeline/query?order=causal&limit={limit}{filter}{cursor}"));
        assert_eq!(reply.status, 200, "{}", reply.json);
        let page = reply.json["events"].as_array().unwrap();
        assert!(page.len() <= limit);
        events.extend(page.iter().cloned());
        match reply.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return events,
        }
    }
}

fn check_extension(events: &[Value]) -> Result<(), TestCaseError> {
    for (place, later) in events.iter().enumerate() {
        for earlier in &events[..place] {
            prop_assert!(!precedes(later, earlier), "{later} stands after {earlier}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_causal_order_is_a_linear_extension_however_events_arrive(
        steps in prop::collection::vec(step(), 1..50),
        keys in prop::collection::vec(any::<u32>(), 50),
        numbered in any::<bool>(),
        batch in 1usize..20,
        limit in 1usize..12,
    ) {
        let happened = happen(&steps, numbered);
        if happened.is_empty() {
            return Ok(());
        }
        let mut arriving: Vec<_> = happened.iter().zip(&keys).collect();
        arriving.sort_by_key(|(_, key)| **key);
        // Some runs arrive in order, as most events do.
        if keys[0] % 4 == 0 {
            arriving = happened.iter().zip(&keys).collect();
        }
        let _database = fresh_database();
        for part in arriving.chunks(batch) {
            for (event, _) in part {
                prop_assert_eq!(post(event).status, 200);
            }
            // Asking in between makes late ones of those that come after.
            get("/timeline/query?order=causal&limit=1");
        }
        let mut events = read_all("", limit);
        for event in &mut events {
            if numbered && event["agent_id"] != "observer" {
                event["numbered"] = event["origin_seq"].clone();
            }
        }
        let ids: BTreeSet<_> = events.iter().map(|event| event["event_id"].to_string()).collect();
        prop_assert_eq!((ids.len(), events.len()), (happened.len(), happened.len()), "nothing lost or doubled");
        check_extension(&events)?;
        // A filter leaves out and reorders nothing.
        for (filter, member, value) in [("&agent=a1", "agent_id", "a1"), ("&document=d0", "document_id", "d0"), ("&type=note", "type", "note")] {
            let filtered: Vec<_> = read_all(filter, limit).iter().map(|event| event["seq"].clone()).collect();
            let expected: Vec<_> = events.iter().filter(|event| event[member] == value).map(|event| event["seq"].clone()).collect();
            prop_assert_eq!(filtered, expected, "{}", filter);
        }
    }

    #[test]
    fn causes_and_effects_are_all_that_a_walk_along_the_edges_finds(
        steps in prop::collection::vec(step(), 1..40), order in prop::collection::vec(any::<u32>(), 40), limit in 1usize..9,
    ) {
        let happened = happen(&steps, false);
        if happened.is_empty() {
            return Ok(());
        }
        let mut arriving: Vec<_> = happened.iter().zip(&order).collect();
        arriving.sort_by_key(|(_, key)| **key);
        let _database = fresh_database();
        for (event, _) in arriving {
            post(event);
        }
        let stored = get("/api/timeline?limit=1000").json;
        let stored = stored.as_array().unwrap();
        // The model: edges by name and from each event to its origin's next, unless that says that it names all.
        let by_id: HashMap<_, _> = stored.iter().map(|e| (e["event_id"].as_str().unwrap(), e["seq"].as_u64().unwrap())).collect();
        let mut edges: BTreeSet<(u64, u64)> = BTreeSet::new();
        let mut origins: BTreeMap<&str, BTreeMap<u64, u64>> = BTreeMap::new();
        for event in stored {
            let seq = event["seq"].as_u64().unwrap();
            for name in event["depends_on"].as_array().into_iter().flatten() {
                edges.insert((by_id[name.as_str().unwrap()], seq));
            }
            origins.entry(event["agent_id"].as_str().unwrap()).or_default().insert(event["origin_seq"].as_u64().unwrap(), seq);
        }
        for chain in origins.values() {
            let seqs: Vec<_> = chain.values().collect();
            let next = seqs.windows(2).map(|pair| (*pair[0], *pair[1]));
            edges.extend(next.filter(|(_, next)| stored[*next as usize - 1].get("cause_count").is_none()));
        }
        for event in stored.iter().step_by(3) {
            let start = event["seq"].as_u64().unwrap();
            for (relation, forward) in [("causes", false), ("effects", true)] {
                let mut distances = BTreeMap::from([(start, 0u64)]);
                let mut frontier = vec![start];
                while !frontier.is_empty() {
                    let mut next = Vec::new();
                    for (a, b) in &edges {
                        let (near, far) = if forward { (a, b) } else { (b, a) };
                        if frontier.contains(near) && !distances.contains_key(far) {
                            distances.insert(*far, distances[near] + 1);
                            next.push(*far);
                        }
                    }
                    frontier = next;
                }
                distances.remove(&start);
                let mut expected: Vec<_> = distances.into_iter().map(|(seq, distance)| (distance, seq)).collect();
                expected.sort_unstable();
                let mut got = Vec::new();
                let mut cursor = String::new();
                loop {
                    let id = event["event_id"].as_str().unwrap();
                    let reply = get(&format!("/timeline/event/{id}/{relation}?limit={limit}{cursor}")).json;
                    prop_assert_eq!((&reply["relation"], &reply["complete"]), (&json!(relation), &json!(true)));
                    let page = reply["events"].as_array().unwrap();
                    got.extend(page.iter().map(|e| (e["distance"].as_u64().unwrap(), e["seq"].as_u64().unwrap())));
                    match reply["next_cursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                prop_assert_eq!(got, expected, "{} of {}", relation, start);
            }
        }
    }

    #[test]
    fn concurrent_are_those_of_the_document_whose_clocks_are_not_ordered(steps in prop::collection::vec(step(), 1..40), limit in 1usize..6) {
        let happened = happen(&steps, false);
        let _database = fresh_database();
        for event in &happened {
            post(event);
        }
        for event in happened.iter().step_by(4) {
            let own = clock(event);
            let expected: Vec<_> = happened.iter().filter(|other| {
                other.get("document_id") == event.get("document_id") && !own.is_empty() && !clock(other).is_empty()
                    && own.compare(&clock(other)) == Causality::Concurrent
            }).map(|other| other["event_id"].clone()).collect();
            let mut got = Vec::new();
            let mut cursor = String::new();
            loop {
                let reply = get(&format!("/timeline/event/{}/concurrent?limit={limit}{cursor}", event["event_id"].as_str().unwrap())).json;
                prop_assert_eq!(&reply["comparable"], &json!(!own.is_empty()));
                got.extend(reply["events"].as_array().unwrap().iter().map(|e| e["event_id"].clone()));
                match reply["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            prop_assert_eq!(got, expected);
        }
    }
}

#[test]
fn a_chain_that_arrives_backwards_stands_forwards() {
    let _database = fresh_database();
    // Each event depends on the one before it, in another document, so that no clock tells the order.
    let chain: Vec<_> = (0..60)
        .map(|n| {
            let depends: Vec<_> = (n > 0).then(|| id(n - 1)).into_iter().collect();
            json!({"event_id": id(n), "type": "link", "agent_id": format!("a{n}"), "document_id": format!("d{n}"),
                   "vector_clock": {format!("a{n}"): 60 - n}, "depends_on": depends})
        })
        .collect();
    for event in chain.iter().rev() {
        post(event);
        get("/timeline/query?order=causal&limit=1");
    }
    let order: Vec<_> = read_all("", 7).iter().map(|event| event["event_id"].clone()).collect();
    assert_eq!(order, (0..60).map(|n| json!(id(n))).collect::<Vec<_>>());
}

/// As of many who write at once to a document of which no clocks are told: nearly every event comes before one that it
/// names, and each is above the last by names alone.
#[test]
fn a_long_history_in_which_neighbours_changed_places_is_put_in_order() {
    const EVENTS: usize = 2500;
    let _database = fresh_database();
    let event = |n: usize| {
        let causes: Vec<_> = [1, 3].into_iter().filter_map(|back| n.checked_sub(back)).map(id).collect();
        json!({"event_id": id(n), "type": "x", "agent_id": format!("a{}", n % 90), "document_id": "d",
               "cause_count": causes.len(), "depends_on": causes})
    };
    let mut arriving: Vec<usize> = (0..EVENTS).collect();
    // Up to 20 places from where it belongs, some of them over the end of a step of the index.
    arriving.sort_by_key(|n| n + (n * 13) % 20);
    assert!(arriving.windows(2).filter(|pair| pair[0] > pair[1]).count() > EVENTS / 4);
    for (part, asks) in arriving.chunks(310).zip([false, true].into_iter().cycle()) {
        assert_eq!(post(&part.iter().map(|n| event(*n)).collect()).status, 200);
        if asks {
            get("/timeline/query?order=causal&limit=1");
        }
    }
    let order: Vec<_> = read_all("", 1000).iter().map(|event| event["event_id"].clone()).collect();
    assert!(order == (0..EVENTS).map(|n| json!(id(n))).collect::<Vec<_>>(), "in the order of the names");
}

#[test]
fn a_cycle_neither_hangs_nor_loses_events_and_a_walk_around_it_ends() {
    let _database = fresh_database();
    let event = |n: usize, on: usize| json!({"event_id": id(n), "type": "x", "agent_id": format!("a{n}"), "depends_on": [id(on)]});
    for (n, on) in [(0, 1), (1, 2), (2, 0), (3, 3), (4, 0)] {
        assert_eq!(post(&event(n, on)).status, 200);
    }
    assert_eq!(read_all("", 2).len(), 5);
    let causes = get(&format!("/timeline/event/{}/causes", id(4))).json;
    let reached: Vec<_> =
        causes["events"].as_array().unwrap().iter().map(|e| e["distance"].as_u64().unwrap()).collect();
    assert_eq!((reached, &causes["complete"]), (vec![1, 2, 3], &json!(true)));
}

#[test]
fn two_events_that_name_each_other_are_taken_and_no_walk_goes_round() {
    let _database = fresh_database();
    let event = |n: usize, on: usize| json!({"event_id": id(n), "type": "x", "agent_id": "a", "depends_on": [id(on)], "cause_count": 1});
    assert_eq!(post(&json!([event(0, 1), event(1, 0), event(2, 1)])).status, 200);
    for (of, relation, reached) in [
        (0, "causes", vec![id(1)]),
        (1, "causes", vec![id(0)]),
        (2, "causes", vec![id(1), id(0)]),
        (0, "effects", vec![id(1), id(2)]),
    ] {
        let walked = get(&format!("/timeline/event/{}/{relation}", id(of))).json;
        let ids: Vec<_> =
            walked["events"].as_array().unwrap().iter().map(|event| event["event_id"].clone()).collect();
        assert_eq!((json!(ids), &walked["complete"]), (json!(reached), &json!(true)), "{relation} of {of}");
    }
    assert_eq!(read_all("", 2).len(), 3);
}

#[test]
fn who_says_how_many_causes_there_are_names_them_or_the_walk_is_not_complete() {
    let _database = fresh_database();
    let post = |n: usize, more: Value| {
        let mut event = json!({"event_id": id(n), "type": "x", "agent_id": "a"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(post(&event).status, 200);
    };
    post(0, json!({}));
    post(1, json!({"cause_count": 0}));
    post(2, json!({"depends_on": [id(0)], "cause_count": 3}));
    post(3, json!({"depends_on": [id(2)], "cause_count": 1}));
    post(4, json!({}));
    let walked = |n: usize, relation: &str| {
        let reply = get(&format!("/timeline/event/{}/{relation}", id(n))).json;
        let events: Vec<_> = reply["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["event_id"].as_str().unwrap().to_owned())
            .collect();
        (events, reply["complete"] == true)
    };
    assert_eq!(walked(1, "causes"), (vec![], true), "its origin's previous event is none");
    assert_eq!(walked(2, "causes"), (vec![id(0)], false), "two are not named");
    assert_eq!(walked(3, "causes"), (vec![id(2), id(0)], false), "nor are they further on");
    assert_eq!(
        walked(4, "causes"),
        (vec![id(3), id(2), id(0)], false),
        "who says nothing came after its origin's last"
    );
    assert_eq!(walked(0, "effects"), (vec![id(2), id(3), id(4)], true));
    assert_eq!(walked(1, "effects"), (vec![], true));
}

#[test]
fn what_is_not_there_is_named_and_bounds_are_said() {
    let _database = fresh_database();
    let away = id(99);
    post(&json!({"event_id": id(0), "type": "x", "agent_id": "a", "depends_on": [away]}));
    for n in 1..10 {
        post(&json!({"event_id": id(n), "type": "x", "agent_id": "a", "depends_on": [id(n - 1)]}));
    }
    let path = format!("/timeline/event/{}/causes", id(9));
    let all = get(&path).json;
    assert_eq!(
        (all["events"].as_array().unwrap().len(), &all["complete"], &all["missing"]),
        (9, &json!(true), &json!([away]))
    );
    let near = get(&format!("{path}?depth=3")).json;
    assert_eq!(
        (near["events"].as_array().unwrap().len(), &near["complete"], &near["missing"]),
        (3, &json!(false), &json!([]))
    );
    // Once it is there it is a cause.
    post(&json!({"event_id": away, "type": "late", "agent_id": "b"}));
    let all = get(&path).json;
    assert_eq!((&all["missing"], &all["events"][9]["event_id"]), (&json!([]), &json!(away)));
    assert_eq!(read_all("", 100)[0]["event_id"], json!(away));
    let effects = get(&format!("/timeline/event/{away}/effects?limit=2")).json;
    assert_eq!(
        (&effects["events"][0]["event_id"], &effects["events"][1]["distance"]),
        (&json!(id(0)), &json!(2))
    );
    for wrong in ["depth=0", "cursor=x", "cursor=1", "cursor=-1.2", "limit=0", "limit=1001"] {
        common::problem(&get(&format!("{path}?{wrong}")), 422, "invalid-parameter");
    }
    common::problem(&get(&format!("{path}?order=seq")), 422, "unknown-parameter");
    for relation in ["causes", "effects", "concurrent"] {
        common::problem(&get(&format!("/timeline/event/{}/{relation}", id(77))), 404, "no-such-event");
        common::problem(&get(&format!("/timeline/event/zz/{relation}")), 422, "invalid-path");
    }
    for wrong in ["cursor=5", "cursor=1.2", "cursor=1.2.3.4", "cursor=1.+2.3", "cursor=1..3"] {
        common::problem(&get(&format!("/timeline/query?order=causal&{wrong}")), 422, "invalid-parameter");
    }
}
