//! Sites that were restored from a backup, or run twice: what they gave out again is found, and mended so that nothing of
//! either history is lost.

use std::collections::BTreeSet;
use std::path::Path;

use http::Method;
use ramanujan_shell::native::site::Site;
use serde_json::{Value, json};

use crate::network::{Node, settle};

const PEERS: &[&str] = &["porto", "lisbon"];

/// A copy of a database that is in use.
fn back_up(from: &Path, to: &Path) {
    let database = rusqlite::Connection::open(from).unwrap();
    database.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
}

fn shown(node: &Node, document: &str) -> Value {
    node.crdt(Method::GET, &format!("/crdt/{document}"), &Value::Null).json["value"].clone()
}

fn barred(node: &Node, peer: &str) -> usize {
    let status = node.get("/sync/status");
    let peers = status["peers"].as_array().unwrap();
    let of = |one: &&Value| one["name"] == peer;
    peers.iter().find(of).unwrap()["quarantines"].as_array().unwrap().len()
}

fn rounds(nodes: &[&Node], count: usize) {
    for _ in 0..count {
        std::thread::sleep(std::time::Duration::from_millis(12));
        nodes.iter().for_each(|node| {
            node.sync();
        });
    }
}

/// Rolls back to a peer until nothing is open.
fn mend(node: &Node, peer: &str) -> Vec<Value> {
    let mut documents = Vec::new();
    for _ in 0..20 {
        let reply = node.post("/sync", &json!({"operation": "rollback", "target": peer}));
        documents.extend(reply["documents"].as_array().unwrap().clone());
        if reply["degraded"] == false && reply["next_cursor"].is_null() {
            return documents;
        }
    }
    panic!("not mended: {documents:?}");
}

fn dots(node: &Node, document: &str) -> BTreeSet<String> {
    let history = node.crdt(Method::GET, &format!("/crdt/{document}/history?limit=1000"), &Value::Null).json;
    let dot = |delta: &Value| format!("{}:{}", delta["agent_id"].as_str().unwrap(), delta["seq"]);
    history["items"].as_array().unwrap().iter().map(dot).collect()
}

