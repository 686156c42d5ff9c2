//! Deltas that are taken out: the document is what it would be if they had never been stored, nothing of them is lost, and
//! under their new dots they do what they did.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{apply, get, post, refused};
use proptest::prelude::*;
use proptest::sample::Index;
use ramanujan_shell::native::{fresh_database, set_variable};
use serde_json::{Value, json};

fn history(document: &str) -> Vec<Value> {
    let reply = get(&format!("/crdt/{document}/history?limit=1000"));
    reply.json["items"].as_array().cloned().unwrap_or_default()
}

fn dot(delta: &Value) -> String {
    format!("{}:{}", delta["agent_id"].as_str().unwrap(), delta["seq"])
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(|dot| dot.as_str().unwrap().to_owned()).collect()
}

fn withdraw(document: &str, delta: &Value, until: Value) -> Value {
    let named = json!([{"operation_id": dot(delta), "digest": delta["digest"]}]);
    let reply = post(&format!("/crdt/{document}/withdraw"), json!({"operations": named, "until": until}));
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

/// What the service says of a document, without places in the log and times.
fn said(document: &str) -> Value {
    let mut read = get(&format!("/crdt/{document}?clock=full")).json;
    let mut listed = get("/crdt").json["documents"].clone();
    for one in std::iter::once(&mut read).chain(listed.as_array_mut().unwrap()) {
        if let Some(members) = one.as_object_mut() {
            ["log_position", "updated"].iter().for_each(|name| {
                members.remove(*name);
            });
        }
    }
    let folds = json!({"folds": {"shared": {"ours": [], "theirs": []}, "places": [{"from": "0".repeat(16), "to": "f".repeat(16)}]}});
    let folds = post("/crdt/answers", folds).json["answer"]["folds"]["folds"].clone();
    assert!(folds.is_array());
    json!([read, listed, folds])
}

/// Whether the checker, which computes everything from the deltas, finds the document as it is told.
fn is_sound(document: &str) {
    let heads = get(&format!("/crdt/{document}")).json["heads"].clone();
    let deltas = history(document);
    let parents: BTreeSet<String> = deltas.iter().flat_map(|delta| texts(&delta["parents"])).collect();
    let newest: BTreeSet<String> = deltas.iter().map(dot).filter(|dot| !parents.contains(dot)).collect();
    assert_eq!(texts(&heads), newest);
}

fn operation(kind: usize, number: usize) -> Value {
    match kind {
        0 => json!({"operation": "insert", "position": 0, "value": format!("{number},")}),
        1 => json!({"operation": "increment", "value": number + 1}),
        2 => json!({"operation": "add", "value": number % 3}),
        _ => json!({"operation": "insert_item", "path": ["list"], "position": 0, "value": number}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_document_is_as_if_they_had_never_been(
        kind in 0usize..4,
        steps in prop::collection::vec((0usize..3, any::<bool>(), any::<Index>()), 1..14),
        root: Index,
        tail in 1u64..4,
    ) {
        let first = fresh_database();
        set_variable("SNAPSHOT_TAIL", tail.to_string());
        apply(json!({"operation": "increment", "document_id": "other", "agent_id": "x"}));
        for (number, (agent, all, on)) in steps.iter().enumerate() {
            let agent = format!("agent-{agent}");
            let mut new = operation(kind, number);
            let members = new.as_object_mut().unwrap();
            members.insert("document_id".into(), "d".into());
            members.insert("agent_id".into(), agent.clone().into());
            let deltas = history("d");
            if !all && !deltas.is_empty() && kind < 3 {
                // On its own last and one other: a branch.
                let own = deltas.iter().rev().find(|delta| delta["agent_id"] == agent.as_str());
                let parents: BTreeSet<String> =
                    own.into_iter().chain([&deltas[on.index(deltas.len())]]).map(dot).collect();
                members.insert("parents".into(), json!(parents));
            }
            apply(new);
            get("/crdt/d");
        }
        said("d");
        let all = history("d");
        let value = get("/crdt/d").json["value"].clone();
        let root = all[root.index(all.len())].clone();
        // What the other sites hold of its number is not here.
        let until = json!({root["agent_id"].as_str().unwrap(): root["seq"], "nobody": 9});
        let reply = withdraw("d", &root, until);
        prop_assert_eq!((&reply["open"], &reply["operation_ids"]), (&json!(true), &json!([])));
        let left = history("d");
        is_sound("d");
        let now = said("d");
        let taken: Vec<Value> = all.iter().filter(|delta| !left.contains(delta)).cloned().collect();
        let listed = get("/crdt/d/withdrawn").json["items"].clone();
        prop_assert_eq!(listed.as_array().unwrap().len(), taken.len());
        prop_assert!(taken.contains(&root) && left.len() + taken.len() == all.len());
        let mut late = operation(kind, 1);
        late.as_object_mut().unwrap().insert("document_id".into(), "d".into());
        refused(&post("/crdt/apply", late), 503, "not-ready");

        // Another site holds another content under that dot.
        let agent = root["agent_id"].as_str().unwrap();
        let mut other = operation(kind, 77);
        let members = other.as_object_mut().unwrap();
        members.extend([
            ("document_id".to_owned(), json!("d")),
            ("agent_id".to_owned(), json!(agent)),
            ("seq".to_owned(), root["seq"].clone()),
        ]);
        drop(first);

        let second = fresh_database();
        set_variable("SNAPSHOT_TAIL", tail.to_string());
        apply(json!({"operation": "increment", "document_id": "other", "agent_id": "x"}));
        if !left.is_empty() {
            let reply = post("/crdt/apply", json!({"document_id": "d", "items": left}));
            prop_assert_eq!(reply.status, 200, "{}", reply.json);
        }
        prop_assert_eq!(said("d"), now);
        drop(second);

        // Without anything to wait for they are back at once, and do what they did.
        let _third = fresh_database();
        set_variable("SNAPSHOT_TAIL", tail.to_string());
        let reply = post("/crdt/apply", json!({"document_id": "d", "items": all}));
        prop_assert_eq!(reply.status, 200, "{}", reply.json);
        let reply = withdraw("d", &root, json!({}));
        prop_assert_eq!(&reply["open"], &json!(false));
        let again: BTreeMap<String, String> = get("/crdt/d/withdrawn").json["items"].as_array().unwrap().iter()
            .map(|one| (one["operation_id"].as_str().unwrap().into(), one["again"].as_str().unwrap().into()))
            .collect();
        prop_assert_eq!(texts(&reply["operation_ids"]), again.values().cloned().collect());
        is_sound("d");
        let name = |dot: String| again.get(&dot).cloned().unwrap_or(dot);
        let shape = |deltas: &[Value], rename: bool| -> BTreeMap<String, BTreeSet<String>> {
            let name = |dot: String| if rename { name(dot) } else { dot };
            deltas.iter().map(|delta| {
                (name(dot(delta)), texts(&delta["parents"]).into_iter().map(name).collect())
            }).collect()
        };
        prop_assert_eq!(shape(&history("d"), false), shape(&all, true));
        let now = get("/crdt/d").json["value"].clone();
        match kind {
            0 => prop_assert_eq!(sorted(&now), sorted(&value)),
            3 => prop_assert_eq!(now["list"].as_array().unwrap().len(), value["list"].as_array().unwrap().len()),
            _ => prop_assert_eq!(now, value),
        }
        // The number is free, and taken by the other content.
        let stored = post("/crdt/apply", other);
        prop_assert_eq!(stored.status, 200, "{}", stored.json);
        // The same again takes nothing out: what is there has another content.
        let before = history("d");
        withdraw("d", &root, json!({}));
        prop_assert_eq!(history("d"), before);
    }
}

/// Branches may come in another order under other names.
fn sorted(text: &Value) -> Vec<String> {
    let mut parts: Vec<String> = text.as_str().unwrap().split(',').map(str::to_owned).collect();
    parts.sort();
    parts
}

#[test]
fn what_names_them_goes_with_them_and_is_named() {
    let _db = fresh_database();
    let write = |agent: &str| {
        apply(
            json!({"operation": "insert", "document_id": "d", "agent_id": agent, "position": 0, "value": "x"}),
        )
    };
    write("ann");
    let kept = post("/crdt/d/freeze", json!({})).json["snapshot_id"].clone();
    write("ann");
    let gone = post("/crdt/d/freeze", json!({})).json["snapshot_id"].clone();
    write("bob");
    let all = history("d");
    let reply = withdraw("d", &all[1], json!({"ann": 2}));
    assert_eq!(reply["open"], true);
    let list = get("/crdt/d/snapshots").json.to_string();
    assert!(list.contains(kept.as_str().unwrap()) && !list.contains(gone.as_str().unwrap()), "{list}");
    assert_eq!(common::sql(&format!("SELECT 1 FROM crdt_withdrawals WHERE freezes = '[{gone}]'")), 1);
    // Each is found by its content.
    for delta in &all[1..] {
        let path = format!("/crdt/d/withdrawn?digest={}", delta["digest"].as_str().unwrap());
        let found = get(&path).json["items"].clone();
        assert_eq!((&found[0]["operation_id"], &found[0]["open"]), (&json!(dot(delta)), &json!(true)));
        assert!(found[0]["canonical"].as_str().is_some_and(|digits| digits.len() > 20), "{found}");
    }
    let page = get("/crdt/d/withdrawn?limit=1").json;
    let rest = get(&format!("/crdt/d/withdrawn?cursor={}", page["next_cursor"].as_str().unwrap())).json;
    assert_eq!((&rest["items"][0]["operation_id"], &rest["next_cursor"]), (&json!("bob:1"), &Value::Null));
    // A second one waits for the first; nothing is named, so it is asked how it stands.
    let other = withdraw("d", &all[0], json!({}));
    assert_eq!((&other["open"], history("d").len()), (&json!(true), 1));
    // No number of ann's is given until the other one is here.
    let write =
        json!({"operation": "insert", "document_id": "d", "agent_id": "ann", "position": 0, "value": "y"});
    refused(&post("/crdt/apply", write), 503, "not-ready");
    let restore = json!({"at": 1, "restore": true, "agent_id": "eve"});
    assert_eq!(post("/crdt/d/recover", restore).status, 200, "there is nothing to bring back");
    refused(
        &post("/crdt/d/withdraw", json!({"operations": [{"operation_id": "ann:1"}]})),
        422,
        "invalid-json",
    );
    refused(&post("/crdt/d/withdraw", json!({"operation": []})), 422, "invalid-json");
}

/// A delta that does not fit any more is not a reason to refuse writes for ever.
#[test]
fn what_is_refused_stays_beside_the_history() {
    let _db = fresh_database();
    set_variable("MAX_DOCUMENT_AGENTS", 2);
    apply(json!({"operation": "increment", "document_id": "d", "agent_id": "ann"}));
    apply(json!({"operation": "increment", "document_id": "d", "agent_id": "ann"}));
    apply(json!({"operation": "increment", "document_id": "d", "agent_id": "bob"}));
    let all = history("d");
    let reply = withdraw("d", &all[1], json!({}));
    // ann, and one of the two that would come back.
    assert_eq!((&reply["open"], &reply["operation_ids"]), (&json!(false), &json!([])), "{reply}");
    let items = get("/crdt/d/withdrawn").json["items"].clone();
    assert_eq!(items[0]["refused"], "too-many-document-agents", "{items}");
    assert_eq!(get("/crdt/d").json["value"], 1);
    apply(json!({"operation": "increment", "document_id": "d", "agent_id": "ann"}));
}

/// An array of the members in their order is not what a client means.
#[test]
fn only_an_object_is_a_request_to_take_out() {
    let _database = fresh_database();
    for body in [json!([[]]), json!([]), json!([[], {}, false])] {
        assert_eq!(post("/crdt/d/withdraw", body).status, 422);
    }
}
