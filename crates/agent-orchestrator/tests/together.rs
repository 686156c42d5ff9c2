//! Several clients at once: a reply tells what its own statement found and left, whatever others do meanwhile.

mod common;

use std::path::Path;
use std::thread;

use agent_orchestrator::agent::Registration;
use agent_orchestrator::draft::Rules;
use agent_orchestrator::store::Database;
use common::{START, World};
use ramanujan_core::{AgentId, Code, VectorClock};
use ramanujan_shell::native;
use serde_json::{Value, json};

const RULES: Rules = Rules { now: START, health_timeout: 10_000, max_agents: 20 };

fn a() -> AgentId {
    "a".parse().unwrap()
}

fn leave(id: &str) {
    Database::open().unwrap().deregister(&id.parse().unwrap(), &RULES).unwrap();
}

#[test]
fn an_agent_that_leaves_before_the_reply_was_registered_all_the_same() {
    let world = World::new();
    world.meanwhile(|| {
        leave("9");
    });
    let first = world.register("9");
    assert_eq!((first.status, &first.json["registered"]), (200, &json!(true)), "{}", first.json);
    assert_eq!((&first.json["agent_id"], &first.json["is_active"]), (&json!("9"), &json!(true)));
    // Its vertex is of the graph that it was on, although no agent needs that graph any more.
    assert_eq!(first.json["neighbors"].as_array().unwrap().len(), 4);
    assert_eq!(world.get("/agents/9").status, 404);
    assert_eq!((world.events("AgentRegistered").len(), world.events("AgentDeregistered").len()), (1, 1));
}

#[test]
fn an_agent_that_leaves_before_the_reply_was_heard_all_the_same() {
    let world = World::new();
    world.meanwhile(|| {
        leave("4");
        leave("a");
    });
    let woken = world.post("/agents/4/heartbeat", &json!({"vector_clock": {"4": 7}}));
    assert_eq!((woken.status, &woken.json["is_registered"]), (200, &json!(true)), "{}", woken.json);
    assert_eq!(woken.json["vector_clock"], json!({"4": 7}));
    assert_eq!(world.get("/agents/4").json["is_registered"], json!(false));
    world.timeline_up(false);
    assert_eq!(world.register("a").status, 503);
    world.timeline_up(true);
    assert_eq!(world.post_text("/agents/a/heartbeat", "").status, 200);
    assert_eq!(world.get("/agents/a").status, 404);
}

#[test]
fn a_refused_registration_or_heartbeat_leaves_the_agent_as_it_was() {
    let world = World::new();
    world.post("/agents/register", &json!({"agent_id": "a", "region": "eu", "neighbors": [0]}));
    world.wait(3000);
    let before = [world.get("/agents/a").json, world.get("/agents/2").json];
    for (body, differs) in [
        (json!({"agent_id": "a", "region": "us", "neighbors": [0, 1]}), json!(["neighbors", "region"])),
        (json!({"agent_id": 2, "mathematician": "Gauss", "region": "us"}), json!(["mathematician"])),
    ] {
        let refused = world.post("/agents/register", &body);
        assert_eq!((refused.status, &refused.json["differs"]), (409, &differs), "{}", refused.json);
    }
    for start in 0..4 {
        let clock: Value = (0..256).map(|n| (format!("r{}", start * 256 + n), json!(1))).collect();
        assert_eq!(world.post("/agent/3/heartbeat", &json!({"vector_clock": clock})).status, 200);
    }
    world.delete("/agents/3");
    let full = world.get("/agents/3").json;
    let refused = world.post("/agent/3/heartbeat", &json!({"vector_clock": {"other": 1}}));
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("clock-too-large")));
    assert_eq!(world.get("/agents/3").json, full);
    assert_eq!([world.get("/agents/a").json, world.get("/agents/2").json], before);
    assert_eq!(world.register("a").json["registered"], json!(false));
}

/// Rounds of each client: enough that what one commits falls between two statements of the other now and then.
const ROUNDS: usize = 4000;

#[test]
fn a_heartbeat_without_a_clock_is_never_one_whose_clock_is_too_large() {
    // Where there is a file system in memory the file is there: the quicker a commit, the more of them meet.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let file = folder.path().join("sqlite_db.db");
    let open = || (native::database_file(&file), Database::open().unwrap());
    open().1.check().unwrap();
    let registration: Registration = serde_json::from_value(json!({"agent_id": "a"})).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (_guard, database) = open();
            for _ in 0..ROUNDS {
                database.register(&registration, &RULES).unwrap();
                database.deregister(&a(), &RULES).unwrap();
            }
        });
        let (_guard, database) = open();
        for _ in 0..ROUNDS {
            if let Err(refused) = database.heartbeat(&a(), &VectorClock::default(), &RULES) {
                assert_eq!(refused.code, Code::UnknownAgent, "{refused}");
            }
        }
    });
}
