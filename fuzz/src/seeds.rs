//! First inputs of the corpora, made by the real encoders: every type and kind once, so that the fuzzer begins within
//! the formats and not in front of them.

use ramanujan_crdt::batch::encode_deltas;
use ramanujan_crdt::text::Effort;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Op, TextDocument};
use ramanujan_replay::generate::{self, Options};
use ramanujan_timeline::segment::{FORMAT, Hashes, Header, Segment};
use ramanujan_timeline::{Accumulator, Stored};
use ramanujan_verification::votes::VoteRecord;

use crate::{deltas, sites, states, text};

/// An input of a target's corpus, with the name of its file.
pub struct Seed {
    pub target: &'static str,
    pub name: String,
    pub bytes: Vec<u8>,
}

/// All seeds. The same every time.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |target, name: &str, bytes: Vec<u8>| {
        seeds.push(Seed { target, name: format!("seed-{name}"), bytes });
    };
    for (number, delta) in deltas::examples().into_iter().enumerate() {
        let name = format!("{number:02}-{}", delta.op.name());
        add("canonical", &name, delta.canonical_bytes());
        let record = serde_json::to_vec(&DeltaRecord::of(delta)).expect("a record is JSON");
        add("record", &name, record);
    }
    for crdt_type in CrdtType::ALL {
        let mut chosen = deltas::examples();
        chosen.retain(|delta| delta.op.crdt_type() == crdt_type);
        for (delta, seq) in chosen.iter_mut().zip(7..) {
            delta.dot.seq = seq;
        }
        add("batch", crdt_type.as_str(), encode_deltas(crdt_type, &chosen));
    }
    add("batch", "typing", encode_deltas(CrdtType::Text, &typing()));
    sites::examples().into_iter().for_each(|(name, bytes)| add("frame", name, bytes));
    sites::questions().into_iter().for_each(|(name, bytes)| add("question", name, bytes));

    for crdt_type in CrdtType::ALL.into_iter().filter(|crdt_type| *crdt_type != CrdtType::Text) {
        add("state", crdt_type.as_str(), states::example(crdt_type).encode());
    }

    let mut document = text::base();
    let since = document.version();
    add("text_load", "history", document.encode());
    add("text_part", "history", document.encode());
    add("text_load", "fast", document.encode_with(Effort::Fast));
    add("text_load", "snapshot", document.snapshot().expect("open"));
    add("text_load", "empty", TextDocument::new().encode());
    for (number, replica) in ["ann", "eve"].into_iter().enumerate() {
        let author = document.agent(&replica.parse().expect("an agent"));
        document.insert(author, 3, "more ").expect("fits");
        document.delete(author, number as u64, 4).expect("fits");
        let diff = document.diff(&since).expect("open");
        add("text_apply", &format!("diff-{replica}"), diff.clone());
        add("text_part", &format!("diff-{replica}"), diff.clone());
        add("text_load", &format!("diff-{replica}"), diff);
    }
    add("text_apply", "whole", document.encode());
    add("text_apply", "snapshot", document.snapshot().expect("open"));
    for (number, multiplier) in [7u32, 31, 97, 181].into_iter().enumerate() {
        // A linear congruence: bytes without a pattern that the script could hang on.
        let bytes = (0..400u32).map(|n| (n.wrapping_mul(multiplier).wrapping_add(n * n / 3) >> 1) as u8);
        let bytes: Vec<u8> = bytes.collect();
        add("resolve", &format!("script-{number}"), bytes[..200].to_vec());
        add("text_replay", &format!("script-{number}"), bytes);
    }

    for (agents, name) in [(1, "sequential"), (3, "concurrent")] {
        let options = Options { transactions: 20, agents, non_ascii: true, ..Options::default() };
        let recording = generate::session(&options);
        let value = recording.to_sequential_json().unwrap_or_else(|| recording.to_json());
        add("recording", name, value.to_string().into_bytes());
    }
    for (name, block) in [("one", &ONES[..]), ("many", &[ONES, ONES].concat())] {
        add("vectors", name, [&[0, 0], block].concat());
    }
    let numbers: Vec<u8> = (0..16).flat_map(|n| (n as f32 * 0.25 - 2.0).to_le_bytes()).collect();
    add("vectors", "bytes", [&[0, 0], numbers.as_slice()].concat());
    for (number, text) in VOTES.iter().enumerate() {
        let record: VoteRecord = serde_json::from_str(text).expect("a vote");
        add("vote", &format!("json-{number}"), text.as_bytes().to_vec());
        add("vote", &format!("bytes-{number}"), record.to_bytes());
    }
    let components = (1..=24u8).flat_map(|n| (f32::from(n) * 0.37 - 4.0).to_le_bytes());
    add("embedding", "binary", components.collect());
    for (target, name, texts) in TEXTS {
        for (number, text) in texts.iter().enumerate() {
            add(target, &format!("{name}-{number}"), text.as_bytes().to_vec());
        }
    }
    for first in [1, 4] {
        seeds.push(Seed { target: "segment", name: format!("seed-from-{first}"), bytes: segment(first) });
    }
    seeds
}

