//! Export and live events over the routes.

mod common;

use common::{get, id, post, problem};
use futures_util::{FutureExt, StreamExt};
use http::Method;
use proptest::prelude::*;
use ramanujan_shell::native::{Reply, fresh_database, media_type, send_with};
use ramanujan_shell::{Body, Request};
use serde_json::{Value, json};

fn event(n: u64) -> Value {
    json!({"type": format!("t{}", n % 3), "agent_id": format!("a{}", n % 2), "operation": "say \"hi\", twice",
        "timestamp": "2026-01-01T00:00:00Z", "payload": {"n": n, "text": "x\ny"}})
}

fn fill(events: u64) {
    for first in (0..events).step_by(1000) {
        let batch: Vec<_> = (first..events.min(first + 1000)).map(event).collect();
        assert_eq!(post(&json!(batch)).status, 200);
    }
}

fn lines(reply: &Reply) -> Vec<Value> {
    let text = std::str::from_utf8(&reply.body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_format_has_every_event_and_goes_on_after_a_seq() {
    let _database = fresh_database();
    assert_eq!(get("/timeline/export").body, b"");
    assert_eq!(get("/timeline/export?format=json").json, json!([]));
    fill(2500);
    let ndjson = get("/timeline/export?format=ndjson");
    assert_eq!(media_type(&ndjson), "application/x-ndjson");
    let events = lines(&ndjson);
    assert_eq!(events.len(), 2500);
    assert!(events.iter().zip(1..).all(|(event, seq)| event["seq"] == seq));
    assert_eq!(events[7], get("/api/timeline?after=7&limit=1").json[0]);
    let array = get("/timeline/export?format=json&after=10&until=1210");
    assert_eq!(
        (media_type(&array), array.json.as_array().unwrap().as_slice()),
        ("application/json", &events[10..1210])
    );
    let of_one = lines(&get("/timeline/export?agent=a1&type=t0&after=600"));
    let expected: Vec<_> =
        events[600..].iter().filter(|e| e["agent_id"] == "a1" && e["type"] == "t0").cloned().collect();
    assert_eq!(of_one, expected);
    assert_eq!(lines(&get("/timeline/export?from=2026-01-02T00:00:00Z")), [Value::Null; 0]);
    problem(&get("/timeline/export?format=xml"), 422, "invalid-parameter");
    problem(&get("/timeline/export?after=x"), 422, "invalid-parameter");
    problem(&get("/timeline/export?limit=1"), 422, "unknown-parameter");
}

/// Reads CSV by the grammar of RFC 4180, which this test takes from there.
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        let record = records.last_mut().unwrap();
        let cell = record.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {
                chars.next();
                records.push(vec![String::new()]);
            }
            c => cell.push(c),
        }
    }
    assert_eq!(records.pop().unwrap(), [""], "the last record ends with a line break");
    records
}

#[test]
fn csv_reads_back_and_holds_no_formula() {
    let _database = fresh_database();
    for (n, operation) in
        ["=1+1", "+x", "-x", "@SUM(A1)", "'quoted", "plain, \"said\"", "ü", "a=b"].iter().enumerate()
    {
        post(
            &json!({"event_id": id(n as u8), "type": "x", "agent_id": "a", "operation": operation, "duration_ms": 1.5,
            "vector_clock": {"a": n + 1}, "payload": {"text": "line\r\nbreak, \"quoted\""}}),
        );
    }
    let reply = get("/timeline/export?format=csv");
    assert_eq!(media_type(&reply), "text/csv; charset=utf-8; header=present");
    let records = read_csv(std::str::from_utf8(&reply.body).unwrap());
    let column = |name: &str| records[0].iter().position(|known| known == name).unwrap();
    assert!(records.iter().all(|record| record.len() == interaction_timeline::export::COLUMNS.len()));
    for (record, event) in records[1..].iter().zip(lines(&get("/timeline/export"))) {
        for (name, value) in event.as_object().unwrap() {
            let cell = &record[column(name)];
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
            match value {
                Value::String(text) => assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), text, "{name}"),
                other => assert_eq!(serde_json::from_str::<Value>(cell).unwrap(), *other, "{name}"),
            }
        }
        assert_eq!(record[column("from")], "");
    }
}