#[test]
fn a_restored_site_gives_back_what_it_gave_out_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (live, backup) = (folder.path().join("live"), folder.path().join("backup"));
    let vienna = Node::with("vienna", PEERS, Site::in_file(&live));
    let porto = Node::new("porto", &["vienna", "lisbon"]);
    let lisbon = Node::new("lisbon", &["porto", "vienna;none"]);
    vienna.insert("notes", "ann", 0, "one ");
    vienna.increment("count", "ann", 1);
    porto.insert("elsewhere", "pia", 0, "p");
    settle(&[&vienna, &porto, &lisbon], 6);
    back_up(&live, &backup);
    // Acknowledged, and known to others.
    vienna.insert("notes", "ann", 4, "two ");
    vienna.insert("notes", "ann", 8, "three ");
    vienna.increment("count", "ann", 10);
    settle(&[&vienna, &porto, &lisbon], 6);
    let before = dots(&porto, "notes");
    drop(vienna);

    // It goes on writing before it has heard of anybody: numbers that are taken, and what comes after them.
    let vienna = Node::with("vienna", PEERS, Site::in_file(&backup));
    vienna.insert("notes", "ann", 4, "zwei ");
    vienna.insert("notes", "bob", 9, "drei ");
    vienna.insert("fresh", "ann", 0, "new");
    let old = vienna.crdt(Method::POST, "/crdt/notes/freeze", &json!({})).json["snapshot_id"].clone();
    porto.insert("elsewhere", "pia", 1, "q");
    let truth = porto.digest("notes");
    rounds(&[&vienna, &porto, &lisbon], 4);
    // Nothing of it is stored anywhere else, and all else goes on.
    assert_eq!((porto.digest("notes"), lisbon.digest("notes")), (truth.clone(), truth));
    assert_eq!(dots(&lisbon, "notes"), before);
    for node in [&porto, &lisbon] {
        assert_eq!((shown(node, "fresh"), shown(&vienna, "elsewhere")), (json!("new"), json!("pq")));
        // The number of `count` was not given again, so it is mended by itself.
        assert_eq!(shown(&vienna, "count"), 11);
    }
    assert!(barred(&porto, "vienna") == 1 && barred(&vienna, "porto") == 1);
    assert!(lisbon.kinds().contains("evidence"));

    let mended = mend(&vienna, "porto");
    let notes = mended.iter().find(|one| one["withdrawn"] == 2).unwrap_or_else(|| panic!("{mended:?}"));
    let back: BTreeSet<String> = notes["operation_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dot| dot.as_str().unwrap().to_owned())
        .collect();
    assert!(back.len() == 2 && back.iter().all(|dot| dot.contains('.') && dot.ends_with(":1")), "{back:?}");
    assert_eq!(barred(&vienna, "porto"), 0, "its own are released with that");
    let released = porto.post("/sync/peers/vienna/release", &json!({"document_id": "notes"}));
    assert_eq!(released["released"].as_array().unwrap().len(), 1);
    settle(&[&vienna, &porto, &lisbon], 8);
    // Both histories fit together: all that was acknowledged by anybody is everywhere, once.
    for node in [&porto, &lisbon] {
        assert_eq!(node.digest("notes"), vienna.digest("notes"));
        assert_eq!(dots(node, "notes"), before.union(&back).cloned().collect());
        let text = shown(node, "notes");
        let text = text.as_str().unwrap();
        assert!(
            ["one ", "two ", "three ", "zwei ", "drei "].iter().all(|part| text.contains(part)),
            "{text}"
        );
        assert_eq!(text.len(), 4 + 4 + 6 + 5 + 5);
    }
    let verified = vienna.post("/sync/verify", &json!({"target": "porto"}));
    assert_eq!((&verified["differing"], &verified["broken_here"]), (&json!(0), &json!(0)), "{verified}");
    // What was taken out is kept: by its content, on the timeline, and as evidence.
    let withdrawn = vienna.crdt(Method::GET, "/crdt/notes/withdrawn", &Value::Null).json["items"].clone();
    assert_eq!(withdrawn.as_array().unwrap().len(), 2);
    for one in withdrawn.as_array().unwrap() {
        let path = format!("/sync/object/{}?document=notes", one["digest"].as_str().unwrap());
        let object = vienna.get(&path);
        assert_eq!(
            (&object["kind"], &object["operation_id"], &object["again"]),
            (&json!("withdrawn"), &one["operation_id"], &one["again"])
        );
    }
    let told = vienna.events("notes");
    let of = |kind: &str| told.values().filter(|event| event["type"] == kind).count();
    assert_eq!((of("sync-withdrawn"), of("sync-released") > 0), (1, true));
    let common: BTreeSet<String> = porto.operations("notes").into_keys().collect();
    let own: BTreeSet<String> = vienna.operations("notes").into_keys().collect();
    assert!(common.is_subset(&own) && own.len() == common.len() + 2, "and the events of what was taken out");
    let freezes = vienna.crdt(Method::GET, "/crdt/notes/snapshots", &Value::Null).json.to_string();
    assert!(!freezes.contains(old.as_str().unwrap()), "{freezes}");
    // The agents write again, and nobody minds.
    vienna.insert("notes", "ann", 0, "after ");
    vienna.insert("notes", "bob", 0, "all ");
    settle(&[&vienna, &porto, &lisbon], 6);
    assert_eq!(lisbon.digest("notes"), vienna.digest("notes"));
    assert_eq!((barred(&porto, "vienna"), barred(&vienna, "porto")), (0, 0));
    // A round that had begun before found it once more, as it may: what both hold now is the same.
    let late = "INSERT INTO transduction_quarantines VALUES ('porto', 'notes', 'ann', 2, 0)";
    rusqlite::Connection::open(&backup).unwrap().execute(late, []).unwrap();
    assert_eq!(barred(&vienna, "porto"), 1);
    mend(&vienna, "porto");
    assert_eq!(barred(&vienna, "porto"), 0);
    // The same again finds nothing.
    let again = mend(&vienna, "porto");
    assert!(again.iter().all(|one| one["withdrawn"] == 0 && one["operation_ids"] == json!([])), "{again:?}");
    let refused = vienna.ask(Method::POST, "/sync/rollback", &json!({"target": "porto", "at": 1}));
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("invalid-sync")));
}

