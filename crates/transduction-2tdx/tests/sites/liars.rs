//! Peers that lie, and disks that were changed: found, kept out, told of, mended.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use http::Method;
use ramanujan_core::Digest;
use ramanujan_shell::native::send_with;
use ramanujan_shell::native::site::{Site, listen};
use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::evidence::Evidence;
use ramanujan_sync::fold::{Print, Span};
use ramanujan_sync::message::Compared;
use ramanujan_sync::pack::Blob;
use ramanujan_sync::{Frame, Message};
use serde_json::{Value, json};

use crate::network::{Node, settle};

/// Lets a node answer through somebody who changes what it says.
fn answer_through(node: &Node, change: impl Fn(&mut Message) + 'static) {
    let site = node.site.clone();
    listen(&node.authority(), move |request| {
        let reply = site.within(|| {
            let content = [("content-type", "application/vnd.ramanujan.sync")];
            let path = request.uri().path().to_owned();
            send_with(&transduction_2tdx::service(), Method::POST, &path, &content, request.into_body())
        });
        let mut frame = decode(&reply.body).expect("a frame");
        change(&mut frame.message);
        Ok(http::Response::builder().status(reply.status).body(encode(&frame)).unwrap())
    });
}

/// Says of every delta of the document `lied` that it has another hash than it has.
fn lie(message: &mut Message) {
    let other = |Digest(bytes): &mut Digest| bytes[0] ^= 1;
    match message {
        Message::Changes { changes, .. } | Message::States { changes, .. } => {
            let lied = changes.iter_mut().filter(|change| change.document.as_str() == "lied");
            lied.flat_map(|change| &mut change.heads).for_each(|(_, hash)| other(hash));
        }
        Message::Deltas { packs } => {
            let lied = packs.iter_mut().filter(|pack| pack.document.as_str() == "lied");
            lied.flat_map(|pack| &mut pack.claims).for_each(|(_, hash)| other(hash));
        }
        _ => {}
    }
}

fn sites_told(node: &Node) -> Vec<Value> {
    let log = node.get("/sync/log?limit=1000");
    let entries = log["entries"].as_array().unwrap().clone();
    entries.into_iter().filter(|entry| entry["kind"] == "evidence").collect()
}

#[test]
fn a_hash_that_follows_from_nothing_is_not_believed() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    porto.insert("lied", "bob", 0, "x");
    porto.insert("true", "bob", 0, "y");
    answer_through(&porto, lie);
    for _ in 0..4 {
        vienna.sync_with("porto");
    }
    assert_eq!(vienna.digest("lied"), None, "nothing of it is stored");
    assert_eq!(vienna.digest("true"), porto.digest("true"), "others go on");
    let status = vienna.get("/sync/status");
    let barred = &status["peers"][0]["quarantines"];
    assert_eq!(
        (&barred[0]["document_id"], &barred[0]["agent_id"]),
        (&json!("lied"), &json!("bob")),
        "{status}"
    );
    assert_eq!((barred.as_array().unwrap().len(), &barred[0]["from"]), (1, &json!(1)));
    let kinds: BTreeSet<String> =
        vienna.events("lied").values().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["sync-evidence", "sync-quarantined"].map(str::to_owned).into());
    let told = sites_told(&vienna);
    assert_eq!(told.len(), 1, "found once: {told:?}");
    let digest = told[0]["detail"]["evidence"].as_str().unwrap();
    let object = vienna.get(&format!("/sync/object/{digest}"));
    assert_eq!((&object["kind"], &object["proves"]), (&json!("evidence"), &json!("bob:1")), "{object}");
    // Anybody can check it, from its JSON alone.
    let evidence: Evidence = serde_json::from_value(object["evidence"].clone()).unwrap();
    assert_eq!(evidence.check().unwrap().to_string(), "bob:1");
    assert_eq!(Digest::of(object["evidence"].to_string().as_bytes()).to_string().len(), digest.len());
    assert_eq!(
        Digest::of(serde_json::to_string(&evidence).unwrap().as_bytes()).to_string(),
        digest,
        "its address is that of its content"
    );
    // The peer was mended: what it says is believed once it is released.
    porto.come_back();
    vienna.sync_with("porto");
    assert_eq!(vienna.digest("lied"), None, "a quarantine lasts");
    let released = vienna.post("/sync/peers/porto/release", &json!({"document_id": "lied"}));
    assert_eq!(released["released"].as_array().unwrap().len(), 1, "{released}");
    settle(&[&vienna], 5);
    assert_eq!(vienna.digest("lied"), porto.digest("lied"));
    assert!(vienna.kinds().contains("released"));
    assert_eq!(vienna.get("/sync/status")["peers"][0]["quarantines"], json!([]));
}

