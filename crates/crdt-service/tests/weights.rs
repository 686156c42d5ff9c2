//! What counts towards what a document may hold, and what goes back whatever it holds.

mod common;

use common::{apply, get, grow_and_shrink, operations, post, refused, sql};
use ramanujan_shell::native::{fresh_database, set_variable};
use serde_json::{Value, json};

/// Operations on `d` that are stored before one is refused as too large.
fn stored(most: u64, operation: impl Fn(u64) -> Value) -> u64 {
    for n in 0..most {
        let reply = post("/crdt/apply", operation(n));
        if reply.status != 200 {
            refused(&reply, 422, "document-too-large");
            return n;
        }
    }
    most
}

fn with(base: Value, more: Value) -> Value {
    let mut all = base;
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// In JSON a control character has six bytes, and nobody can be given a text in less.
#[test]
fn a_text_weighs_what_it_takes_in_json() {
    let forms: [fn(&str, u64) -> Value; 4] = [
        |text, _| json!({"operation": "insert", "value": text}),
        |text, n| json!({"operation": "add", "value": format!("{text}{n}")}),
        |text, n| json!({"operation": "set", "path": ["k"], "value": {format!("{text}{n}"): [text]}}),
        |text, _| json!({"operation": "insert_text", "path": ["t"], "position": 0, "value": text}),
    ];
    for (form, operation) in forms.into_iter().enumerate() {
        let counts = ["x", "é", "\"", "\n", "\u{1}"].map(|unit| {
            let _db = fresh_database();
            set_variable("MAX_DOCUMENT_BYTES", 200_000);
            stored(60, |n| {
                // What replaces adds to it until it is stored, so each form gets a place of its own.
                let mut operation = operation(&unit.repeat(6000 / unit.len()), n);
                if let Some(path) = operation.get_mut("path").filter(|path| path[0] == "k") {
                    *path = json!([format!("k{n}")]);
                }
                with(operation, json!({"document_id": "d", "agent_id": "a"}))
            })
        });
        let [plain, accented, quotes, lines, control] = counts;
        assert_eq!(plain, accented, "{form}");
        assert_eq!(quotes, lines, "{form}");
        let room: u64 = 200_000 / (6000 * if form == 2 { 2 } else { 1 });
        for (count, times) in [(plain, 1), (quotes, 2), (control, 6)] {
            assert!((room / times).saturating_sub(2) <= count && count <= room / times, "{form} {counts:?}");
        }
    }
}

/// What lost against a concurrent write is kept, and shown among the conflicts.
#[test]
fn what_is_hidden_weighs_as_what_is_seen() {
    let list: Vec<u8> = vec![7; 100];
    let count = |hidden: bool| {
        let _db = fresh_database();
        set_variable("MAX_DOCUMENT_BYTES", 200_000);
        let set = |agent: &str, seq: u64, parents: Value, path: &str, value: Value| {
            json!({"operation": "set", "document_id": "d", "agent_id": agent, "seq": seq, "parents": parents,
                "path": [path], "value": value})
        };
        apply(set("z", 1, json!([]), "y", json!(1)));
        let mut seq = 1;
        let fits = (0..60).take_while(|n| {
            if hidden {
                // A scalar that is newer than all lists hides them.
                seq += 1;
                apply(set("z", seq, json!([format!("z:{}", seq - 1)]), "x", json!("s")));
            }
            let path = if hidden { "x".to_owned() } else { format!("x{n}") };
            post("/crdt/apply", set(&format!("c{n}"), 1, json!(["z:1"]), &path, json!(list))).status == 200
        });
        let fits = fits.count();
        let shown = get("/crdt/d");
        assert_eq!(shown.status, 200);
        assert_eq!(shown.json["details"].is_object(), hidden);
        fits
    };
    let (seen, hidden) = (count(false), count(true));
    assert!((8..14).contains(&seen), "{seen}");
    assert!(hidden.abs_diff(seen) <= 1, "{hidden} hidden, {seen} seen");
}

/// A document that holds as much as it may goes back to whatever it has shown, and one beyond its bound too.
#[test]
fn a_restore_works_whatever_the_document_holds() {
    for crdt_type in ["text", "or-set", "json", "lww-register", "mv-register"] {
        let _db = fresh_database();
        set_variable("MAX_DOCUMENT_BYTES", 20_000);
        let register = crdt_type.ends_with("register");
        let mut shrinks = Vec::new();
        let mut versions = vec![];
        for round in 0..2 {
            for n in 0..if register { 1 } else { 10 } {
                if register {
                    apply(
                        json!({"operation": "set", "crdt_type": crdt_type, "document_id": "d", "agent_id": "a",
                        "value": round.to_string().repeat(15_000)}),
                    );
                    continue;
                }
                let (grow, shrink) = grow_and_shrink(crdt_type, 100 * round + n, 1500);
                apply(grow);
                shrinks.push(shrink);
            }
            versions.push(get("/crdt/d").json);
            if round == 0 {
                shrinks.drain(..).for_each(|shrink| drop(apply(shrink)));
            }
        }
        for bound in [20_000, 3_000] {
            set_variable("MAX_DOCUMENT_BYTES", bound);
            for version in [&versions[1 - usize::from(bound > 3_000)], &versions[1], &versions[0]] {
                let back = json!({"at": version["heads"], "restore": true, "agent_id": "r"});
                let reply = post("/crdt/d/recover", back);
                if (crdt_type, bound) == ("json", 3_000) {
                    refused(&reply, 422, "document-too-large");
                    // The version that is shown is there already.
                    assert_eq!(get("/crdt/d").json["value"], versions[0]["value"]);
                    break;
                }
                assert_eq!(reply.status, 200, "{crdt_type}: {}", reply.json);
                assert_eq!(reply.json["value"], version["value"]);
                assert_eq!(get("/crdt/d").json["value"], version["value"], "{crdt_type}");
            }
        }
        // It is no way round the bound for anything else.
        if !register {
            refused(&post("/crdt/apply", grow_and_shrink(crdt_type, 999, 1500).0), 422, "document-too-large");
        }
    }
}

/// A database of the revision before this one: what it has measured was measured by other weights.
#[test]
fn what_was_measured_by_lighter_weights_is_measured_when_it_grows() {
    let _db = fresh_database();
    let lines = "\n".repeat(5000);
    apply(json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": lines}));
    sql("UPDATE crdt_deltas SET weight = 5000");
    sql("UPDATE crdt_documents SET written = 5000, measured = 5000, measured_at = 5000, measured_log = log");
    sql("DELETE FROM crdt_schema");
    sql("INSERT INTO crdt_schema VALUES (35)");
    set_variable("MAX_DOCUMENT_BYTES", 12_000);
    let more = |bytes: usize| json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": "x".repeat(bytes)});
    refused(&post("/crdt/apply", more(3000)), 422, "document-too-large");
    assert_eq!(operations("d"), 1);
    apply(more(1900));
    assert_eq!(sql("SELECT 1 FROM crdt_documents WHERE measured = 10000"), 1);
}

/// What is taken out of a JSON document leaves the orders of its lists behind. They count, or going to and fro between two
/// versions would fill the memory.
#[test]
fn going_to_and_fro_ends_before_the_orders_of_lists_are_too_many() {
    let _db = fresh_database();
    set_variable("MAX_DOCUMENT_BYTES", 60_000);
    let set = |value: Value| json!({"operation": "set", "document_id": "d", "agent_id": "a", "path": ["x"], "value": value});
    apply(set(json!(vec![vec![1]; 50])));
    apply(set(json!(0)));
    let restore = |at: &str| {
        let at: Value = json!([at]);
        post("/crdt/d/recover", json!({"at": at, "restore": true, "agent_id": "r"}))
    };
    let times = (0..20).find(|_| {
        let back = restore("a:1");
        if back.status == 200 {
            assert_eq!(restore("a:2").status, 200, "what takes away works");
            return false;
        }
        refused(&back, 422, "document-too-large");
        true
    });
    assert!(times.is_some_and(|times| (1..4).contains(&times)), "{times:?}");
    assert_eq!(get("/crdt/d").json["value"], json!({"x": 0}));
}
