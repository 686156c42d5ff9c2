//! Sites of other versions, and what sites know of each other.

use std::cell::Cell;
use std::rc::Rc;

use http::Method;
use ramanujan_shell::native::send_with;
use ramanujan_shell::native::site::listen;
use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::interest::Interest;
use ramanujan_sync::limits::VERSION;
use ramanujan_sync::{Frame, Message};
use serde_json::{Value, json};

use crate::network::{Node, settle};

/// A frame of a later version: of what follows the first byte nobody knows anything.
const LATER: [u8; 4] = [VERSION + 1, 0x80, 0x80, 0x40];

#[test]
fn who_asks_in_a_later_version_is_told_which_are_read() {
    let vienna = Node::new("vienna", &["porto;none"]);
    let media_type = [("content-type", "application/vnd.ramanujan.sync")];
    let service = transduction_2tdx::service();
    let ask = || send_with(&service, Method::POST, "/sync/exchange", &media_type, LATER.to_vec());
    let refused = vienna.site.within(ask);
    assert_eq!((refused.status, &refused.json["code"]), (400, &json!("invalid-frame")), "{}", refused.json);
    assert_eq!((&refused.json["oldest"], &refused.json["newest"]), (&json!(1), &json!(VERSION)));
    // One that knows both versions says so in the oldest, and that is what is gone on with.
    let hello = |oldest, newest| Frame {
        from: "porto".parse().unwrap(),
        exchange: 7,
        message: Message::Hello { oldest, newest, manifest: "9.9.9".into(), interest: Interest::all() },
    };
    let say = |frame: Frame| {
        let bytes = encode(&frame);
        let ask = || send_with(&service, Method::POST, "/sync/exchange", &media_type, bytes);
        decode(&vienna.site.within(ask).body).expect("a frame").message
    };
    let Message::Welcome { version: 1, .. } = say(hello(1, 9)) else { panic!("no welcome") };
    assert_eq!(vienna.get("/sync/status")["peers"][0]["manifest"], "9.9.9");
    let refused = say(hello(2, 9));
    assert!(matches!(refused, Message::Refused { .. }), "{refused:?}");
}

#[test]
fn a_peer_of_other_versions_is_left_alone_and_others_go_on() {
    let problem = json!({"code": "invalid-frame", "detail": "of version 1; this site speaks 2 to 3", "oldest": 2, "newest": 3});
    let refusals: [(u16, Vec<u8>); 2] = [(200, LATER.to_vec()), (400, problem.to_string().into_bytes())];
    for (status, body) in refusals {
        let vienna = Node::new("vienna", &["porto", "lisbon"]);
        let lisbon = Node::new("lisbon", &["vienna;none"]);
        let asked: Rc<Cell<u32>> = Rc::default();
        let count = asked.clone();
        listen("porto.example:3000", move |_| {
            count.set(count.get() + 1);
            Ok(http::Response::builder().status(status).body(body.clone()).unwrap())
        });
        vienna.set("SYNC_BACK_OFF_MS", 30_000);
        vienna.set("SYNC_LONGEST_BACK_OFF_MS", 60_000);
        vienna.insert("notes", "ann", 0, "here");
        settle(&[&vienna], 4);
        let status = vienna.get("/sync/status");
        let peers = status["peers"].as_array().unwrap();
        let porto = peers.iter().find(|peer| peer["name"] == "porto").unwrap();
        assert_eq!((&porto["trouble"], &porto["failures"]), (&json!("refused-version"), &json!(1)));
        let detail = porto["detail"].as_str().unwrap();
        assert!(detail.contains("version") && detail.contains('2'), "{detail}");
        assert!(porto["next_ms"].as_u64().unwrap() > 10_000, "{porto}");
        assert_eq!(asked.get(), 1, "it is not asked again");
        assert_eq!(lisbon.digest("notes"), vienna.digest("notes"));
        let named = vienna.ask(Method::POST, "/sync", &json!({"target": "porto"}));
        assert_eq!((named.status, &named.json["code"]), (502, &json!("peer-refused")));
        assert_eq!(named.json["trouble"], "refused-version");
    }
}

/// A problem about something else that has such members is no refusal of the version.
#[test]
fn a_refusal_of_something_else_is_not_one_of_the_version() {
    let vienna = Node::new("vienna", &["porto"]);
    listen("porto.example:3000", |_| {
        let problem = json!({"code": "invalid-frame", "detail": "too long", "oldest": 1, "newest": 7});
        Ok(http::Response::builder().status(400).body(problem.to_string().into_bytes()).unwrap())
    });
    vienna.sync();
    assert_ne!(vienna.get("/sync/status")["peers"][0]["trouble"], "refused-version");
}

#[test]
fn sites_see_the_versions_of_each_others_manifests() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    porto.set("MANIFEST_VERSION", "7.1.0");
    settle(&[&vienna], 4);
    let seen = |node: &Node| {
        let status = node.get("/sync/status");
        (status["manifest"].clone(), status["peers"][0]["manifest"].clone())
    };
    let ours = json!(env!("CARGO_PKG_VERSION"));
    assert_eq!(seen(&vienna), (ours.clone(), json!("7.1.0")));
    assert_eq!(seen(&porto), (json!("7.1.0"), ours), "also who is only asked");
    porto.set("MANIFEST_VERSION", "7".repeat(65));
    let refused = porto.ask(Method::GET, "/sync/status", &Value::Null);
    assert_eq!((refused.status, &refused.json["code"]), (500, &json!("invalid-setting")));
}

/// What only one side is interested in is no difference, whoever looks; unless it is asked for by name.
#[test]
fn verify_compares_what_both_are_interested_in() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none;notes-*"]);
    vienna.insert("notes-1", "ann", 0, "x");
    vienna.insert("diary", "ann", 0, "x");
    porto.insert("notes-2", "bob", 0, "y");
    porto.insert("accounts", "bob", 0, "y");
    settle(&[&vienna], 4);
    let compared = |node: &Node, peer: &str| {
        let (mut documents, mut differing, mut cursor) = (Vec::new(), 0, Value::Null);
        loop {
            let mut body = json!({"target": peer});
            if cursor.is_string() {
                body["cursor"] = cursor;
            }
            let reply = node.post("/sync/verify", &body);
            differing += reply["differing"].as_u64().unwrap();
            let found = reply["documents"].as_array().unwrap().iter();
            documents.extend(found.map(|one| one["document_id"].as_str().unwrap().to_owned()));
            cursor = reply["next_cursor"].clone();
            if cursor.is_null() {
                documents.sort();
                return (documents, differing);
            }
        }
    };
    let both = vec!["notes-1".to_owned(), "notes-2".to_owned()];
    assert_eq!(compared(&vienna, "porto"), (both.clone(), 0));
    assert_eq!(compared(&porto, "vienna"), (both, 0));
    let named = vienna.post("/sync/verify", &json!({"target": "porto", "documents": ["diary"]}));
    assert_eq!((&named["differing"], &named["documents"][0]["theirs"]), (&json!(1), &Value::Null));
    // The lag counts the same.
    vienna.insert("diary", "ann", 1, "z");
    assert_eq!(vienna.get("/sync/status")["peers"][0]["lag"]["documents"], 0);
    vienna.insert("notes-1", "ann", 1, "z");
    assert_eq!(vienna.get("/sync/status")["peers"][0]["lag"]["documents"], 1);
}
