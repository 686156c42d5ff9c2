//! The log as it grows: what a subscriber sees, whenever it loses its connection.

mod common;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use common::{get, post, problem};
use http::Method;
use interaction_timeline::feed::{Feed, SCAN_EVENTS};
use interaction_timeline::live::{Live, Pace, Timing};
use interaction_timeline::service;
use interaction_timeline::store::{feed as reader, schema};
use proptest::prelude::*;
use ramanujan_shell::native::{fresh_database, send_with};
use ramanujan_shell::{Looks, Store};
use serde_json::{Value, json};

/// Always the same pause.
const PAUSE: Duration = Duration::from_millis(200);
const TIMING: Timing = Timing {
    max: Duration::from_secs(25),
    heartbeat: Duration::from_secs(10),
    looks: Looks { least: PAUSE, most: PAUSE },
    retry: Duration::from_secs(1),
};

/// Time that passes only in waits, and what happens meanwhile.
struct Script<F> {
    now: Duration,
    during: F,
}

impl<F: FnMut()> Pace for Script<F> {
    fn elapsed(&self) -> Duration {
        self.now
    }

    fn wait(&mut self, duration: Duration) {
        assert!(duration <= PAUSE);
        self.now += duration;
        (self.during)();
    }
}

fn live<F: FnMut()>(feed: Feed, position: u64, during: F) -> impl Iterator<Item = Vec<u8>> {
    let store = Store::open(schema::SCHEMA).unwrap();
    let read = move |position, limit| reader::read(&store, &feed, position, limit);
    Live::new(read, position, TIMING, Script { now: Duration::ZERO, during })
}

/// What an EventSource makes of bytes: the last id, and what was dispatched (WHATWG HTML §9.2.6).
#[derive(Default)]
struct Source {
    last_id: Option<u64>,
    seen: Vec<u64>,
}

impl Source {
    fn take(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).unwrap();
        // A block that is not ended by an empty line is thrown away.
        let whole = text.rfind("\n\n").map_or("", |end| &text[..end]);
        for block in whole.split("\n\n").filter(|block| !block.is_empty()) {
            let mut data = None;
            for line in block.lines() {
                match line.split_once(':') {
                    Some(("id", id)) => self.last_id = Some(id.trim().parse().unwrap()),
                    Some(("data", text)) => data = Some(serde_json::from_str::<Value>(text).unwrap()),
                    Some(("" | "retry", _)) => {}
                    _ => panic!("{line:?} is no field"),
                }
            }
            if let Some(data) = data {
                assert_eq!(data["seq"].as_u64(), self.last_id);
                self.seen.extend(data["seq"].as_u64());
            }
        }
    }
}

fn write(agent: u8, note: usize) {
    let event = json!({"type": "operation", "agent_id": format!("agent-{agent}"), "color": "RED",
        "payload": {"note": note, "text": "a\nb\r\n: c"}});
    assert_eq!(post(&event).status, 200);
}

#[test]
fn a_silent_stream_tells_its_place_beats_and_ends() {
    let _database = fresh_database();
    write(0, 0);
    let chunks: Vec<String> =
        live(Feed::default(), 1, || ()).map(|chunk| String::from_utf8(chunk).unwrap()).collect();
    let beat = ": heartbeat\nid: 1\n\n";
    assert_eq!(chunks, ["retry: 1000\n: live\nid: 1\n\n", beat, beat]);
}

#[test]
fn what_a_filter_leaves_out_is_passed_over_once() {
    let _database = fresh_database();
    let feed = || Feed { agent: Some("agent-1".parse().unwrap()), ..Feed::default() };
    (0..5).for_each(|note| write(0, note));
    let mut source = Source::default();
    live(feed(), 0, || ()).for_each(|chunk| source.take(&chunk));
    assert_eq!((source.last_id, source.seen.as_slice()), (Some(5), [].as_slice()));
    // Someone else's events after the last heartbeat: the end of the stream tells how far it came.
    let written = Cell::new(0);
    let mut source = Source::default();
    live(feed(), 5, || {
        if written.replace(written.get() + 1) == 110 {
            write(0, 100);
        }
    })
    .for_each(|chunk| source.take(&chunk));
    assert_eq!(source.last_id, Some(6));
}

#[test]
fn one_read_looks_at_a_bounded_part_of_the_log() {
    let _database = fresh_database();
    let rows = SCAN_EVENTS + 10;
    common::tamper(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO timeline_events (event_id, timestamp, received, origin_seq, agent, type, body)
         SELECT randomblob(32), i, i, i, iif(i = {rows}, 'rare', 'usual'), 'x', '{{}}' FROM n"
    ));
    let first = get("/timeline/poll?from=start&agent=rare").json;
    assert_eq!(
        (&first["events"], &first["next_after"], &first["more"]),
        (&json!([]), &json!(SCAN_EVENTS), &json!(true))
    );
    let second = get(&format!("/timeline/poll?after={SCAN_EVENTS}&agent=rare")).json;
    assert_eq!((&second["events"][0]["seq"], &second["more"]), (&json!(rows), &json!(false)));
    let mut source = Source::default();
    let mut stream = live(Feed { agent: Some("rare".parse().unwrap()), ..Feed::default() }, 0, || ());
    stream.by_ref().take(2).for_each(|chunk| source.take(&chunk));
    assert_eq!(source.seen, [rows]);
}

