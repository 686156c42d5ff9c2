//! Databases that earlier revisions have written (`fixtures/`).
//!
//! `80a519f`, before the component was laid out anew: two registered agents, an agent of the roster that was heard of, two
//! messages that wait, and five events that the timeline is owed. `f52abdc`, before agents had events: two registered
//! agents, two of the roster that came and one that came and left, a message, and three events that are owed.

mod common;

use common::{World, message, settings};
use ramanujan_agents::life::{Recorded, fold};
use serde_json::{Value, json};

fn world() -> (tempfile::TempDir, World) {
    of("80a519f")
}

fn of(revision: &str) -> (tempfile::TempDir, World) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sqlite_db.db");
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    std::fs::copy(format!("{fixtures}/revision-{revision}.db"), &file).unwrap();
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

#[test]
fn agents_of_a_database_without_events_have_the_events_that_their_rows_tell_of() {
    for revision in ["80a519f", "f52abdc"] {
        let (_folder, world) = of(revision);
        for name in ["alice", "bob", "0", "1", "2", "3", "4", "5", "6", "7", "8"] {
            let shown = world.get(&format!("/agents/{name}"));
            let shown = if shown.status == 404 { continue } else { shown.json };
            let log: Vec<Recorded> =
                world.history(name).into_iter().map(|event| serde_json::from_value(event).unwrap()).collect();
            let agent = fold(None, &log).unwrap().unwrap();
            let registered = shown["is_registered"] == json!(true);
            assert_eq!(agent.version, if registered { 3 } else { 2 }, "{name}");
            assert_eq!(
                (&shown["version"], &shown["aggregate_id"]),
                (&json!(agent.version), &json!(agent.agent_id))
            );
            assert_eq!(shown["life_status"], json!(agent.status), "{name}");
            assert_eq!(agent.metadata.name, name);
            assert_eq!(agent.metadata.tags.contains("roster"), name.parse::<u64>().is_ok());
            let settings = json!(agent.configuration.settings);
            for setting in ["mathematician", "polarity", "region"] {
                assert_eq!(settings[setting], shown[setting], "{name}");
            }
            if registered {
                assert_eq!(shown["registered_at"], json!(agent.deployed_at.as_str()), "{name}");
            }
            if !settings["neighbors"].is_null() {
                assert_eq!(settings["neighbors"], shown["neighbors"], "{name}");
            }
        }
        let agents = world.get("/agents").json["agents"].clone();
        assert_eq!(world.get("/agents").json["agents"], agents, "nothing is begun twice");
    }
}

#[test]
fn work_goes_on_with_the_agents_of_a_database_without_events() {
    let (_folder, world) = of("f52abdc");
    // The clock is where the revision left off: alice and bob are at work, 4 has left.
    let again =
        world.post("/agents/register", &json!({"agent_id": "alice", "region": "eu", "polarity": "RED"}));
    assert_eq!((again.status, &again.json["registered"]), (200, &json!(false)), "{}", again.json);
    assert_eq!(world.register("4").json["registered"], json!(true));
    let suspended = world.post("/agents/bob/commands/suspend", &json!({"reason": "r"}));
    assert_eq!((suspended.status, &suspended.json["version"]), (200, &json!(4)), "{}", suspended.json);
    assert_eq!(world.post_text("/agents/3/heartbeat", "").json["vector_clock"], json!({"3": 7}));
    // What was owed is told under the ids that it had, and departures name the registrations that they end.
    let registered = world.events("AgentRegistered");
    assert_eq!(registered.len(), 3, "3 and 5 as they were owed, and 4");
    assert_eq!(world.delete("/agents/5").json["deregistered"], json!(true));
    let left = world.events("AgentDeregistered");
    assert_eq!(left.len(), 1);
    let began: Vec<&Value> =
        registered.iter().filter(|event| event["agent_id"] == "5").map(|event| &event["event_id"]).collect();
    assert_eq!(left[0]["depends_on"], json!(began));
    assert_eq!(world.get("/agents/5").json["life_status"], json!("Deployed"));
    // Silence of the time before is found too.
    world.wait(60_000);
    assert_eq!(world.get("/agents/alice").json["life_status"], json!("Offline"));
}
