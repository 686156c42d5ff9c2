//! Pages of deltas that one site hands out and another takes.

mod common;

use std::collections::BTreeMap;

use common::{apply, get, post, refused};
use http::Method;
use ramanujan_core::Dot;
use ramanujan_crdt::batch::encode_deltas;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Op};
use ramanujan_shell::native::{fresh_database, send, send_with, set_variable};
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

/// Whole pages, arrays of items, single items and lines of them, with all that the reply says of each.
#[test]
fn what_a_difference_lists_is_posted_as_it_is_in_every_form() {
    let here = fresh_database();
    let names = write_all();
    let listed: BTreeMap<&String, Vec<Value>> = names
        .iter()
        .map(|name| {
            let items = get(&format!("/crdt/{name}/diff")).json["items"].as_array().unwrap().clone();
            (name, items)
        })
        .collect();
    let digest = |name: &String| get(&format!("/crdt/{name}")).json["digest"].clone();
    let expected: Vec<Value> = names.iter().map(digest).collect();
    drop(here);
    let lines = |path: &str, items: &[Value]| {
        let body = items.iter().map(|item| format!("{item}\n")).collect::<String>();
        let headers = [("content-type", "application/x-ndjson")];
        let reply = send_with(&crdt_service::service(), Method::POST, path, &headers, body);
        let text = String::from_utf8(reply.body).unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&last["status"], &last["applied"]), (&json!("ok"), &json!(items.len())), "{text}");
    };
    let of = |name: &str, item: &Value| {
        let mut item = item.clone();
        item["document_id"] = name.into();
        item
    };
    for form in 0..6 {
        let _there = fresh_database();
        for (name, items) in &listed {
            let path = format!("/crdt/apply?document={name}");
            let named: Vec<Value> = items.iter().map(|item| of(name, item)).collect();
            match form {
                0 => {
                    for item in items {
                        let reply = post(&path, item.clone());
                        assert_eq!(reply.status, 200, "{}", reply.json);
                    }
                }
                1 => assert_eq!(post(&path, json!(items)).json["applied"], items.len()),
                2 => lines(&path, items),
                3 => named.iter().for_each(|item| drop(apply(item.clone()))),
                4 => assert_eq!(apply(json!(named))["applied"], items.len()),
                _ => lines("/crdt/apply", &named),
            }
        }
        assert_eq!(names.iter().map(digest).collect::<Vec<_>>(), expected, "form {form}");
    }
}

/// What a reply says beside the deltas is not passed over: it is what follows from them, or nothing is stored.
#[test]
fn what_is_said_beside_a_delta_must_be_so() {
    let here = fresh_database();
    write_all();
    let page = get("/crdt/text/diff").json;
    let set = get("/crdt/or-set/diff").json;
    let first = get("/crdt/text/diff?limit=1").json;
    drop(here);
    let _there = fresh_database();
    let wrong = json!("0".repeat(64));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut page = page.clone();
        change(&mut page);
        post("/crdt/apply", page)
    };
    for (member, value) in [
        ("digest", wrong.clone()),
        ("vector_clock", json!({"ada": 9})),
        ("document_length", json!(7)),
        ("received_at", json!("yesterday")),
    ] {
        let bad = changed(&|page| page["items"][1][member] = value.clone());
        refused(&bad, 422, "invalid-delta");
        assert_eq!(bad.json["index"], 1, "{member}");
        let mut item = page["items"][0].clone();
        item[member] = value.clone();
        refused(&post("/crdt/apply?document=text", item.clone()), 422, "invalid-delta");
        item["document_id"] = "text".into();
        refused(&post("/crdt/apply", item), 422, "invalid-delta");
    }
    refused(&changed(&|page| page["digest"] = wrong.clone()), 422, "invalid-delta");
    refused(&changed(&|page| page["vector_clock"] = json!({"ada": 1})), 422, "invalid-delta");
    refused(&changed(&|page| page["heads"] = json!(["ada:1"])), 422, "invalid-delta");
    refused(&changed(&|page| page["heads"] = json!([])), 422, "invalid-delta");
    let doubled = |page: &mut Value| {
        let first = page["heads"][0].clone();
        page["heads"].as_array_mut().unwrap().push(first);
    };
    refused(&changed(&doubled), 422, "invalid-delta");
    refused(&changed(&|page| drop(page.as_object_mut().unwrap().remove("heads"))), 422, "invalid-delta");
    // A delta that was changed with its digest is another one, and its page no longer what it says.
    let forged = changed(&|page| {
        page["items"][2]["position"] = json!(1);
        page["items"][2].as_object_mut().unwrap().remove("digest");
    });
    refused(&forged, 422, "invalid-delta");
    let mut lengthy = set;
    lengthy["items"][0]["document_length"] = json!(0);
    refused(&post("/crdt/apply", lengthy), 422, "invalid-delta");
    assert_eq!((get("/crdt/text").status, get("/crdt/or-set").status), (404, 404));
    // Of a page that others follow the heads are not here yet.
    assert_eq!(apply(first)["applied"], 1);
    assert_eq!(apply(page.clone())["duplicates"], 1);
    let repeated = changed(&|page| page["items"][1]["document_length"] = json!(7));
    refused(&repeated, 422, "invalid-delta");
    // Another delta under a dot that is taken.
    let mut other = page["items"][0].clone();
    other["value"] = "other".into();
    for member in ["digest", "document_length"] {
        other.as_object_mut().unwrap().remove(member);
    }
    refused(&post("/crdt/apply?document=text", other), 409, "dot-conflict");
    let misnamed = post("/crdt/apply?document=d", page);
    refused(&misnamed, 422, "invalid-parameter");
}