#[test]
fn a_poll_gives_what_is_new_and_where_to_go_on() {
    let _database = fresh_database();
    (0..3).for_each(|note| write(u8::from(note == 1), note));
    let at_end = get("/timeline/poll").json;
    assert_eq!((&at_end["events"], &at_end["next_after"]), (&json!([]), &json!(3)));
    let page = get("/timeline/poll?after=0&limit=2&color=red").json;
    assert_eq!(
        (&page["events"][1]["seq"], &page["next_after"], &page["more"]),
        (&json!(2), &json!(2), &json!(true))
    );
    let own = get("/timeline/poll?from=start&agent=agent-1&type=operation").json;
    assert_eq!((own["events"].as_array().unwrap().len(), &own["next_after"]), (1, &json!(3)));
    let nothing = get("/timeline/poll?after=3&wait_ms=30").json;
    assert_eq!(
        (&nothing["events"], &nothing["next_after"], &nothing["more"]),
        (&json!([]), &json!(3), &json!(false))
    );
}

#[test]
fn wrong_parameters_are_refused_by_name() {
    let _database = fresh_database();
    write(0, 0);
    for query in ["after=x", "after=-1", "from=yesterday", "from=start&after=0", "color=pink", "agent=a%20b"]
    {
        for route in ["stream", "poll"] {
            problem(&get(&format!("/timeline/{route}?{query}")), 422, "invalid-parameter");
        }
    }
    for query in ["max_ms=99", "max_ms=25001", "heartbeat_ms=0"] {
        problem(&get(&format!("/timeline/stream?{query}")), 422, "invalid-parameter");
    }
    problem(&get("/timeline/poll?wait_ms=20001"), 422, "invalid-parameter");
    problem(&get("/timeline/poll?limit=0"), 422, "invalid-parameter");
    problem(&get("/timeline/poll?max_ms=100"), 422, "unknown-parameter");
    for route in ["stream", "poll"] {
        let refused = problem(&get(&format!("/timeline/{route}?after=2")), 409, "beyond-the-end");
        assert_eq!(refused["last_seq"], 1);
        let with = |id: &str| {
            // Where a stream is answered, it is read to its end here.
            let soon = if route == "stream" { "&max_ms=100" } else { "" };
            let target = format!("/timeline/{route}?after=0{soon}");
            send_with(&service(), Method::GET, &target, &[("last-event-id", id)], "")
        };
        problem(&with("x"), 422, "invalid-parameter");
        problem(&with("9"), 409, "beyond-the-end");
        assert_eq!((with("1").status, with("").status), (200, 200));
        // Which of two is meant nobody can say.
        let twice = [("last-event-id", "0"), ("last-event-id", "1")];
        let refused = send_with(&service(), Method::GET, &format!("/timeline/{route}"), &twice, "");
        problem(&refused, 400, "invalid-header");
        problem(&with("é"), 400, "invalid-header");
    }
}

#[test]
fn what_is_no_longer_there_is_gone() {
    let _database = fresh_database();
    (0..4).for_each(|note| write(0, note));
    common::tamper("DELETE FROM timeline_events WHERE seq <= 2");
    for route in ["stream", "poll"] {
        let refused = problem(&get(&format!("/timeline/{route}?after=1")), 410, "archived");
        assert_eq!(refused["first_seq"], 3);
    }
    assert_eq!(get("/timeline/poll?from=start").json["events"].as_array().unwrap().len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A subscriber that loses its connection after any bytes, while others write, misses nothing, doubles nothing.
    #[test]
    fn whenever_the_connection_is_lost_each_event_is_seen_once(
        before in 0usize..4,
        writes in prop::collection::vec(prop::collection::vec(0u8..3, 0..5), 1..40),
        cuts in prop::collection::vec((1usize..6, 0.0f64..1.0), 0..8),
        filtered in any::<bool>(),
    ) {
        let _database = fresh_database();
        (0..before).for_each(|note| write(0, note));
        let written = Rc::new(Cell::new(0));
        let feed = if filtered { Feed { agent: Some("agent-1".parse().unwrap()), ..Feed::default() } } else { Feed::default() };
        let mut source = Source::default();
        let mut begin = before as u64;
        let mut cuts = cuts.into_iter();
        // After the cuts, streams that end by themselves, until one saw no writing.
        loop {
            let turn = written.get();
            let count = written.clone();
            let writes = &writes;
            let stream = live(feed.clone(), begin, move || {
                if let Some(batch) = writes.get(count.get()) {
                    count.set(count.get() + 1);
                    batch.iter().enumerate().for_each(|(i, agent)| write(*agent, 1000 * count.get() + i));
                }
            });
            match cuts.next() {
                Some((chunks, part)) => {
                    let mut bytes: Vec<u8> = stream.take(chunks).flatten().collect();
                    bytes.truncate((bytes.len() as f64 * part) as usize);
                    source.take(&bytes);
                }
                None => {
                    stream.for_each(|chunk| source.take(&chunk));
                    if written.get() >= writes.len() && turn == written.get() {
                        break;
                    }
                }
            }
            // Without any id yet, a browser asks as it did at first: here for a place that the page knew.
            begin = source.last_id.unwrap_or(begin);
        }
        let own = if filtered { "&agent=agent-1" } else { "" };
        let log = get(&format!("/timeline/query?limit=1000{own}")).json;
        let expected: Vec<u64> = log["events"].as_array().unwrap().iter()
            .map(|event| event["seq"].as_u64().unwrap()).filter(|seq| *seq > before as u64).collect();
        prop_assert_eq!(source.seen, expected);
    }
}