/// What the runbook says to do first: then there is nothing to mend.
#[test]
fn a_site_that_hears_its_peers_before_its_clients_gives_out_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (live, backup) = (folder.path().join("live"), folder.path().join("backup"));
    let vienna = Node::with("vienna", PEERS, Site::in_file(&live));
    let porto = Node::new("porto", &["vienna;none", "lisbon"]);
    let lisbon = Node::new("lisbon", &["porto;none", "vienna"]);
    vienna.insert("notes", "ann", 0, "one ");
    settle(&[&vienna, &porto, &lisbon], 6);
    back_up(&live, &backup);
    // porto has all of one document, lisbon of another.
    vienna.insert("notes", "ann", 0, "two ");
    vienna.sync_with("porto");
    vienna.increment("count", "ann", 1);
    vienna.sync_with("lisbon");
    let vienna = Node::with("vienna", PEERS, Site::in_file(&backup));
    for peer in PEERS {
        assert_eq!(vienna.post("/sync/pull", &json!({"target": peer}))["degraded"], false);
    }
    vienna.insert("notes", "ann", 0, "three ");
    vienna.increment("count", "ann", 10);
    settle(&[&vienna, &porto, &lisbon], 8);
    for node in [&vienna, &porto, &lisbon] {
        assert_eq!((shown(node, "notes"), shown(node, "count")), (json!("three two one "), json!(11)));
        assert_eq!(node.get("/sync/status")["evidence"], 0, "{}", node.name);
    }
}

/// The peer goes away in the middle: nobody may write until it is there again, and nothing is lost.
#[test]
fn a_document_that_is_half_mended_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (live, backup) = (folder.path().join("live"), folder.path().join("backup"));
    let vienna = Node::with("vienna", &["porto"], Site::in_file(&live));
    let porto = Node::new("porto", &["vienna;none"]);
    vienna.increment("count", "ann", 1);
    back_up(&live, &backup);
    vienna.increment("count", "ann", 10);
    settle(&[&vienna], 4);
    let vienna = Node::with("vienna", &["porto"], Site::in_file(&backup));
    vienna.increment("count", "ann", 100);
    rounds(&[&vienna], 3);
    // It answers what is asked about the document, and nothing more.
    let site = porto.site.clone();
    ramanujan_shell::native::site::listen(&porto.authority(), move |request| {
        let frame = ramanujan_sync::codec::decode(request.body()).expect("a frame");
        if !matches!(
            frame.message,
            ramanujan_sync::Message::Ask { .. } | ramanujan_sync::Message::Want { .. }
        ) {
            return Ok(http::Response::builder().status(503).body(Vec::new()).unwrap());
        }
        let path = request.uri().path().to_owned();
        let content = [("content-type", "application/vnd.ramanujan.sync")];
        let reply = site.within(|| {
            let body = request.into_body();
            let service = transduction_2tdx::service();
            ramanujan_shell::native::send_with(&service, Method::POST, &path, &content, body)
        });
        Ok(http::Response::builder().status(reply.status).body(reply.body).unwrap())
    });
    let body = json!({"operation": "rollback", "target": "porto"});
    let cut = vienna.ask(Method::POST, "/sync", &body);
    assert_eq!((cut.status, &cut.json["code"]), (502, &json!("peer-unreachable")), "{}", cut.json);
    assert_eq!(shown(&vienna, "count"), 1, "the second 2 is out, and the first one not here");
    let write = json!({"operation": "increment", "document_id": "count", "agent_id": "ann", "value": 1000});
    let refused = vienna.crdt(Method::POST, "/crdt/apply", &write);
    assert_eq!((refused.status, &refused.json["code"]), (503, &json!("not-ready")));
    porto.come_back();
    mend(&vienna, "porto");
    settle(&[&vienna], 6);
    assert_eq!((shown(&vienna, "count"), shown(&porto, "count")), (json!(111), json!(111)));
    vienna.increment("count", "ann", 1000);
    settle(&[&vienna], 6);
    assert_eq!((vienna.digest("count"), shown(&porto, "count")), (porto.digest("count"), json!(1111)));
    assert_eq!(vienna.operations("count").len(), porto.operations("count").len() + 1);
}

