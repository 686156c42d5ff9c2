//! The timeline as it grows, over real HTTP: a subscriber that reads raw chunks, a browser's EventSource, and a host
//! that is killed meanwhile. And snapshots that outlive it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_tests::events::Events;
use ramanujan_tests::network::eventually;
use ramanujan_tests::webdriver::Browser;
use ramanujan_tests::{Client, Network};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

fn event(agent: &str, n: u64) -> Value {
    json!({"type": "operation", "agent_id": agent, "color": if n.is_multiple_of(2) { "RED" } else { "BLUE" }, "payload": {"n": n}})
}

/// All that the log has of an agent, in order.
fn log(client: &Client, filter: &str) -> Vec<u64> {
    let page = client.get(&format!("/timeline/query?limit=1000&{filter}")).ok();
    assert!(page["next_cursor"].is_null(), "the test reads one page");
    page["events"].as_array().expect("a list").iter().filter_map(|event| event["seq"].as_u64()).collect()
}

/// Reads `path` until `done`, coming back as a browser does; gives the seqs in the order seen and how often it came back.
fn follow(url: &str, path: &str, begin: u64, done: impl Fn(&[u64]) -> bool) -> (Vec<u64>, usize) {
    let deadline = Instant::now() + LIMIT;
    let (mut seen, mut last_id, mut opened) = (Vec::new(), begin.to_string(), 0);
    while !done(&seen) {
        assert!(Instant::now() < deadline, "saw {} events, last id {last_id}", seen.len());
        let Ok(mut events) = Events::open(url, path, Some(&last_id)) else {
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        opened += 1;
        while let Ok(Some(block)) = events.next_block() {
            if let Some(data) = block.data {
                let data: Value = serde_json::from_str(&data).expect("JSON");
                assert_eq!(data["seq"].as_u64().map(|seq| seq.to_string()), block.id);
                seen.extend(data["seq"].as_u64());
            }
            last_id = block.id.unwrap_or(last_id);
            if done(&seen) {
                break;
            }
        }
    }
    (seen, opened)
}

#[test]
fn a_stream_says_where_it_is_beats_ends_and_goes_on() {
    let network = Network::shared();
    let client = network.client();
    client.post("/timeline/events", &event("beating", 0)).ok();
    let path = "/timeline/stream?agent=beating&max_ms=1500&heartbeat_ms=400";
    let mut events = Events::open(&network.url(), path, None).expect("a stream");
    assert!(events.head.starts_with("http/1.1 200"), "{}", events.head);
    for header in ["content-type: text/event-stream", "transfer-encoding: chunked", "cache-control: no-cache"]
    {
        assert!(events.head.contains(header), "{header} in {}", events.head);
    }
    let first = events.next_block().expect("it comes").expect("there is one");
    assert_eq!((first.retry, first.data), (Some(1000), None));
    let begin: u64 = first.id.expect("it tells where it is").parse().expect("a seq");
    // The event comes while the stream is open, not with its end.
    let seq = client.post("/timeline/events", &event("beating", 1)).ok()["seq"].as_u64().expect("a number");
    assert!(seq > begin);
    let mut beats = 0;
    let mut blocks = Vec::new();
    while let Some(block) = events.next_block().expect("the stream ends by itself, whole") {
        beats += u64::from(block.comment.as_deref() == Some("heartbeat"));
        blocks.extend(block.data);
    }
    assert!(beats >= 1, "a heartbeat where nothing happens");
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    // What happens between two streams is in the second.
    let between =
        client.post("/timeline/events", &event("beating", 2)).ok()["seq"].as_u64().expect("a number");
    let (seen, _) = follow(&network.url(), path, seq, |seen| !seen.is_empty());
    assert_eq!(seen, [between]);
}

#[test]
fn a_long_poll_answers_as_soon_as_something_happens() {
    let network = Network::shared();
    let client = network.client();
    let start = client.get("/timeline/poll").ok()["next_after"].clone();
    let path = format!("/timeline/poll?after={start}&wait_ms=20000&agent=polled");
    let waiting = thread::spawn({
        let client = network.client();
        move || client.get(&path).ok()
    });
    thread::sleep(Duration::from_millis(300));
    client.post("/timeline/events", &json!([event("other", 7), event("polled", 8)])).ok();
    let reply = waiting.join().expect("the poll is answered");
    assert_eq!(reply["events"].as_array().map(Vec::len), Some(1), "{reply}");
    assert_eq!(reply["events"][0]["payload"]["n"], 8);
    assert!(reply["next_after"].as_u64() >= reply["events"][0]["seq"].as_u64());
    client.get(&format!("/timeline/poll?after={}", u64::MAX)).problem(409, "beyond-the-end");
}

#[test]
fn over_kills_of_the_host_each_event_is_seen_once() {
    const KILLS: usize = 3;
    let mut network = Some(Network::start());
    let url = network.as_ref().map(Network::url).unwrap_or_default();
    let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let finished = |seen: &[u64], share: u64| {
        stop.load(SeqCst) && seen.len() as u64 * share >= acknowledged.load(SeqCst)
    };
    let (all, own) = thread::scope(|scope| {
        scope.spawn(|| {
            let client = Client::new(&url);
            for n in 0..900 {
                if stop.load(SeqCst) {
                    break;
                }
                // One that is not answered is sent again: the same content is the same event.
                let body = json!([event("writer-0", n), event("writer-1", n)]);
                while !client
                    .try_post("/timeline/events", None, &body, Duration::from_secs(5))
                    .is_ok_and(|reply| reply.status == 200)
                {
                    thread::sleep(Duration::from_millis(20));
                }
                acknowledged.fetch_add(2, SeqCst);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let all = scope.spawn(|| follow(&url, "/timeline/stream?max_ms=1500", 0, |seen| finished(seen, 1)));
        let own = scope.spawn(|| {
            follow(&url, "/timeline/stream?after=0&agent=writer-1&type=operation&color=red", 0, |seen| {
                finished(seen, 4)
            })
        });
        for _ in 0..KILLS {
            let before = acknowledged.load(SeqCst);
            eventually("the writer goes on", LIMIT, || {
                (acknowledged.load(SeqCst) >= before + 40).then_some(())
            });
            network = network.take().map(Network::kill_and_restart);
        }
        let before = acknowledged.load(SeqCst);
        eventually("the writer goes on", LIMIT, || (acknowledged.load(SeqCst) >= before + 40).then_some(()));
        stop.store(true, SeqCst);
        (all.join().expect("the subscriber"), own.join().expect("the filtered subscriber"))
    });
    let client = Client::new(&url);
    assert!(all.1 > KILLS && own.1 > KILLS, "both came back: {} and {}", all.1, own.1);
    let expected = log(&client, "order=seq");
    // A subscriber stops when it has seen what was acknowledged; the writer's last batch may be behind that.
    assert_eq!(all.0, expected[..all.0.len()]);
    assert!(all.0.len() as u64 >= acknowledged.load(SeqCst));
    let expected = log(&client, "agent=writer-1&type=operation&color=RED");
    assert_eq!(own.0, expected[..own.0.len()]);
    assert_eq!(client.get("/timeline/verify").ok()["verified"], true);
}

#[test]
fn a_browser_comes_back_where_it_was() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::start();
    let client = network.client();
    client.post("/timeline/events", &event("before", 0)).ok();
    browser.open(&format!("{}/dashboard/", network.url()));
    // Begins at the end of the log and sees nothing before it loses its stream: only the id without data tells it where
    // to go on.
    browser.run(
        "window.seen = []; window.errors = 0; window.opened = 0;
         window.source = new EventSource('/timeline/stream?max_ms=300&agent=watched');
         source.onopen = () => { opened += 1; };
         source.onerror = () => { errors += 1; };
         source.onmessage = (event) => { seen.push([event.lastEventId, JSON.parse(event.data).seq]); };",
    );
    let number = |name: &str| browser.run(&format!("return window.{name}")).as_u64();
    let mut expected = Vec::new();
    for n in 0..3 {
        let before = number("errors");
        eventually("the stream has ended once more", LIMIT, || (number("errors") > before).then_some(()));
        // Between two streams: the browser waits as long as `retry` told it.
        expected.extend(client.post("/timeline/events", &event("watched", n)).ok()["seq"].as_u64());
    }
    let seen = eventually("the browser has seen all", LIMIT, || {
        let seen = browser.run("return window.seen");
        (seen.as_array()?.len() >= expected.len()).then_some(seen)
    });
    let pairs: Vec<Value> = expected.iter().map(|seq| json!([seq.to_string(), seq])).collect();
    assert_eq!(seen, json!(pairs));
    assert!(number("opened") >= Some(3));
}

#[test]
fn a_snapshot_outlives_the_host() {
    let network = Network::start();
    let client = network.client();
    client.post("/timeline/events", &json!([event("a", 0), event("a", 1), event("b", 2)])).ok();
    let made = client.post("/timeline/freeze", &json!({"name": "release"})).ok();
    client.post("/timeline/events", &event("c", 3)).ok();
    let network = network.kill_and_restart();
    let client = network.client();
    let kept = client.get("/timeline/freeze/release").ok();
    for member in ["size", "merkle_root", "chain_head", "created", "by_color", "by_type", "origins"] {
        assert_eq!(kept[member], made[member], "{member}");
    }
    let then = client.get("/timeline/recover?at=3&list=origins").ok();
    assert_eq!((&then["merkle_root"], &then["snapshot"]["name"]), (&made["merkle_root"], &json!("release")));
    let names: BTreeSet<_> = then["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|item| item["agent_id"].as_str())
        .collect();
    assert_eq!(names, BTreeSet::from(["a", "b"]));
    client.post("/timeline/freeze", &json!({"name": "release", "size": 4})).problem(409, "freeze-exists");
}
