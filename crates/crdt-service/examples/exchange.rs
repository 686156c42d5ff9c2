//! What it costs to hand a document on and to take it in: `cargo run --release -p crdt-service --example exchange -- 100000`.
//!
//! One thread, SQLite in memory, so without the disk and without the component around it. Prints microseconds per delta for
//! reading packs of 1 MiB and for storing them, and for the first and a later sum over many documents.

use std::time::{Duration, Instant};

use http::Method;
use ramanujan_shell::native::{Guard, fresh_database, send_with};
use ramanujan_sync::codec::{decode_answer, encode_question};
use ramanujan_sync::fold::Places;
use ramanujan_sync::interest::Shared;
use ramanujan_sync::limits::BUDGET;
use ramanujan_sync::message::Want;
use ramanujan_sync::pack::Pack;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Question};
use serde_json::{Value, json};

fn ask(question: &Question) -> Result<Answer, String> {
    let headers = [("content-type", "application/vnd.ramanujan.sync")];
    let body = encode_question(question);
    let reply = send_with(&crdt_service::service(), Method::POST, "/crdt/answers", &headers, body);
    decode_answer(&reply.body).map_err(|error| format!("{error}: {}", reply.json))
}

fn write(operations: Vec<Value>) -> Result<(), String> {
    let body = Value::from(operations).to_string();
    let reply = send_with(&crdt_service::service(), Method::POST, "/crdt/apply", &[], body);
    if reply.status == 200 { Ok(()) } else { Err(reply.json.to_string()) }
}

/// A document of `count` deltas of three agents.
fn document(crdt_type: &str, count: usize) -> Result<Guard, String> {
    let guard = fresh_database();
    let operation = |n: usize| match crdt_type {
        "text" => json!({"operation": "insert", "document_id": "d", "agent_id": format!("a{}", n / 1000 % 3),
            "position": n / 2, "value": "word "}),
        _ => {
            json!({"operation": "add", "document_id": "d", "agent_id": format!("a{}", n / 1000 % 3), "value": n})
        }
    };
    for first in (0..count).step_by(1000) {
        write((first..(first + 1000).min(count)).map(operation).collect())?;
    }
    Ok(guard)
}

fn copy(crdt_type: &str, count: usize) -> Result<(), String> {
    let began = Instant::now();
    let guard = document(crdt_type, count)?;
    let written = began.elapsed();
    let mut packs: Vec<Pack> = Vec::new();
    let mut from = [1u64; 3];
    let began = Instant::now();
    loop {
        let ranges =
            (0..3).map(|n| Range::new(format!("a{n}").parse().expect("a name"), from[n], 1 << 40)).collect();
        let want = Want { document: "d".parse().expect("an id"), ranges, hashes: false };
        let Answer::Read(read) = ask(&Question::Read { wants: vec![want], budget: BUDGET })? else {
            return Err("no deltas".into());
        };
        let Some(stored) = read.into_iter().flatten().next() else { break };
        for range in &stored.ranges {
            let nth: usize = range.agent.as_str()[1..].parse().map_err(|_| "a name")?;
            from[nth] = range.to + 1;
        }
        packs.push(stored.pack);
    }
    let read = began.elapsed();
    let bytes: usize = packs.iter().map(|pack| pack.deltas.0.len()).sum();
    drop(guard);
    let _guard = fresh_database();
    let (began, messages) = (Instant::now(), packs.len());
    for pack in packs {
        match ask(&Question::Append(vec![pack]))? {
            Answer::Appended(refusals) if refusals == [None] => {}
            other => return Err(format!("{other:?}")),
        }
    }
    let stored = began.elapsed();
    let per = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    println!(
        "{crdt_type:5} {count:>9} deltas, {bytes:>9} bytes, {messages:>4} packs: written {:6.1} us, read {:6.1} us, stored {:6.1} us each",
        per(written),
        per(read),
        per(stored)
    );
    Ok(())
}

fn sums(documents: usize) -> Result<(), String> {
    let _guard = fresh_database();
    let operation = |n: usize| json!({"operation": "increment", "document_id": format!("d{n}"), "agent_id": "a", "value": 1});
    for first in (0..documents).step_by(1000) {
        write((first..(first + 1000).min(documents)).map(operation).collect())?;
    }
    let all = Question::Folds { shared: Shared::default(), places: vec![Places::ALL] };
    let mut times = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        // Much to add takes more than one question.
        while ask(&all).is_err() {}
        times.push(began.elapsed());
        write(vec![operation(documents / 2)])?;
    }
    println!(
        "sums of {documents:>9} documents: first {:8.1} ms, again after one write {:6.2} and {:6.2} ms",
        times[0].as_secs_f64() * 1e3,
        times[1].as_secs_f64() * 1e3,
        times[2].as_secs_f64() * 1e3
    );
    Ok(())
}

fn main() -> Result<(), String> {
    let count = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse());
    let count = count.map_err(|error| format!("how many deltas: {error}"))?;
    for crdt_type in ["text", "or-set"] {
        copy(crdt_type, count)?;
    }
    sums(10_000)?;
    sums(100_000)
}