proptest! {
    #[test]
    fn any_text_survives_csv(texts in prop::collection::vec("[-=+@', \"\r\n\ta-cü]{0,12}", 1..6)) {
        let mut out = Vec::new();
        for text in &texts {
            let mut event = serde_json::Map::new();
            event.insert("operation".into(), text.as_str().into());
            interaction_timeline::export::write_record(&mut out, &event);
        }
        let records = read_csv(std::str::from_utf8(&out).unwrap());
        let read: Vec<_> = records.iter().map(|record| record[9].strip_prefix('\'').unwrap_or(&record[9]).to_owned()).collect();
        prop_assert_eq!(read, texts);
    }
}

/// Messages of an event stream as (id, data), by the grammar of the HTML standard.
fn read_stream(body: &[u8]) -> Vec<(Option<u64>, Option<Value>)> {
    let text = std::str::from_utf8(body).unwrap();
    let mut messages = Vec::new();
    for block in text.split("\n\n").filter(|block| !block.is_empty()) {
        let (mut id, mut data) = (None, None);
        for line in block.lines().filter(|line| !line.starts_with(':')) {
            match line.split_once(": ").unwrap() {
                ("id", value) => id = Some(value.parse().unwrap()),
                ("data", value) => data = Some(serde_json::from_str(value).unwrap()),
                ("retry", _) => {}
                (other, _) => panic!("{other}"),
            }
        }
        messages.push((id, data));
    }
    messages
}

/// The messages of a stream until the one with the id `until`; a stream goes on for as long as the setting says.
fn stream_until(
    target: &str,
    last_id: &str,
    until: u64,
) -> (Option<String>, Vec<(Option<u64>, Option<Value>)>) {
    let request =
        http::Request::builder().uri(target).header("last-event-id", last_id).body(Vec::new()).unwrap();
    let service = interaction_timeline::service();
    // Nothing here waits but by sleeping.
    let response = service.handle(Request::new(request)).now_or_never().unwrap();
    let (parts, Body::Stream(mut chunks)) = response.into_parts() else { panic!("not streamed") };
    let mut messages = Vec::new();
    while messages.last().is_none_or(|(id, _)| *id != Some(until)) {
        messages.extend(read_stream(&chunks.next().now_or_never().unwrap().unwrap()));
    }
    (parts.headers["content-type"].to_str().map(str::to_owned).ok(), messages)
}

fn refused(target: &str, last_id: Option<&str>) -> Reply {
    let headers: Vec<_> = last_id.iter().map(|id| ("last-event-id", *id)).collect();
    send_with(&interaction_timeline::service(), Method::GET, target, &headers, "")
}

#[test]
fn a_stream_gives_what_comes_after_the_last_id_and_moves_over_what_it_leaves_out() {
    let _database = fresh_database();
    fill(1200);
    let (media_type, messages) = stream_until("/timeline/stream?type=t0", "700", 1200);
    assert_eq!(media_type.as_deref(), Some("text/event-stream"));
    assert_eq!(messages[0].0, Some(700));
    let seqs: Vec<_> = messages.iter().filter_map(|(_, data)| data.as_ref()?["seq"].as_u64()).collect();
    assert_eq!(seqs, (701..=1200).filter(|seq| (seq - 1) % 3 == 0).collect::<Vec<_>>());
    assert!(messages.iter().all(|(id, data)| data.as_ref().is_none_or(|data| data["seq"] == json!(id))));
    problem(&refused("/timeline/stream", Some("x")), 422, "invalid-last-event-id");
    problem(&refused("/timeline/stream", Some("-1")), 422, "invalid-last-event-id");
    problem(&refused("/timeline/stream?after=x", None), 422, "invalid-parameter");
    problem(&refused("/timeline/stream?colour=RED", None), 422, "unknown-parameter");
}

#[test]
fn a_poll_gives_pages_and_the_place_to_go_on() {
    let _database = fresh_database();
    fill(30);
    let mut after = 0;
    let mut seqs = Vec::new();
    loop {
        let reply = get(&format!("/timeline/poll?agent=a0&after={after}&limit=4")).json;
        let events = reply["events"].as_array().unwrap().clone();
        seqs.extend(events.iter().map(|event| event["seq"].as_u64().unwrap()));
        after = reply["after"].as_u64().unwrap();
        if events.is_empty() {
            break;
        }
    }
    assert_eq!((seqs, after), ((1..=30).step_by(2).collect::<Vec<_>>(), 30));
    assert_eq!(get("/timeline/poll?wait_ms=1").json["events"], json!([]));
    problem(&get("/timeline/poll?wait_ms=x"), 422, "invalid-parameter");
}