/// Two sites took another first operation of ann's each; a third is told.
#[test]
fn two_contents_under_one_dot_are_proved_to_all() {
    let vienna = Node::new("vienna", &["porto", "lisbon"]);
    let porto = Node::new("porto", &["vienna"]);
    let lisbon = Node::new("lisbon", &["vienna;none"]);
    vienna.insert("notes", "ann", 0, "one");
    porto.insert("notes", "ann", 0, "another");
    porto.insert("notes", "bob", 0, "fine ");
    vienna.insert("other", "cid", 0, "fine");
    for _ in 0..5 {
        std::thread::sleep(std::time::Duration::from_millis(12));
        vienna.sync();
    }
    assert_eq!(porto.digest("other"), vienna.digest("other"));
    let found = sites_told(&vienna);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["detail"]["told_by"], &found[0]["detail"]["operation_id"]),
        (&Value::Null, &json!("ann:1"))
    );
    for node in [&porto, &lisbon] {
        let told = sites_told(node);
        assert!(told.iter().any(|one| one["detail"]["told_by"] == "vienna"), "{}: {told:?}", node.name);
        let digest = told[0]["detail"]["evidence"].as_str().unwrap();
        let object = node.get(&format!("/sync/object/{digest}"));
        assert_eq!(object["proves"], "ann:1");
    }
    let before = sites_told(&lisbon).len();
    vienna.sync_with("lisbon");
    assert_eq!(sites_told(&lisbon).len(), before, "told once");
    // Each keeps what it took.
    assert_ne!(vienna.digest("notes"), porto.digest("notes"));
}

#[test]
fn what_makes_no_sense_and_who_is_no_peer_is_refused() {
    let vienna = Node::new("vienna", &["porto"]);
    let frame = |from: &str| {
        json!({"from": from, "exchange": 1, "message": {"hello": {
            "oldest": 1, "newest": 1, "manifest": "", "interest": [],
        }}})
    };
    let welcome = vienna.post("/sync/exchange", &frame("porto"));
    assert_eq!((&welcome["from"], &welcome["exchange"]), (&json!("vienna"), &json!(1)));
    assert!(welcome["message"]["welcome"].is_object(), "{welcome}");
    let stranger = vienna.post("/2tdx/exchange", &frame("eve"));
    assert_eq!(stranger["message"]["refused"]["reason"], "not-a-peer");
    let long = "n".repeat(65);
    let mut beyond = frame("porto");
    beyond["message"]["hello"]["manifest"] = json!(long);
    let answer = json!({"from": "porto", "exchange": 1, "message": "stale"});
    for body in [beyond, answer] {
        let refused = vienna.ask(Method::POST, "/sync/exchange", &body);
        assert_eq!((refused.status, &refused.json["code"]), (400, &json!("invalid-frame")), "{body}");
    }
    let content = [("content-type", "application/vnd.ramanujan.sync")];
    let refused = vienna.site.within(|| {
        send_with(&transduction_2tdx::service(), Method::POST, "/sync/exchange", &content, b"\x09".to_vec())
    });
    assert_eq!(refused.json["code"], "invalid-frame");
    // A peer that answers nonsense has the round fail, and is tried again later.
    listen("porto.example:3000", |_| Ok(http::Response::new(b"<html>".to_vec())));
    let reply = vienna.sync();
    assert_eq!((&reply["degraded"], &reply["peers"][0]["state"]), (&json!(true), &json!("failed")));
    listen("porto.example:3000", |request| {
        let frame: Frame = decode(request.body()).unwrap();
        let other =
            Frame { from: "porto".parse().unwrap(), exchange: frame.exchange + 1, message: Message::Stale };
        Ok(http::Response::new(encode(&other)))
    });
    let refused = vienna.ask(Method::POST, "/sync", &json!({"target": "porto"}));
    assert_eq!((refused.status, &refused.json["code"]), (502, &json!("peer-refused")), "{}", refused.json);
}

