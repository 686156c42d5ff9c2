//! The densest inputs that we can think of, long enough that what a reader takes whatever the input does not show. Prints
//! bytes of memory per byte of input: `cargo test --release --test density -- --nocapture`.

use ramanujan_core::{Digest, Dot};
use ramanujan_crdt::batch::encode_deltas;
use ramanujan_crdt::types::{Event, Past};
use ramanujan_crdt::{Action, CrdtType, Delta, Edit, Json, Op, State, Step, TextDocument};
use ramanujan_fuzz::{TARGETS, memory};
use ramanujan_sync::codec::{encode, encode_question};
use ramanujan_sync::limits::{MAX_PACK_DELTAS, MAX_PROBES, MAX_RANGES};
use ramanujan_sync::message::Want;
use ramanujan_sync::pack::Pack;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::Question;
use ramanujan_sync::{Frame, Message};

const COUNT: usize = 20_000;

fn dot(agent: &str, seq: usize) -> Dot {
    Dot::new(agent.parse().expect("an agent"), seq as u64)
}

/// A list of maps of one member each.
fn maps() -> Json {
    let map = Json::Map([(String::new(), Json::Null)].into());
    Json::List(vec![map; COUNT])
}

fn chain(op: &Op) -> Vec<Delta> {
    let delta = |seq| Delta {
        dot: dot("a", seq),
        parents: (seq > 1).then(|| dot("a", seq - 1)).into_iter().collect(),
        op: op.clone(),
    };
    (1..=COUNT).map(delta).collect()
}

/// As many maps as compression may pack: what does not compress is as long as the limit of expansion asks.
fn packed() -> Vec<Delta> {
    let noise: String = (0..20u8).map(|n| Digest::of(&[n]).to_string()).collect();
    let set = |seq, value| Delta { dot: dot("a", seq), parents: Vec::new(), op: Op::SetLast { value } };
    vec![set(1, Json::Text(noise)), set(2, maps())]
}

/// Insertions of one character, none of which continues another.
fn scattered() -> TextDocument {
    let mut document = TextDocument::new();
    let author = document.agent(&"a".parse().expect("an agent"));
    for _ in 0..COUNT {
        document.insert(author, 0, "x").expect("fits");
    }
    document
}

/// A document of many small maps, 100 within each other.
fn document() -> State {
    let mut state = State::new(CrdtType::Json).expect("a type with a state");
    for seq in 1..=COUNT / 100 {
        let depth = 60;
        let mut path: Vec<Step> = vec![Step::Key(seq.to_string())];
        path.resize(depth, Step::Key(String::new()));
        let value = (0..40).fold(Json::Null, |value, _| Json::Map([(String::new(), value)].into()));
        let past = state.version().clone();
        let op = Op::Edit(Edit { path, action: Action::Set { value } });
        state.apply(&Event { dot: &dot("a", seq), past: Past::Version(&past) }, &op).expect("in order");
    }
    state
}

fn frame(message: Message) -> Vec<u8> {
    encode(&Frame { from: "a".parse().expect("a name"), exchange: 1, message })
}

/// Ranges of one delta each, of agents with short names.
fn ranges() -> Want {
    let mut names: Vec<String> = (0..MAX_RANGES).map(|n| format!("{n:x}")).collect();
    names.sort();
    let range = |name: &String| Range::new(name.parse().expect("a name"), 1, 1);
    let document = "d".parse().expect("an id");
    Want { document, ranges: names.iter().map(range).collect(), hashes: false }
}

/// Letters typed one after the other: in columns hardly more than the letters.
fn typing() -> Pack {
    let typed = |seq: usize| Delta {
        dot: dot("a", seq),
        parents: (seq > 1).then(|| dot("a", seq - 1)).into_iter().collect(),
        op: Op::Insert { position: seq as u64 - 1, text: "x".into() },
    };
    let deltas: Vec<(Delta, Digest)> =
        (1..=MAX_PACK_DELTAS).map(|seq| (typed(seq), Digest([0; 32]))).collect();
    Pack::of("d".parse().expect("an id"), CrdtType::Text, &deltas, false)
}

// One test: what another thread allocates would count as the reader's.
#[test]
fn the_densest_inputs_stay_within_their_bounds() {
    let json_maps = serde_json::to_string(&maps()).expect("JSON");
    let clock: Vec<String> = (0..COUNT).map(|n| format!("\"{n}\":1")).collect();
    let patches = vec![r#"[0,0,"x"]"#; COUNT].join(",");
    let set = Delta { dot: dot("a", 1), parents: Vec::new(), op: Op::SetLast { value: maps() } };
    let mut text = scattered();
    let inputs: Vec<(&str, &str, Vec<u8>)> = vec![
        ("frame", "ranges", frame(Message::Want { wants: vec![ranges()], budget: 0 })),
        ("frame", "none", frame(Message::Hashes { hashes: vec![None; MAX_PROBES] })),
        ("frame", "typing", frame(Message::Deltas { packs: vec![typing()] })),
        ("question", "ranges", encode_question(&Question::Read { wants: vec![ranges()], budget: 0 })),
        ("canonical", "maps", set.canonical_bytes()),
        ("batch", "increments", encode_deltas(CrdtType::PnCounter, &chain(&Op::Increment { amount: 1 }))),
        ("batch", "maps", encode_deltas(CrdtType::LwwRegister, &[set])),
        ("batch", "packed", encode_deltas(CrdtType::LwwRegister, &packed())),
        ("state", "maps", document().encode()),
        ("text_load", "scattered", text.encode()),
        ("text_load", "snapshot", text.snapshot().expect("open")),
        ("text_apply", "scattered", text.encode()),
        ("clock", "agents", format!("{{{}}}", clock.join(",")).into_bytes()),
        (
            "operation",
            "maps",
            format!(r#"{{"operation":"add","document_id":"d","value":{json_maps}}}"#).into_bytes(),
        ),
        (
            "record",
            "maps",
            format!(r#"{{"agent_id":"a","seq":1,"operation":"add","value":{json_maps}}}"#).into_bytes(),
        ),
        (
            "recording",
            "patches",
            format!(r#"{{"endContent":"","txns":[{{"patches":[{patches}]}}]}}"#).into_bytes(),
        ),
        ("embedding", "numbers", format!("[{}1]", "1,".repeat(4095)).into_bytes()),
        (
            "skill",
            "maps",
            format!(
                r#"{{"name":"n","description":"d","input_schema":{{"a":{}}},"output_schema":{{}}}}"#,
                serde_json::to_string(&vec![serde_json::json!({ "a": 0 }); 4000]).expect("JSON")
            )
            .into_bytes(),
        ),
        ("term", "leaves", format!("(merge{})", " a".repeat(COUNT)).into_bytes()),
        (
            "event",
            "payload",
            format!(r#"{{"type":"t","agent_id":"a","payload":{{"a":{json_maps}}}}}"#).into_bytes(),
        ),
    ];
    for (target, name, bytes) in inputs {
        let (_, check) = TARGETS.iter().find(|(known, _)| *known == target).expect("a target");
        memory::largest();
        check(&bytes);
        let taken = memory::largest();
        println!("{target:<12} {name:<12} {:>8} bytes {:>6} per byte", bytes.len(), taken / bytes.len());
    }
}
