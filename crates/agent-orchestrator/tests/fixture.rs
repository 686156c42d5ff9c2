//! A database that the revision before the component was laid out anew has written (`fixtures/`): two registered agents,
//! an agent of the roster that was heard of, two messages that wait, and five events that the timeline is owed.

mod common;

use common::{World, message, settings};
use serde_json::json;

fn world() -> (tempfile::TempDir, World) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sqlite_db.db");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/revision-80a519f.db");
    std::fs::copy(fixture, &file).unwrap();
    let world = World::in_file(settings(), &file);
    (folder, world)
}

#[test]
fn a_database_of_the_revision_before_is_read_as_it_is() {
    let (_folder, world) = world();
    let health = world.get("/health").json;
    assert_eq!((&health["store"], &health["schema_version"]), (&json!("writable"), &json!(23)));
    assert_eq!((&health["agents"], &health["registered_agents"]), (&json!(10), &json!(3)));
    let alice = world.get("/agents/alice").json;
    assert_eq!(alice["node_id"], "a959f299-171a-4167-87ba-7c96d139d8f4");
    assert_eq!((&alice["neighbors"], &alice["region"]), (&json!(["0", "bob"]), &json!("eu")));
    assert_eq!(world.get("/agent/0/state").json["vector_clock"], json!({"0": 4, "alice": 2}));
    let waiting = world.get("/agent/0/messages").json;
    assert_eq!(waiting["pending"], 2);
    let messages = waiting["messages"].as_array().unwrap();
    assert_eq!((&messages[0]["message_id"], &messages[0]["payload"]), (&json!("m1"), &json!({"n": 1})));
    assert_eq!(
        (&messages[0]["timestamp"], &messages[0]["vector_clock"]),
        (&json!("2025-12-21T10:00:00.000Z"), &json!({"3": 7}))
    );
    assert_eq!((&messages[1]["message_id"], &messages[1]["sender_id"]), (&json!("m2"), &json!("alice")));
}

#[test]
fn what_it_owed_the_timeline_is_paid_and_work_goes_on() {
    let (_folder, world) = world();
    let told = world.post("/agent/0/message", &message("m4", "StateUpdate", 3, 0));
    assert_eq!((told.status, &told.json["seq"]), (200, &json!(3)), "{}", told.json);
    assert_eq!(world.events("AgentRegistered").len(), 3);
    assert_eq!(world.events("MessageReceived").len(), 3);
    assert_eq!(world.delete("/agent/0/messages?through=2").json["acknowledged"], 2);
    // The triggers of the old database still do their part.
    assert_eq!(world.delete("/agents/alice").status, 200);
    assert_eq!(world.events("AgentDeregistered").len(), 1);
    assert_eq!(world.get("/agents/alice").status, 404);
}

#[test]
fn a_retry_of_a_message_that_is_stored_already_is_known() {
    let (_folder, world) = world();
    let mut first = message("m1", "StateUpdate", 3, 0);
    first["payload"] = json!({"n": 1});
    first["vector_clock"] = json!({"3": 7});
    let reply = world.post("/agent/0/message", &first);
    assert_eq!((&reply.json["seq"], &reply.json["duplicate"]), (&json!(1), &json!(true)), "{}", reply.json);
}
