//! Recorded editing sessions from the folder that `RAMANUJAN_DATA` names, or generated ones of the same shape.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use ramanujan_core::Dot;
use ramanujan_crdt::text::Effort;
use ramanujan_crdt::{Delta, Op, TextDocument};
use ramanujan_replay::generate::{Options, busy_session};
use serde_json::Value;

use crate::history::face;

fn recording(file: &str, agents: usize) -> Value {
    let folder = std::env::var_os("RAMANUJAN_DATA");
    let recorded =
        folder.and_then(|folder| std::fs::read(Path::new(&folder).join(format!("{file}.json.gz"))).ok());
    let Some(bytes) = recorded else {
        let options = Options { transactions: 1500, agents, non_ascii: true, ..Options::default() };
        return busy_session(&options).to_json();
    };
    let mut json = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut json).unwrap();
    serde_json::from_str(&json).unwrap()
}

fn ops(transaction: &Value) -> Vec<Op> {
    let mut out = Vec::new();
    for patch in transaction["patches"].as_array().unwrap() {
        let (position, length) = (patch[0].as_u64().unwrap(), patch[1].as_u64().unwrap());
        let text = patch[2].as_str().unwrap();
        if length > 0 {
            out.push(Op::Delete { position, length });
        }
        if !text.is_empty() {
            out.push(Op::Insert { position, text: text.to_owned() });
        }
    }
    out
}

fn survives_encoding(document: &mut TextDocument, text: &str) {
    assert_eq!(document.text().unwrap(), text);
    let expected = document.state().unwrap().canonical_bytes();
    let snapshot = document.snapshot().unwrap();
    for bytes in [document.encode(), document.encode_with(Effort::Fast), snapshot] {
        let mut loaded = TextDocument::load(&bytes).unwrap();
        assert_eq!(loaded.text().unwrap(), text);
        assert_eq!(loaded.state().unwrap().canonical_bytes(), expected);
        assert_eq!(loaded.version(), document.version());
        loaded.verify().unwrap();
    }
}

fn replay_alone(file: &str) {
    let json = recording(file, 1);
    let mut document = TextDocument::new();
    let agent = document.agent(&"author".parse().unwrap());
    for op in json["txns"].as_array().unwrap().iter().flat_map(ops) {
        match op {
            Op::Insert { position, text } => document.insert(agent, position, &text).unwrap(),
            Op::Delete { position, length } => document.delete(agent, position, length).unwrap(),
            other => unreachable!("{}", other.name()),
        };
    }
    survives_encoding(&mut document, json["endContent"].as_str().unwrap());
}

#[test]
fn automerge_paper() {
    replay_alone("automerge-paper");
}

#[test]
fn sveltecomponent() {
    replay_alone("sveltecomponent");
}

/// Two people at once: delta by delta, and from two halves that are exchanged in both directions.
#[test]
fn friendsforever() {
    let json = recording("friendsforever", 2);
    let mut versions: Vec<Vec<Dot>> = Vec::new();
    let mut seqs: HashMap<u64, u64> = HashMap::new();
    let mut deltas = Vec::new();
    for transaction in json["txns"].as_array().unwrap() {
        let agent = transaction["agent"].as_u64().unwrap();
        let parents = transaction["parents"].as_array().unwrap().iter();
        let mut version: Vec<Dot> =
            parents.flat_map(|parent| versions[parent.as_u64().unwrap() as usize].clone()).collect();
        version.sort_unstable();
        version.dedup();
        for op in ops(transaction) {
            let seq = seqs.entry(agent).or_default();
            *seq += 1;
            let dot = Dot::new(format!("agent-{agent}").parse().unwrap(), *seq);
            deltas.push(Delta { dot: dot.clone(), parents: std::mem::replace(&mut version, vec![dot]), op });
        }
        versions.push(version);
    }
    let mut whole = TextDocument::new();
    let mut eager = TextDocument::new();
    for (index, Delta { dot, parents, op }) in deltas.iter().enumerate() {
        let length = whole.push(dot, parents, op).unwrap();
        assert_eq!(eager.push(dot, parents, op), Ok(length));
        if index % 50 == 0 {
            eager.text().unwrap();
        }
    }
    let text = json["endContent"].as_str().unwrap();
    survives_encoding(&mut whole, text);
    assert_eq!(face(&eager), face(&whole));
    let mut early = TextDocument::new();
    for Delta { dot, parents, op } in &deltas[..deltas.len() / 2] {
        early.push(dot, parents, op).unwrap();
    }
    early.text().unwrap();
    let mut by_difference = early.clone();
    by_difference.apply_encoded(&whole.diff(&early.version()).unwrap()).unwrap();
    early.merge(&whole).unwrap();
    assert_eq!(face(&early), face(&whole));
    assert_eq!(face(&by_difference), face(&whole));
}
