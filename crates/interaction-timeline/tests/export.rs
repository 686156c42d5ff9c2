//! Export over the route.

mod common;

use common::{get, id, post, problem};
use proptest::prelude::*;
use ramanujan_shell::native::{Reply, fresh_database, media_type};
use ramanujan_timeline::row::Shown;
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
    assert!(records.iter().all(|record| record.len() == interaction_timeline::csv::COLUMNS.len()));
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
            let mut event = Shown::default();
            event.insert("operation", text).unwrap();
            interaction_timeline::csv::write_record(&mut out, &event);
        }
        let records = read_csv(std::str::from_utf8(&out).unwrap());
        let read: Vec<_> = records.iter().map(|record| record[9].strip_prefix('\'').unwrap_or(&record[9]).to_owned()).collect();
        prop_assert_eq!(read, texts);
    }
}
