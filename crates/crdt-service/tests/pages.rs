//! Pages of deltas that one site hands out and another takes.

mod common;

use std::collections::BTreeMap;

use common::{apply, get, post, refused};
use http::Method;
use ramanujan_core::Dot;
use ramanujan_crdt::batch::encode_deltas;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Op};
use ramanujan_shell::native::{fresh_database, send_with};
use serde_json::{Value, json};

/// Some operations of a type, all but the last one after another.
fn operations(crdt_type: CrdtType) -> Vec<Value> {
    match crdt_type {
        CrdtType::Text => vec![
            json!({"operation": "insert", "position": 0, "value": "añb"}),
            json!({"operation": "delete", "position": 1, "length": 1}),
            json!({"operation": "insert", "position": 0, "value": "😀"}),
        ],
        CrdtType::PnCounter => {
            vec![json!({"operation": "increment", "value": 3}), json!({"operation": "decrement", "value": 1})]
        }
        CrdtType::GCounter => {
            vec![json!({"operation": "increment", "value": 3}), json!({"operation": "increment"})]
        }
        CrdtType::OrSet => vec![
            json!({"operation": "add", "value": {"kind": "fig"}}),
            json!({"operation": "add", "value": 2.5}),
            json!({"operation": "remove", "value": 2.5}),
        ],
        CrdtType::LwwRegister | CrdtType::MvRegister => {
            vec![json!({"operation": "set", "value": [1, null]}), json!({"operation": "set", "value": "x"})]
        }
        CrdtType::Json => vec![
            json!({"operation": "set", "path": [], "value": {"list": ["a", "b"], "n": 1}}),
            json!({"operation": "insert_item", "path": ["list"], "position": 1, "value": {"deep": true}}),
            json!({"operation": "increment", "path": ["n"], "value": 4}),
            json!({"operation": "delete", "path": ["list", 0]}),
        ],
        CrdtType::TapState => {
            vec![
                json!({"operation": "transition", "value": "VERIFY"}),
                json!({"operation": "transition", "value": "LIVE"}),
            ]
        }
        CrdtType::MaxRegister => {
            vec![json!({"operation": "raise", "value": 1.5}), json!({"operation": "raise", "value": 1})]
        }
        CrdtType::EwFlag => vec![json!({"operation": "enable"}), json!({"operation": "disable"})],
    }
}

/// Writes a document of each type; of its operations the last is concurrent with the one before.
fn write_all() -> Vec<String> {
    let mut names = Vec::new();
    for crdt_type in CrdtType::ALL {
        let name = crdt_type.to_string();
        let mut all = operations(crdt_type);
        let last = all.len() - 1;
        for (index, operation) in all.iter_mut().enumerate() {
            let agent = if index == last { "ben" } else { "ada" };
            let parents = if index == last { last.saturating_sub(1) } else { index };
            let parents = if parents == 0 { json!([]) } else { json!([format!("ada:{parents}")]) };
            let seq = if index == last { 1 } else { index + 1 };
            let more = json!({"document_id": name, "crdt_type": crdt_type, "agent_id": agent, "seq": seq, "parents": parents});
            operation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            apply(operation.clone());
        }
        names.push(name);
    }
    names
}

fn pages(document: &str, route: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&format!("/crdt/{document}/{route}?limit=2{cursor}"));
        assert_eq!(page.status, 200, "{}", page.json);
        let next = page.json["next_cursor"].as_str().map(|next| format!("&cursor={next}"));
        pages.push(page.json);
        match next {
            Some(next) => cursor = next,
            None => return pages,
        }
    }
}

#[test]
fn what_is_handed_out_is_taken_as_it_is() {
    for route in ["diff", "history"] {
        let here = fresh_database();
        let names = write_all();
        let handed: BTreeMap<&String, Vec<Value>> =
            names.iter().map(|name| (name, pages(name, route))).collect();
        let facts = |name: &String| {
            let document = get(&format!("/crdt/{name}")).json;
            ["value", "digest", "heads", "vector_clock", "details"].map(|member| document[member].clone())
        };
        let expected: Vec<_> = names.iter().map(facts).collect();
        drop(here);
        let _there = fresh_database();
        for (name, pages) in &handed {
            for page in pages {
                let count = page["items"].as_array().unwrap().len();
                let stored = apply(page.clone());
                assert_eq!((&stored["applied"], &stored["duplicates"]), (&json!(count), &json!(0)), "{name}");
                let again = apply(page.clone());
                assert_eq!((&again["applied"], &again["duplicates"]), (&json!(0), &json!(count)), "{name}");
            }
        }
        assert_eq!(names.iter().map(facts).collect::<Vec<_>>(), expected);
        // A replica that lacks nothing gets an empty page, and may post that too.
        let clock = get("/crdt/or-set").json["vector_clock"].to_string();
        let nothing = get(&format!("/crdt/or-set/diff?since={}", clock.replace('"', "%22"))).json;
        assert_eq!(nothing["items"], json!([]));
        assert_eq!(apply(nothing)["applied"], 0);
    }
}

