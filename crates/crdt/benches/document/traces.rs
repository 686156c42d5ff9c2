//! Editing traces as a list of deltas: recordings where `RAMANUJAN_DATA` names a folder with them, and generated ones,
//! always the same.

use std::collections::HashMap;
use std::io::Read;

use diamond_types::list::ListCRDT;
use ramanujan_core::splitmix::SplitMix64;
use ramanujan_core::{AgentId, Dot};
use ramanujan_crdt::{Delta, Op, TextDocument};
use serde_json::Value;

/// One agent's edits, in order.
pub(crate) enum Edit {
    Insert(usize, String),
    Delete(usize, usize),
}

/// Types words at a cursor that jumps now and then, and erases a quarter of them; `length` is the document's.
pub(crate) fn typing(edits: usize, length: &mut usize, seed: u64) -> Vec<Edit> {
    const WORDS: [&str; 12] = [
        "the ", "of ", "network ", "replica ", "text", "délta", ", ", "merge ", "it ", "語", ". ", "version ",
    ];
    let mut numbers = SplitMix64::new(seed);
    let mut out = Vec::with_capacity(edits);
    let mut cursor = 0;
    while out.len() < edits {
        if numbers.below(6) == 0 {
            cursor = numbers.below((*length + 1) as u64) as usize;
        }
        if numbers.below(4) == 0 {
            for _ in 0..(numbers.below(8) as usize).min(cursor) {
                cursor -= 1;
                *length -= 1;
                out.push(Edit::Delete(cursor, 1));
            }
        } else {
            for letter in WORDS[numbers.below(WORDS.len() as u64) as usize].chars() {
                out.push(Edit::Insert(cursor, letter.to_string()));
                cursor += 1;
                *length += 1;
            }
        }
    }
    out
}

fn read(file: &str) -> Option<Value> {
    let folder = std::env::var_os("RAMANUJAN_DATA")?;
    let bytes = std::fs::read(std::path::Path::new(&folder).join(format!("{file}.json.gz"))).ok()?;
    let mut json = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut json).ok()?;
    serde_json::from_str(&json).ok()
}

fn edits_of(transaction: &Value) -> Vec<Edit> {
    let mut out = Vec::new();
    for patch in transaction["patches"].as_array().into_iter().flatten() {
        let number = |index: usize| patch[index].as_u64().unwrap_or(0) as usize;
        let text = patch[2].as_str().unwrap_or("");
        if number(1) > 0 {
            out.push(Edit::Delete(number(0), number(1)));
        }
        if !text.is_empty() {
            out.push(Edit::Insert(number(0), text.to_owned()));
        }
    }
    out
}

/// A recording of one person.
pub(crate) fn sequential(file: &str) -> Option<Vec<Edit>> {
    Some(read(file)?["txns"].as_array()?.iter().flat_map(edits_of).collect())
}

pub(crate) fn type_ours(edits: &[Edit]) -> TextDocument {
    let mut document = TextDocument::new();
    type_into(&mut document, "author", edits);
    document
}

pub(crate) fn type_into(document: &mut TextDocument, agent: &str, edits: &[Edit]) {
    let agent = document.agent(&agent.parse().unwrap());
    for edit in edits {
        match edit {
            Edit::Insert(at, text) => document.insert(agent, *at as u64, text).unwrap(),
            Edit::Delete(at, count) => document.delete(agent, *at as u64, *count as u64).unwrap(),
        };
    }
}

pub(crate) fn type_theirs(edits: &[Edit]) -> ListCRDT {
    let mut document = ListCRDT::new();
    let agent = document.get_or_create_agent_id("author");
    for edit in edits {
        match edit {
            Edit::Insert(at, text) => document.insert(agent, *at, text),
            Edit::Delete(at, count) => document.delete_without_content(agent, *at..*at + *count),
        };
    }
    document
}

/// Two replicas that have drifted apart, each as its deltas in order.
pub(crate) struct Fork {
    pub(crate) left: Vec<Delta>,
    pub(crate) right: Vec<Delta>,
}

/// A recording of two people: what each knew at the end of its own last operation.
pub(crate) fn concurrent(file: &str) -> Option<Fork> {
    let json = read(file)?;
    let transactions = json["txns"].as_array()?;
    let mut heads: Vec<Vec<Dot>> = Vec::new();
    let mut deltas: Vec<Delta> = Vec::new();
    let mut ranges = Vec::new();
    let mut seqs: HashMap<u64, u64> = HashMap::new();
    for transaction in transactions {
        let number = transaction["agent"].as_u64()?;
        let agent: AgentId = format!("agent-{number}").parse().ok()?;
        let parents = transaction["parents"].as_array()?;
        let mut version: Vec<Dot> = parents
            .iter()
            .filter_map(|parent| heads.get(parent.as_u64()? as usize))
            .flatten()
            .cloned()
            .collect();
        version.sort_unstable();
        version.dedup();
        let start = deltas.len();
        for edit in edits_of(transaction) {
            let seq = seqs.entry(number).or_default();
            *seq += 1;
            let dot = Dot::new(agent.clone(), *seq);
            let op = match edit {
                Edit::Insert(at, text) => Op::Insert { position: at as u64, text },
                Edit::Delete(at, count) => Op::Delete { position: at as u64, length: count as u64 },
            };
            deltas.push(Delta { dot: dot.clone(), parents: std::mem::replace(&mut version, vec![dot]), op });
        }
        heads.push(version);
        ranges.push(start..deltas.len());
    }
    let past = |agent: u64| -> Option<Vec<Delta>> {
        let last =
            transactions.iter().rposition(|transaction| transaction["agent"].as_u64() == Some(agent))?;
        let mut wanted = vec![false; transactions.len()];
        wanted[last] = true;
        for index in (0..=last).rev().filter(|index| *index <= last) {
            if wanted[index] {
                for parent in transactions[index]["parents"].as_array()? {
                    wanted[parent.as_u64()? as usize] = true;
                }
            }
        }
        let kept = ranges.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        Some(kept.flat_map(|(range, _)| deltas[range.clone()].iter().cloned()).collect())
    };
    Some(Fork { left: past(0)?, right: past(1)? })
}

/// Two people write offline on one document.
pub(crate) fn long_fork(common: usize, each: usize) -> Fork {
    let mut length = 0;
    let base = type_ours(&typing(common, &mut length, 1));
    let side = |agent: &str, seed: u64| {
        let mut document = base.clone();
        type_into(&mut document, agent, &typing(each, &mut length.clone(), seed));
        document.deltas().unwrap().collect()
    };
    Fork { left: side("left", 2), right: side("right", 3) }
}

pub(crate) fn document_of(deltas: &[Delta]) -> TextDocument {
    let mut document = TextDocument::new();
    for delta in deltas {
        document.push(&delta.dot, &delta.parents, &delta.op).unwrap();
    }
    document
}