/// Two of the same name write at once, and a third site takes from one what the other has not given it yet. The second one
/// goes on under a name of its own.
#[test]
fn a_site_that_runs_twice_becomes_two() {
    let folder = tempfile::tempdir().unwrap();
    let (live, copy) = (folder.path().join("live"), folder.path().join("copy"));
    let vienna = Node::with("vienna", PEERS, Site::in_file(&live));
    let porto = Node::new("porto", &["vienna;none", "lisbon", "twin;none"]);
    let lisbon = Node::new("lisbon", &["vienna;none", "porto;none", "twin;none"]);
    vienna.insert("notes", "ann", 0, "start ");
    settle(&[&vienna, &porto], 6);
    back_up(&live, &copy);
    let site = Site::in_file(&copy);
    let twin = Node::with("vienna", &["porto"], site.clone());
    vienna.come_back();
    // Each takes another second operation of ann's; porto hears of the twin's first, lisbon of the other.
    twin.insert("notes", "ann", 6, "twin ");
    vienna.insert("notes", "ann", 6, "vienna ");
    twin.sync_with("porto");
    vienna.sync_with("lisbon");
    vienna.insert("other", "ann", 0, "fine");
    rounds(&[&vienna, &twin, &porto], 4);
    assert_eq!(
        (shown(&porto, "notes"), shown(&lisbon, "notes")),
        (json!("start twin "), json!("start vienna "))
    );
    assert_eq!((shown(&lisbon, "other"), shown(&twin, "other")), (json!("fine"), json!("fine")));
    // porto agrees with the twin, so that one has heard of nothing.
    for node in [&vienna, &porto, &lisbon] {
        assert!(node.kinds().contains("evidence"), "{}", node.name);
    }
    // vienna's is taken for the true one. porto has taken the other and gives it back as well.
    drop(twin);
    let twin = Node::with("twin", &["porto", "lisbon"], site);
    mend(&porto, "lisbon");
    twin.sync_with("lisbon");
    mend(&twin, "lisbon");
    for (node, peer) in
        [(&vienna, "porto"), (&porto, "vienna"), (&lisbon, "porto"), (&lisbon, "vienna"), (&porto, "lisbon")]
    {
        node.post(&format!("/sync/peers/{peer}/release"), &json!({}));
    }
    settle(&[&vienna, &twin, &porto], 10);
    for node in [&twin, &porto, &lisbon] {
        assert_eq!(node.digest("notes"), vienna.digest("notes"), "{}", node.name);
        let text = shown(node, "notes");
        let text = text.as_str().unwrap();
        assert!(text.contains("twin ") && text.contains("vienna ") && text.len() == 6 + 5 + 7, "{text}");
    }
    // Both call it the same, though each has done it for itself.
    assert_eq!(dots(&porto, "notes").len(), 3);
    // An agent writes at one site, as before.
    twin.insert("notes", "tom", 0, "I ");
    vienna.insert("notes", "ann", 0, "and ");
    settle(&[&vienna, &twin, &porto], 8);
    assert_eq!(
        (twin.digest("notes"), lisbon.digest("notes")),
        (porto.digest("notes"), porto.digest("notes"))
    );
}