/// The digest names the parents, so a delta cannot be stored with fewer of them.
#[test]
fn parents_that_others_have_seen_are_not_dropped_in_silence() {
    let _db = fresh_database();
    write_all();
    let before = get("/crdt/or-set").json;
    let dot = |text: &str| text.parse::<Dot>().unwrap();
    let op = Op::Add { element: "kiwi".into() };
    let delta = Delta { dot: dot("eve:1"), parents: vec![dot("ada:1"), dot("ada:2")], op };
    let digest = delta.digest();
    let record = DeltaRecord { digest: Some(digest), ..DeltaRecord::of(delta.clone()) };
    let reply = post("/crdt/apply", json!({"document_id": "or-set", "items": [record]}));
    refused(&reply, 422, "invalid-delta");
    assert_eq!(reply.json["index"], 0);
    assert!(reply.json["detail"].as_str().unwrap().ends_with("the newest are ada:2"), "{}", reply.json);
    let bytes = encode_deltas(CrdtType::OrSet, std::slice::from_ref(&delta));
    let headers = [("content-type", "application/vnd.ramanujan.delta")];
    let path = "/crdt/apply?document=or-set";
    refused(&send_with(&crdt_service::service(), Method::POST, path, &headers, bytes), 422, "invalid-delta");
    assert_eq!(get("/crdt/or-set").json, before);
    // An operation is what its agent asks for, and gets the newest of the parents that it names.
    let asked = json!({"operation": "add", "document_id": "or-set", "agent_id": "eve", "seq": 1,
        "parents": ["ada:1", "ada:2"], "value": "kiwi"});
    assert_eq!(apply(asked)["parents"], json!(["ada:2"]));
    let record = DeltaRecord::of(delta);
    refused(&post("/crdt/apply", json!({"document_id": "or-set", "items": [record]})), 422, "invalid-delta");
}

#[test]
fn a_page_that_was_changed_is_refused_whole() {
    let here = fresh_database();
    write_all();
    let page = get("/crdt/or-set/history").json;
    drop(here);
    let _there = fresh_database();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut page = page.clone();
        change(&mut page);
        post("/crdt/apply", page)
    };
    let bad = changed(&|page| page["items"][1]["value"] = json!("other"));
    refused(&bad, 422, "invalid-delta");
    assert_eq!(bad.json["index"], 1);
    refused(&changed(&|page| page["items"][1]["digest"] = json!("0".repeat(64))), 422, "invalid-delta");
    refused(&changed(&|page| page["items"][0]["seq"] = json!(0)), 422, "invalid-delta");
    refused(&changed(&|page| page["items"][0]["color"] = json!("RED")), 422, "invalid-json");
    refused(&changed(&|page| page["more"] = json!(1)), 422, "invalid-json");
    refused(&changed(&|page| page["items"] = json!({})), 422, "invalid-json");
    refused(&changed(&|page| drop(page["items"].as_array_mut().unwrap().remove(0))), 422, "unknown-parent");
    let unsorted = changed(&|page| {
        page["items"][2]["parents"] = json!(["ada:1", "ada:1"]);
        page["items"][2].as_object_mut().unwrap().remove("digest");
    });
    refused(&unsorted, 422, "invalid-delta");
    assert_eq!(get("/crdt/or-set").status, 404);
    let unnamed = changed(&|page| page["items"] = json!(null));
    refused(&unnamed, 422, "invalid-json");
    assert!(unnamed.json["detail"].as_str().unwrap().contains("sequence"), "{}", unnamed.json);
    // An edit is of a JSON document, and as deep as one that could be restored.
    let edit = |crdt_type: &str, steps: usize| {
        let edit = json!({"path": vec!["k"; steps], "action": "set", "value": 1});
        let item = json!({"agent_id": "a", "seq": 1, "parents": [], "operation": "set", "crdt_type": crdt_type, "edit": edit});
        post("/crdt/apply", json!({"document_id": "deep", "items": [item]}))
    };
    refused(&edit("lww-register", 1), 422, "invalid-delta");
    refused(&edit("json", 64), 422, "invalid-operation");
    assert_eq!(get("/crdt/deep").status, 404);
    assert_eq!(edit("json", 63).status, 200);
    // Nothing is said to be stored in a document that is deleted.
    send_with(&crdt_service::service(), Method::DELETE, "/crdt/deep", &[], "");
    refused(&post("/crdt/apply", json!({"document_id": "deep", "items": []})), 410, "document-deleted");
    // A place in a JSON document may have that name.
    apply(json!({"operation": "set", "document_id": "j", "path": [], "value": {"items": []}}));
    assert_eq!(get("/crdt/j").json["value"], json!({"items": []}));
}
