//! What the engine of sites asks, question by question.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{apply, get, post, refused, sql};
use http::Method;
use proptest::prelude::*;
use ramanujan_core::{Digest, DocumentId};
use ramanujan_crdt::{Delta, Op};
use ramanujan_shell::native::{fresh_database, send, send_with, set_variable};
use ramanujan_sync::change::{Change, FreezeSum};
use ramanujan_sync::codec::{decode_answer, encode_question};
use ramanujan_sync::fold::{Fold, Places, leaf_of, place_of};
use ramanujan_sync::interest::{Interest, Shared};
use ramanujan_sync::message::{Cursor, Want};
use ramanujan_sync::pack::{Blob, Pack};
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Question, StoreRefusal};
use serde_json::{Value, json};

fn ask(question: &Question) -> Answer {
    let headers = [("content-type", "application/vnd.ramanujan.sync")];
    let body = encode_question(question);
    let reply = send_with(&crdt_service::service(), Method::POST, "/crdt/answers", &headers, body);
    assert_eq!(reply.status, 200, "{}", reply.json);
    decode_answer(&reply.body).expect("an answer")
}

fn feed(after: &Cursor, most: usize, budget: u32) -> Option<(Vec<Change>, Cursor, bool)> {
    match ask(&Question::Feed { after: after.clone(), shared: Shared::default(), most, budget }) {
        Answer::Feed { changes, next, more } => Some((changes, next, more)),
        Answer::Stale => None,
        other => panic!("{other:?}"),
    }
}

fn increment(document: &str, agent: &str) -> Value {
    apply(json!({"operation": "increment", "document_id": document, "agent_id": agent, "value": 1}))
}

