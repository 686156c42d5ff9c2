//! Sites come to hold the same.

use http::Method;
use serde_json::{Value, json};

use crate::network::{Node, settle};

#[test]
fn two_sites_converge_with_deletions_and_freezes() {
    let (vienna, porto) = (Node::new("vienna", &["porto"]), Node::new("porto", &["vienna;none"]));
    vienna.insert("notes", "ann", 0, "from vienna");
    porto.insert("notes", "bob", 0, "from porto");
    vienna.increment("visits", "ann", 5);
    porto.write("notes", "bob", "delete", json!({"position": 0, "length": 5}));
    for at in 0..30 {
        porto.increment(&format!("counter-{at}"), "bob", at + 1);
    }
    let gone = vienna.crdt(Method::DELETE, "/crdt/visits", &Value::Null);
    assert_eq!(gone.status, 200, "{}", gone.json);
    let frozen = porto.crdt(Method::POST, "/crdt/notes/freeze", &json!({}));
    assert_eq!(frozen.status, 200, "{}", frozen.json);
    let reply = vienna.sync();
    assert_eq!((&reply["degraded"], &reply["peers"][0]["state"]), (&json!(false), &json!("done")), "{reply}");
    settle(&[&vienna], 3);
    for document in ["notes", "visits", "counter-7"] {
        assert!(vienna.digest(document).is_some(), "{document}");
        assert_eq!(vienna.digest(document), porto.digest(document), "{document}");
        let (here, there) = (vienna.operations(document), porto.operations(document));
        assert!(!here.is_empty(), "{document}");
        assert_eq!(here, there, "{document}");
    }
    assert_eq!(porto.digest("visits").as_deref(), Some("deleted"));
    let freezes =
        |node: &Node| node.crdt(Method::GET, "/crdt/notes/snapshots", &Value::Null).json["snapshots"].clone();
    assert_eq!(freezes(&vienna)[0]["snapshot_id"], freezes(&porto)[0]["snapshot_id"]);
    assert!(freezes(&vienna)[0]["snapshot_id"].is_string());
    // Nothing is new: two exchanges, no delta.
    let idle = vienna.sync_with("porto");
    assert_eq!((&idle["deltas_received"], &idle["deltas_sent"]), (&json!(0), &json!(0)));
    assert!(idle["exchanges"].as_u64().unwrap() <= 2, "{idle}");
}