/// An archived segment of three events, proven in the tree that ends with them.
fn segment(first: u64) -> Vec<u8> {
    let row = |seq: u64| Stored {
        seq,
        event_id: [seq as u8; 32],
        timestamp: 1_700_000_000_000,
        received: 1_700_000_000_001,
        origin_seq: seq,
        agent: "a".into(),
        kind: "operation".into(),
        document: seq.is_multiple_of(2).then(|| "d".into()),
        color: seq.is_multiple_of(3).then_some(1),
        body: r#"{"payload":{"n":1}}"#.into(),
    };
    let mut state = Accumulator::default();
    (1..first).for_each(|seq| state.push(row(seq).leaf_hash()));
    let before = Hashes::from(&state);
    let rows: Vec<Stored> = (first..first + 3).map(row).collect();
    rows.iter().for_each(|row| state.push(row.leaf_hash()));
    let header = Header {
        format: FORMAT.into(),
        first,
        last: first + 2,
        before,
        after: Hashes::from(&state),
        tree_size: first + 2,
        merkle_root: state.root(),
        consistency: Vec::new(),
    };
    Segment { header, rows }.write().expect("a segment is JSON").into_bytes()
}

/// Two hundred characters typed in a row, with a deletion in between.
fn typing() -> Vec<Delta> {
    let mut document = TextDocument::new();
    let author = document.agent(&"ann".parse().expect("an agent"));
    for position in 0..200 {
        document.insert(author, position, if position % 7 == 0 { " " } else { "t" }).expect("fits");
    }
    document.delete(author, 50, 3).expect("fits");
    let deltas: Vec<Delta> = document.deltas().expect("open").collect();
    debug_assert!(deltas.iter().any(|delta| matches!(delta.op, Op::Delete { .. })));
    deltas
}

/// Base64 of 24 times 1.0: three vectors of eight.
const ONES: &[u8] = b"AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/\
    AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/";

const VOTES: [&str; 2] = [
    r#"{"subject":"embedding:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","verifier":"neg_critic","agent_id":"ann","vote":"yes","score":0.75,"evidence":"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210","signature":"c2lnbmVk"}"#,
    r#"{"subject":"skill:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","verifier":"17","agent_id":"b.e-n_1","vote":"abstain","score":null,"evidence":"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"}"#,
];