#[test]
fn verification_finds_what_was_changed_on_a_disk() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let vienna = Node::with("vienna", &["porto;both;notes* only-*"], Site::in_file(file.path()));
    let porto = Node::new("porto", &["vienna"]);
    for at in 0..5 {
        vienna.insert(&format!("notes-{at}"), "ann", 0, "x");
        vienna.insert(&format!("notes-{at}"), "ann", 1, "y");
    }
    vienna.insert("diary", "ann", 0, "not exchanged");
    settle(&[&vienna], 4);
    porto.insert("only-porto", "bob", 0, "z");
    let clean = vienna.post("/sync/verify", &json!({"target": "local"}));
    assert_eq!((&clean["broken_here"], &clean["next_cursor"]), (&json!(0), &Value::Null), "{clean}");
    assert_eq!(clean["documents"].as_array().unwrap().len(), 6);
    let whole = |target: &str, limit: u64| {
        let (mut all, mut cursor) = (Vec::new(), Value::Null);
        for _ in 0..50 {
            let mut body = json!({"operation": "verify", "target": target, "limit": limit});
            if !cursor.is_null() {
                body["cursor"] = cursor;
            }
            let reply = vienna.post("/sync", &body);
            all.extend(reply["documents"].as_array().unwrap().clone());
            cursor = reply["next_cursor"].clone();
            if cursor.is_null() {
                return all;
            }
        }
        panic!("no end");
    };
    let disagree = |all: Vec<Value>| -> Vec<String> {
        let all = all.into_iter().filter(|one| one["agrees"] == false);
        all.map(|one| one["document_id"].as_str().unwrap().to_owned()).collect()
    };
    let all = whole("porto", 2);
    assert_eq!(all.len(), 6, "five here, one that only porto has");
    assert_eq!(disagree(all), ["only-porto"]);
    let database = rusqlite::Connection::open(file.path()).unwrap();
    let sql = "UPDATE crdt_deltas SET hash = zeroblob(32) WHERE document_id = 'notes-3' AND seq = 1";
    assert_eq!(database.execute(sql, []).unwrap(), 1);
    let local = vienna.post("/sync/verify", &json!({"documents": ["notes-3", "notes-1", "nothing"]}));
    let documents = local["documents"].as_array().unwrap();
    assert_eq!(documents.len(), 3);
    let finding = &documents[0]["ours"]["finding"];
    assert_eq!(
        (&documents[0]["agrees"], &finding["operation_id"]),
        (&json!(false), &json!("ann:1")),
        "{local}"
    );
    assert_eq!(finding["stored"], "0".repeat(64));
    assert!(finding["recomputed"].is_string());
    assert_eq!((&documents[1]["agrees"], &documents[2]["ours"]), (&json!(true), &Value::Null));
    assert_eq!(local["broken_here"], 1);
    // Which side it is: the other one's hashes follow.
    let both = vienna.post("/sync/verify", &json!({"target": "porto", "documents": ["notes-3"]}));
    assert_eq!((&both["broken_here"], &both["broken_there"]), (&json!(1), &json!(0)), "{both}");
    let seen = porto.post("/sync/verify", &json!({"target": "vienna", "documents": ["notes-3"]}));
    assert_eq!((&seen["broken_here"], &seen["broken_there"]), (&json!(0), &json!(1)), "{seen}");
    let object = vienna.get(&format!("/sync/object/{}", both["digest"].as_str().unwrap()));
    assert_eq!(
        (&object["kind"], &object["entry"]["detail"]["named"]),
        (&json!("entry"), &json!(["notes-3"]))
    );
    // A millisecond at a time it comes to the same end.
    vienna.set("MAX_LATENCY_MS", 0);
    assert_eq!(disagree(whole("porto", 100)), ["notes-3", "only-porto"]);
    // A peer that takes its time is not said to lack what it has not looked at.
    vienna.set("MAX_LATENCY_MS", 60_000);
    porto.set("MAX_LATENCY_MS", 0);
    assert_eq!(disagree(whole("porto", 100)), ["notes-3", "only-porto"]);
    porto.go_away();
    let away = vienna.ask(Method::POST, "/sync/verify", &json!({"target": "porto"}));
    assert_eq!((away.status, &away.json["code"]), (502, &json!("peer-unreachable")));
}

/// Whoever answers every comparison by "it differs" leads into a tree without end: the round is given up, others go on.
#[test]
fn who_answers_without_end_is_given_up_on() {
    let vienna = Node::new("vienna", &["porto", "lisbon"]);
    let lisbon = Node::new("lisbon", &["vienna;none"]);
    vienna.insert("notes", "ann", 0, "here");
    let asked: Rc<Cell<u32>> = Rc::default();
    let count = asked.clone();
    listen("porto.example:3000", move |request| {
        let Frame { exchange, message, .. } = decode(&request.into_body()).expect("a frame");
        count.set(count.get() + 1);
        let message = match message {
            Message::Hello { interest, .. } => {
                Message::Welcome { version: 1, manifest: "0.1.0".into(), interest }
            }
            Message::Compare { spans, .. } => {
                let answer = |span: Span| match span.places.parts().len() {
                    16 => Compared::Parts(vec![Print([7; 16]); 16]),
                    _ => Compared::Same,
                };
                Message::Differ { spans: spans.into_iter().map(answer).collect(), next: Blob(vec![1]) }
            }
            other => panic!("{other:?}"),
        };
        let frame = Frame { from: "porto".parse().unwrap(), exchange, message };
        Ok(http::Response::builder().status(200).body(encode(&frame)).unwrap())
    });
    vienna.set("SYNC_BACK_OFF_MS", 30_000);
    vienna.set("SYNC_LONGEST_BACK_OFF_MS", 60_000);
    let reply = vienna.sync();
    let porto = reply["peers"].as_array().unwrap().iter().find(|peer| peer["peer"] == "porto").unwrap();
    assert_eq!(porto["state"], "failed", "{reply}");
    assert!(porto["detail"].as_str().unwrap().contains("512 answers of porto moved nothing"), "{reply}");
    assert!(porto["next_ms"].as_u64().unwrap() >= 15_000, "it is left alone: {reply}");
    assert_eq!(asked.get(), 512);
    assert_eq!(lisbon.digest("notes"), vienna.digest("notes"));
}