fn states(documents: &[&str]) -> Vec<Change> {
    let documents = documents.iter().map(|id| id.parse().unwrap()).collect();
    match ask(&Question::States(documents)) {
        Answer::States { changes, rest } => {
            assert_eq!(rest, Vec::<DocumentId>::new());
            changes
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_feed_comes_in_parts_and_names_everything() {
    let _guard = fresh_database();
    for n in 0..40 {
        increment(&format!("d{}", n % 10), &format!("agent-{}", n % 3));
    }
    apply(
        json!({"operation": "insert", "document_id": "text", "agent_id": "ann", "position": 0, "value": "x"}),
    );
    post("/crdt/text/freeze", json!({}));
    send(&crdt_service::service(), Method::DELETE, "/crdt/d3", "");
    for (most, budget) in [(3, u32::MAX), (256, 1), (256, 300), (1, 1)] {
        let (mut cursor, mut seen, mut parts) = (Blob::default(), BTreeMap::new(), 0);
        loop {
            let (changes, next, more) = feed(&cursor, most, budget).unwrap();
            assert!(changes.len() <= most, "{most} {budget}");
            parts += 1;
            for change in changes {
                // Ranges lead to the heads, whatever was told before.
                let ends: BTreeSet<_> = change.ranges.iter().map(Range::last).collect();
                let named = change.heads.iter().all(|(head, _)| ends.contains(head));
                assert!(named || seen.contains_key(change.document.as_str()), "{change:?}");
                seen.insert(change.document.to_string(), change);
            }
            assert!(!more || next != cursor, "a feed that does not advance");
            cursor = next;
            if !more {
                break;
            }
        }
        assert_eq!(seen.len(), 11, "{most} {budget}");
        assert!(parts > 1);
        assert_eq!(seen["d3"].marks, 1);
        assert_eq!(seen["text"].freezes.count, 1);
        let (changes, next, more) = feed(&cursor, most, budget).unwrap();
        assert_eq!((changes, next, more), (Vec::new(), cursor, false));
    }
}

#[test]
fn a_feed_passes_over_what_is_not_of_interest() {
    let _guard = fresh_database();
    for n in 0..30 {
        increment(&format!("d{n}"), "ann");
    }
    let interest = Interest(vec!["d2*".parse().unwrap()]);
    let shared = Shared { ours: interest, theirs: Interest::all() };
    let question = Question::Feed { after: Blob::default(), shared, most: 256, budget: u32::MAX };
    let Answer::Feed { changes, next, more } = ask(&question) else { panic!() };
    assert_eq!((changes.len(), more), (11, false));
    assert_eq!(feed(&next, 256, u32::MAX).unwrap().0, Vec::new());
}

#[test]
fn a_cursor_of_a_log_that_went_another_way_is_stale() {
    let _guard = fresh_database();
    for _ in 0..5 {
        increment("d", "ann");
    }
    let (_, cursor, _) = feed(&Blob::default(), 256, u32::MAX).unwrap();
    // As a disk is that was restored, and written to again.
    sql("DELETE FROM crdt_deltas WHERE log > 3");
    sql("UPDATE crdt_agents SET seq = 3, plus = 3, log = 3");
    sql("UPDATE crdt_documents SET log = 3, operations = 3, value = 3");
    sql("UPDATE crdt_heads SET dot = 'ann:3', seq = 3, hash = (SELECT hash FROM crdt_deltas WHERE log = 3)");
    sql("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'crdt_deltas'");
    assert!(feed(&cursor, 256, u32::MAX).is_none(), "what it names is not there");
    for _ in 0..2 {
        increment("d", "ben");
    }
    assert!(feed(&cursor, 256, u32::MAX).is_none(), "what it names is something else");
    for bad in [vec![9; 49], vec![1], vec![1; 48]] {
        assert!(feed(&Blob(bad), 256, u32::MAX).is_none());
    }
    assert!(feed(&Blob::default(), 256, u32::MAX).is_some());
}

fn pack_of(document: &str, deltas: &[Delta], claim: Option<Digest>) -> Pack {
    let mut hashes: Vec<(Delta, Digest)> = Vec::new();
    for delta in deltas {
        let parents = delta
            .parents
            .iter()
            .map(|dot| &hashes.iter().find(|(known, _)| known.dot == *dot).expect("a parent among them").1);
        let hash = ramanujan_crdt::state::hash_of(&delta.digest(), parents);
        hashes.push((delta.clone(), hash));
    }
    let mut pack = Pack::of(document.parse().unwrap(), deltas[0].op.crdt_type(), &hashes, false);
    if let Some(claim) = claim {
        pack.claims.iter_mut().for_each(|(_, hash)| *hash = claim);
    }
    pack
}

fn deltas(agent: &str, count: u64) -> Vec<Delta> {
    let delta = |seq: u64| Delta {
        dot: format!("{agent}:{seq}").parse().unwrap(),
        parents: (seq > 1).then(|| format!("{agent}:{}", seq - 1).parse().unwrap()).into_iter().collect(),
        op: Op::Increment { amount: seq },
    };
    (1..=count).map(delta).collect()
}

fn append(packs: Vec<Pack>) -> Vec<Option<StoreRefusal>> {
    match ask(&Question::Append(packs)) {
        Answer::Appended(refusals) => refusals,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_does_not_follow_or_fit_is_not_stored() {
    let _guard = fresh_database();
    set_variable("MAX_DOCUMENT_AGENTS", 2);
    set_variable("MAX_DOCUMENTS", 3);
    let good = pack_of("good", &deltas("ann", 5), None);
    let lie = pack_of("lie", &deltas("ann", 5), Some(Digest([9; 32])));
    let gap = pack_of("good", &deltas("ann", 9), None);
    let refusals = append(vec![good.clone(), lie, gap, Pack { deltas: Blob(vec![1, 2]), ..good.clone() }]);
    assert_eq!(refusals, [None, Some(StoreRefusal::Unfit), None, Some(StoreRefusal::Unfit)]);
    assert_eq!(get("/crdt/good").json["value"], 45);
    assert_eq!(get("/crdt/lie").status, 404);
    // Again, it is passed over.
    assert_eq!(append(vec![good]), [None]);
    // Another content under a dot that is there; another type.
    let mut other = deltas("ann", 1);
    other[0].op = Op::Increment { amount: 7 };
    assert_eq!(append(vec![pack_of("good", &other, None)]), [Some(StoreRefusal::Unfit)]);
    other[0].op = Op::Insert { position: 0, text: "x".into() };
    assert_eq!(append(vec![pack_of("good", &other, None)]), [Some(StoreRefusal::Unfit)]);
    assert_eq!(get("/crdt/good").json["value"], 45);
    // Bounds of this site.
    let by = |agent: &str| pack_of("good", &deltas(agent, 1), None);
    assert_eq!(append(vec![by("ben"), by("cyd")]), [None, Some(StoreRefusal::Full)]);
    let names = ["two", "three", "four"].map(|name| pack_of(name, &deltas("ann", 1), None));
    assert_eq!(append(names.to_vec()), [None, None, Some(StoreRefusal::Full)]);
}

#[test]
fn what_is_wanted_is_read_to_the_budget_and_on_from_there() {
    let _guard = fresh_database();
    let batch: Vec<Value> = (0..500)
        .map(|n| {
            json!({"operation": "insert", "document_id": "d", "agent_id": format!("a{}", n % 3), "position": 0,
                "value": format!("{n} ")})
        })
        .collect();
    apply(json!(batch));
    // All of it, which is read in the order of the log, and one agent's, which is found by the index.
    for agents in [3u64, 1] {
        let mut wanted: BTreeMap<String, u64> = (0..agents).map(|n| (format!("a{n}"), 1)).collect();
        let (mut known, mut rounds) = (BTreeSet::new(), 0);
        while !wanted.is_empty() {
            let ranges: Vec<Range> =
                wanted.iter().map(|(agent, from)| Range::new(agent.parse().unwrap(), *from, 1000)).collect();
            let want = Want { document: "d".parse().unwrap(), ranges, hashes: false };
            let Answer::Read(read) = ask(&Question::Read { wants: vec![want], budget: 1000 }) else {
                panic!()
            };
            let Some(stored) = &read[0] else { break };
            for delta in stored.pack.open().unwrap() {
                let ready = delta.parents.iter().all(|parent| known.contains(parent) || agents == 1);
                assert!(ready, "{} comes before what it was made after", delta.dot);
                assert!(known.insert(delta.dot));
            }
            for range in &stored.ranges {
                wanted.insert(range.agent.to_string(), range.to + 1);
            }
            rounds += 1;
        }
        assert!(rounds > 3, "{rounds}");
        let all = if agents == 3 { 500 } else { 167 };
        assert_eq!(known.len(), all);
    }
}

#[test]
fn operations_are_told_of_as_they_were_when_they_were_stored() {
    let _guard = fresh_database();
    let mut told = Vec::new();
    for n in 0..6 {
        let agent = format!("a{}", n % 2);
        let parents: Vec<String> = match n {
            0 | 1 => vec![],
            n => [n - 2, (n / 3) * (n - 1)]
                .iter()
                .filter(|at| **at < n)
                .map(|at| {
                    let reply: &Value = &told[*at];
                    reply["operation_id"].as_str().unwrap().to_owned()
                })
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        };
        let reply = post(
            "/crdt/apply?causes=64",
            json!({"operation": "insert", "document_id": "d", "agent_id": agent, "position": 0, "value": "ab",
                "parents": parents}),
        );
        assert_eq!(reply.status, 200, "{}", reply.json);
        told.push(reply.json);
    }
    let ask = |ranges: Value| post("/crdt/operations", json!({"document_id": "d", "ranges": ranges}));
    let all = ask(json!([{"agent": "a1", "from": 1, "to": 9}, {"agent": "a0", "from": 1, "to": 3}])).json;
    assert_eq!(all["more"], false);
    let results = all["results"].as_array().unwrap();
    assert_eq!(results.len(), 6);
    for (result, told) in results.iter().zip(&told) {
        for member in [
            "operation_id",
            "parents",
            "digest",
            "fingerprint",
            "hash",
            "vector_clock",
            "causes",
            "operation",
            "crdt_type",
        ] {
            assert_eq!(result[member], told[member], "{member} of {result}");
        }
        assert_eq!((&result["color"], &result["payload_size"]), (&json!("RED"), &json!(2)));
    }
    // Part of them; the parents that are not among them are known all the same.
    let some = ask(json!([{"agent": "a1", "from": 3, "to": 3}])).json;
    assert_eq!(some["results"][0]["causes"], told[5]["causes"]);
    assert_eq!(ask(json!([{"agent": "nobody", "from": 1, "to": 3}])).json["results"], json!([]));
    for bad in [
        json!([{"agent": "a", "from": 0, "to": 3}]),
        json!([{"agent": "a", "from": 3, "to": 2}]),
        json!([{"agent": "a", "from": 1, "to": 2}, {"agent": "a", "from": 4, "to": 5}]),
    ] {
        refused(&ask(bad), 422, "invalid-parameter");
    }
}

#[test]
fn a_question_that_is_none_is_refused() {
    let _guard = fresh_database();
    let headers = [("content-type", "application/vnd.ramanujan.sync")];
    for bytes in [vec![], vec![0], vec![99], vec![4, 255, 255, 255, 255, 15]] {
        let reply = send_with(&crdt_service::service(), Method::POST, "/crdt/answers", &headers, bytes);
        refused(&reply, 422, "invalid-parameter");
    }
    refused(&post("/crdt/answers", json!({"states": ["a"], "more": 1})), 422, "invalid-json");
    refused(&post("/crdt/answers", json!({"unknown": []})), 422, "invalid-json");
    let many: Vec<String> = (0..257).map(|n| format!("d{n}")).collect();
    refused(&post("/crdt/answers", json!({"states": many})), 422, "invalid-parameter");
    // Marks that nobody counts to are passed over, and leave room to count on.
    increment("d", "ann");
    let high = json!({"mark": [["d", (1u64 << 53) - 1]]});
    assert_eq!(post("/crdt/answers", high).json["answer"], "done");
    assert_eq!(get("/crdt/d").status, 200);
    assert_eq!(post("/crdt/answers", json!({"mark": [["d", 7]]})).json["answer"], "done");
    assert_eq!(get("/crdt/d").status, 410);
    assert_eq!(post("/crdt/answers", json!({"mark": [["d", 6]]})).json["answer"], "done");
    assert_eq!(get("/crdt/d").status, 410, "a lower number takes nothing back");
    assert_eq!(post("/crdt/d/recover", json!({})).status, 200);
    assert_eq!(states(&["d"])[0].marks, 8);
}

/// A leaf by its definition, from what is told of a document.
fn leaf(change: &Change) -> Digest {
    assert_eq!(change.freezes, FreezeSum::none());
    leaf_of(&change.document, &change.state().digest(), change.marks, &Fold::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is written between two questions, sums and lists are those of the leaves.
    #[test]
    fn sums_follow_what_is_written(
        steps in prop::collection::vec((0usize..12, 0usize..3), 1..20),
        spans in prop::collection::vec((any::<u64>(), any::<u64>()), 1..4),
        asked in prop::collection::vec(any::<bool>(), 20),
        narrow in any::<bool>(),
    ) {
        let _guard = fresh_database();
        let names: Vec<String> = (0..12).map(|n| format!("d{n}")).collect();
        let mut places: Vec<Places> = spans
            .iter()
            .map(|(one, other)| Places { from: *one.min(other), to: *one.max(other) })
            .collect();
        places.push(Places::ALL);
        places.extend(Places::ALL.parts());
        places.extend(names.iter().map(|name| {
            let at = place_of(&name.parse().unwrap());
            Places { from: at, to: at }
        }));
        let theirs = Interest(if narrow { vec!["d1*".parse().unwrap()] } else { Vec::new() });
        let shared = Shared { ours: Interest::all(), theirs };
        for ((document, what), ask_now) in steps.iter().zip(asked.iter().chain(std::iter::repeat(&true))) {
            let name = &names[*document];
            match what {
                0 => { send(&crdt_service::service(), Method::DELETE, &format!("/crdt/{name}"), ""); }
                agent => {
                    post("/crdt/apply", json!({"operation": "increment", "document_id": name,
                        "agent_id": format!("agent-{agent}"), "value": 1}));
                }
            }
            if !ask_now {
                continue;
            }
            let all: Vec<&str> = names.iter().map(String::as_str).collect();
            let leaves: Vec<(DocumentId, Digest)> = states(&all)
                .iter()
                .filter(|change| shared.holds(&change.document))
                .map(|change| (change.document.clone(), leaf(change)))
                .collect();
            let question = Question::Folds { shared: shared.clone(), places: places.clone() };
            let Answer::Folds { folds, .. } = ask(&question) else { panic!() };
            let question = Question::List { shared: shared.clone(), places: places.clone() };
            let Answer::List(lists) = ask(&question) else { panic!() };
            for ((places, fold), list) in places.iter().zip(&folds).zip(&lists) {
                let inside: Vec<_> =
                    leaves.iter().filter(|(id, _)| places.holds(place_of(id))).collect();
                prop_assert_eq!(*fold, Fold::of(inside.iter().map(|(_, leaf)| leaf)));
                let expected: BTreeMap<DocumentId, u64> = inside
                    .iter()
                    .map(|(id, leaf)| (id.clone(), u64::from_be_bytes(leaf.0[..8].try_into().unwrap())))
                    .collect();
                prop_assert_eq!(list.iter().cloned().collect::<BTreeMap<_, _>>(), expected);
            }
        }
    }
}

#[test]
fn marks_of_documents_that_are_not_there_are_bounded() {
    let _guard = fresh_database();
    set_variable("MAX_DOCUMENTS", 3);
    increment("here", "ann");
    let mark = |names: &[&str]| {
        let marks: Vec<Value> = names.iter().map(|name| json!([name, 1])).collect();
        assert_eq!(post("/crdt/answers", json!({"mark": marks})).json["answer"], "done");
        sql("SELECT 1 FROM crdt_deletions")
    };
    assert_eq!(mark(&["a", "b", "c", "d", "e"]), 3);
    assert_eq!(mark(&["f", "here"]), 4);
    assert_eq!(get("/crdt/here").status, 410);
}

/// What a liar says costs little and leaves no trace.
#[test]
fn great_numbers_and_many_ranges_are_bounded() {
    let _guard = fresh_database();
    increment("d", "ann");
    // Marks rise in steps, and stay odd or even as they were told.
    assert_eq!(post("/crdt/answers", json!({"mark": [["d", (1u64 << 40) - 1]]})).json["answer"], "done");
    assert_eq!(states(&["d"])[0].marks, 1025);
    assert_eq!(post("/crdt/answers", json!({"mark": [["d", 2048]]})).json["answer"], "done");
    assert_eq!((states(&["d"])[0].marks, get("/crdt/d").status), (2048, 200));
    let many: Vec<Value> =
        (0..16_385).map(|n| json!({"agent": format!("a{n}"), "from": 1, "to": 1})).collect();
    let ask = |ranges: Value| post("/crdt/operations", json!({"document_id": "d", "ranges": ranges}));
    refused(&ask(json!(many)), 422, "invalid-parameter");
    refused(&ask(json!([{"agent": "ann", "from": 1, "to": u64::MAX}])), 422, "invalid-parameter");
    assert_eq!(
        ask(json!([{"agent": "ann", "from": 1, "to": (1u64 << 53) - 1}])).json["results"][0]["operation_id"],
        "ann:1"
    );
    // A freeze that does not follow is not taken, one that does is, and is not taken twice.
    let frozen = post("/crdt/d/freeze", json!({"agent_id": "ann"})).json;
    let freezes =
        post("/crdt/answers", json!({"freezes": {"document": "d", "most": 9}})).json["answer"].clone();
    let mut wrong = freezes["freezes"]["freezes"][0].clone();
    wrong["digest"] = json!("0".repeat(64));
    let give = |freeze: &Value| {
        post("/crdt/answers", json!({"freeze": {"document": "d", "freezes": [freeze]}})).status
    };
    assert_eq!((give(&wrong), give(&freezes["freezes"]["freezes"][0])), (200, 200));
    let chain = get("/crdt/d/snapshots").json;
    assert_eq!(chain["items"].as_array().unwrap().len(), 1);
    assert_eq!(chain["items"][0]["snapshot_id"], frozen["snapshot_id"]);
}