/// Forms that are text: target, name, inputs.
const TEXTS: &[(&str, &str, &[&str])] = &[
    ("clock", "clock", &["{}", r#"{"ann":3,"ben":9007199254740991}"#, r#"{"b":1,"a":0,"a":2}"#]),
    (
        "names",
        "name",
        &[
            "ann:12",
            "ann:12+3",
            "or-set",
            "2026-01-02T03:04:05.678Z",
            "0123456789abcdef",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "GREEN",
            "positive",
            "BACKFILL",
        ],
    ),
    (
        "operation",
        "request",
        &[
            r#"{"operation":"insert","document_id":"d","agent_id":"ann","seq":1,"parents":[],"position":0,"value":"hé","unit":"utf16"}"#,
            r#"[{"operation":"delete","document_id":"d","vector_clock":{"ann":1},"position":0,"length":2,"polarity":"negative"}]"#,
            r#"{"operation":"increment","document_id":"d","value":3,"crdt_type":"g-counter"}"#,
            r#"{"operation":"add","document_id":"d","value":{"k":[1.5,null,true]}}"#,
            r#"{"operation":"set","document_id":"d","value":null,"crdt_type":"mv-register"}"#,
            r#"{"operation":"transition","document_id":"d","value":"verify"}"#,
            r#"{"operation":"insert_item","document_id":"d","path":["a",0,{"item":"ann:1+2"}],"position":1,"value":{}}"#,
            r#"{"operation":"delete_text","document_id":"d","path":[],"position":1,"length":1}"#,
            r#"{"operation":"insert_text","document_id":"d","edit":{"path":["a"],"action":"insert_text","anchor":{"side":"right"},"text":"x"}}"#,
        ],
    ),
    (
        "record",
        "parents",
        &[
            r#"{"agent_id":"ann","seq":2,"operation":"set","parents":["ann:1","ben:4"],"value":{"a":[0.5]},"crdt_type":"lww-register"}"#,
        ],
    ),
    (
        "recording",
        "form",
        &[
            r#"{"startContent":"ab","endContent":"b","txns":[{"patches":[[0,1,""]]}]}"#,
            r#"{"kind":"concurrent","endContent":"ab","numAgents":2,"txns":[{"parents":[],"agent":0,"patches":[[0,0,"a"]]},{"parents":[],"agent":1,"patches":[[0,0,"b"]]},{"parents":[0,1],"agent":0,"patches":[]}]}"#,
        ],
    ),
    (
        "embedding",
        "json",
        &["[0.5,-1,2e-3,0,1,1e38,-0.25,1e-40,7]", r#""AACAPwAAgL8AAAA/zczMPQAAAAAAAIA/AACAPwAAgD8=""#],
    ),
    (
        "skill",
        "skill",
        &[
            r#"{"name":"n","description":"d","input_schema":true,"output_schema":{}}"#,
            r##"{"name":"sum_tree","description":"Sums a tree.","input_schema":{"type":"object","properties":{"value":{"type":"integer","minimum":0},"left":{"$ref":"#"},"tag":{"type":"string","pattern":"^[a-z]{1,9}$"}},"required":["value"],"additionalProperties":false},"output_schema":{"anyOf":[{"type":"integer"},{"$ref":"#/$defs/none"}],"$defs":{"none":{"enum":[null]}}},"examples":[{"input":{"value":1,"left":{"value":2,"tag":"a"}},"output":3},{"input":{"value":1},"output":1}]}"##,
            r#"{"name":"delete-all","description":"Deletes it.","input_schema":{"type":["array","string"],"items":{"not":{"const":1}},"maxItems":3,"uniqueItems":true},"output_schema":{"if":{"type":"object"},"then":{"dependentSchemas":{"a":{"required":["b"]}}},"else":{"multipleOf":0.5}},"examples":[{"input":[1,2],"output":{"a":9007199254740993}}]}"#,
        ],
    ),
    (
        "term",
        "term",
        &[
            "(merge a (inv b) (f x -1.5))",
            r#"["merge","a",{"op":"inv","children":["b"]},7]"#,
            r#"{"nodes":[{"op":"a"},{"op":"f","children":[0,0]},{"op":"merge","children":[0,1,1]}]}"#,
        ],
    ),
    (
        "pattern",
        "pattern",
        &[
            "(merge ?a (inv ?b) ?a)",
            r#"["merge","?a",{"op":"f","children":["?b","?a"]}]"#,
            r#"{"nodes":[{"op":"?a"},{"op":"f","children":[0,0]},{"op":"merge","children":[0,1]}]}"#,
        ],
    ),
    (
        "rule",
        "rule",
        &[
            r#"{"left":"(+ ?a ?a)","right":"(* 2 ?a)","both_ways":true}"#,
            r#"{"left":["/",["*","?a","?b"],"?b"],"right":"?a","conditions":["nonzero ?b"]}"#,
            r#"{"left":"(f ?a (g ?b))","right":"(f (g ?a) ?b)","conditions":["differ ?a ?b","color ?a RED"]}"#,
        ],
    ),
    (
        "facts",
        "facts",
        &[
            r#"[[{"left":"a","right":"b"},{"term":"(f a)"}],[{"left":["f","b"],"right":"c"}]]"#,
            r#"[[{"left":"(inv (f x))","right":"y"}],[{"left":"(f x)","right":"(merge x y)"}],[]]"#,
        ],
    ),
    (
        "life",
        "event",
        &[
            include_str!("../../crates/agents/tests/golden/new/AgentActivated.json"),
            include_str!("../../crates/agents/tests/golden/new/AgentDeployed.json"),
            include_str!("../../crates/agents/tests/golden/new/CapabilitiesUpdated.json"),
            include_str!("../../crates/agents/tests/golden/new/ConfigurationChanged.json"),
            include_str!("../../crates/agents/tests/golden/new/ToolsEnabled.json"),
        ],
    ),
    (
        "event",
        "event",
        &[
            r#"{"type":"AckSent","from":"0","to":1,"timestamp":"2026-01-02T03:04:05Z"}"#,
            r#"{"event_type":"x","agent_id":"a","color":"red","operation":"insert","document_id":"d","vector_clock":{"b":2,"a":1},"payload":{"z":[{"k":1,"a":null}],"b":"ü"},"duration_ms":1.5,"payload_size":3,"origin_seq":1,"fingerprint":"0123456789abcdef"}"#,
        ],
    ),
];