/// In JSON a text can take six times its bytes, and beside the deltas a page has heads: all of it counts.
#[test]
fn a_page_is_no_larger_than_a_request_may_be() {
    for (route, parents) in [("diff", None), ("history", None), ("diff", Some(json!([])))] {
        let here = fresh_database();
        set_variable("MAX_BODY_BYTES", 16_000);
        let value = |n: usize| ["\u{1}", "\n", "\"", "ä", "x"][n % 5].repeat(1000);
        for n in 0..25 {
            let mut operation = json!({"operation": "insert", "document_id": "d", "value": value(n),
                "agent_id": format!("{}{n:02}", "a".repeat(120)), "position": 0});
            if let Some(parents) = &parents {
                operation["parents"] = parents.clone();
            }
            apply(operation);
        }
        let mut handed = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = get(&format!("/crdt/d/{route}{cursor}"));
            assert!(page.body.len() <= 16_000, "{}", page.body.len());
            let next = page.json["next_cursor"].as_str().map(|next| format!("?cursor={next}"));
            handed.push(page.body);
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        assert!((3..25).contains(&handed.len()), "{}", handed.len());
        let facts = || ["value", "digest"].map(|member| get("/crdt/d").json[member].clone());
        let expected = facts();
        drop(here);
        let _there = fresh_database();
        set_variable("MAX_BODY_BYTES", 16_000);
        for page in &handed {
            let reply = send(&crdt_service::service(), Method::POST, "/crdt/apply", page.clone());
            assert_eq!(reply.status, 200, "{}", reply.json);
        }
        assert_eq!(facts(), expected, "{route}");
    }
}

/// What fits into a request as an operation may not fit as a delta, with all its parents: nobody else could be given it.
#[test]
fn what_could_not_be_handed_on_is_refused() {
    let _db = fresh_database();
    set_variable("MAX_BODY_BYTES", 60_000);
    let insert = |agent: &str, bytes: usize, parents: Option<Value>| {
        let mut operation = json!({"operation": "insert", "document_id": "d", "agent_id": agent, "position": 0,
            "value": "\n".repeat(bytes / 2)});
        if let Some(parents) = parents {
            operation["parents"] = parents;
        }
        post("/crdt/apply", operation)
    };
    for n in 0..80 {
        assert_eq!(insert(&format!("{}{n:02}", "a".repeat(120)), 2, Some(json!([]))).status, 200);
    }
    refused(&insert("z", 55_000, None), 413, "body-too-large");
    assert_eq!(get("/crdt/d").json["operations"], 80);
    assert_eq!(insert("z", 45_000, None).status, 200);
    let page = get("/crdt/d/diff?limit=1000&since=80");
    let item = page.json["items"][0].clone();
    assert!(item.to_string().len() > 55_000);
    let reply = post("/crdt/apply?document=d", item);
    assert_eq!((reply.status, &reply.json["duplicate"]), (200, &json!(true)), "{}", reply.json);
    // What takes away is taken with all its parents.
    let all: Vec<Value> = (0..80).map(|n| json!(format!("{}{n:02}:1", "a".repeat(120)))).collect();
    let delete = json!({"operation": "delete", "document_id": "d", "agent_id": "y", "seq": 1, "parents": all,
        "position": 0, "length": 3});
    assert_eq!(post("/crdt/apply", delete).status, 200);
}
