//! Several clients at once: a reply tells what its own statement found and left, whatever others do meanwhile.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use agent_orchestrator::agent::Registration;
use agent_orchestrator::draft::Rules;
use agent_orchestrator::store::Database;
use common::{START, World};
use ramanujan_agents::life::{Command, Request};
use ramanujan_core::{AgentId, Code, Problem, VectorClock};
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
const ROUNDS: usize = 2000;

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

/// Clients at once, each with its own connection to one file.
fn at_once(clients: usize, each: impl Fn(usize, &Database) + Sync) -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sqlite_db.db");
    let world = World::in_file(common::settings(), &file);
    assert_eq!(world.get("/health").status, 200);
    thread::scope(|scope| {
        for client in 0..clients {
            let (each, file) = (&each, &file);
            scope.spawn(move || {
                let _guard = native::database_file(file);
                each(client, &Database::open().unwrap());
            });
        }
    });
    // The file stays open when its name is gone.
    world
}

fn suspend_or_wake(id: String, suspend: bool) -> impl Fn(&AgentId) -> Result<Request, Problem> {
    move |life| {
        let agent_id = life.clone();
        let command = if suspend {
            Command::SuspendAgent { agent_id, reason: "r".to_owned(), suspended_by: None }
        } else {
            Command::ActivateAgent { agent_id, activated_by: None }
        };
        Ok(Request::new(&id, command))
    }
}

#[test]
fn many_that_register_one_agent_at_once_register_it_once() {
    let new = AtomicUsize::new(0);
    let registration: Registration =
        serde_json::from_value(json!({"agent_id": "a", "region": "eu"})).unwrap();
    let world = at_once(8, |_, database| {
        if database.register(&registration, &RULES).unwrap().new {
            new.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(new.load(Ordering::Relaxed), 1);
    let events = world.history("a");
    let kinds: Vec<&str> = events.iter().map(|event| event["event"]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["AgentDeployed", "ConfigurationChanged", "AgentActivated"]);
    world.register("a");
    assert_eq!(world.events("AgentRegistered").len(), 1);
}

#[test]
fn commands_at_once_make_versions_without_a_gap_and_each_its_effect_once() {
    const COMMANDS: usize = 60;
    let done = AtomicUsize::new(0);
    let world = at_once(4, |client, database| {
        let registration: Registration = serde_json::from_value(json!({"agent_id": "a"})).unwrap();
        database.register(&registration, &RULES).unwrap();
        for number in 0..COMMANDS {
            // Two clients send each command.
            let id = format!("c{}-{number}", client / 2);
            let mut made = 0;
            let sent = database.command(&a(), &RULES, |draft| {
                if let Some(last) = database.effect(&a(), &id)?.last() {
                    return Ok(Some(last.sequence));
                }
                let already = draft.command(suspend_or_wake(id.clone(), number.is_multiple_of(2)))?;
                made = draft.events().len();
                Ok(already)
            });
            match sent {
                Ok((None, _)) => done.fetch_add(made, Ordering::Relaxed),
                Ok((Some(_), _)) => 0,
                Err(refused) => {
                    assert_eq!(refused.code, Code::InvalidTransition, "{refused}");
                    0
                }
            };
        }
    });
    let events = world.history("a");
    let sequences: Vec<u64> = events.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
    assert_eq!(sequences.len(), 2 + done.load(Ordering::Relaxed));
    let commands: Vec<&str> = events.iter().map(|event| event["command_id"].as_str().unwrap()).collect();
    let distinct: BTreeSet<&&str> = commands.iter().collect();
    assert_eq!(distinct.len(), commands.len());
    assert_eq!(world.get("/agents/a").json["version"], json!(sequences.len()));
    assert!(sequences.len() > COMMANDS, "{}", sequences.len());
}

#[test]
fn what_another_does_between_decision_and_statement_is_decided_on_anew() {
    let world = World::new();
    world.register("a");
    let database = Database::open().unwrap();
    let mut calls = 0;
    let (already, draft) = database
        .command(&a(), &RULES, |draft| {
            calls += 1;
            if calls == 1 {
                let suspend = suspend_or_wake("first".to_owned(), true);
                Database::open().unwrap().command(&a(), &RULES, |other| other.command(&suspend)).unwrap();
            }
            draft.command(suspend_or_wake("second".to_owned(), calls == 1))
        })
        .unwrap();
    assert_eq!((already, calls, draft.life().unwrap().version), (None, 2, 4));
    let ids: Vec<Value> = world.history("a").iter().map(|event| event["command_id"].clone()).collect();
    assert_eq!(ids[2..], [json!("first"), json!("second")]);
}

#[test]
fn an_agent_that_is_heard_of_while_its_silence_is_written_was_not_silent() {
    let world = World::new();
    world.register("a");
    let database = Database::open().unwrap();
    let late = Rules { now: START + 60_000, ..RULES };
    let mut calls = 0;
    let look = database.command(&a(), &late, |draft| {
        calls += 1;
        assert_eq!(draft.events().len(), 1);
        if calls == 1 {
            let in_time = Rules { now: START + 9000, ..RULES };
            Database::open().unwrap().heartbeat(&a(), &VectorClock::default(), &in_time).unwrap();
        }
        Ok(None)
    });
    assert!(look.is_ok());
    let events = world.history("a");
    assert_eq!((calls, events.len()), (2, 3));
    assert_eq!(
        events[2]["event"]["offline_at"],
        json!("2026-01-02T03:04:24.001Z"),
        "from the last sign of life on"
    );
}

#[test]
fn a_sign_of_life_and_a_silence_at_once_leave_the_agent_at_work() {
    let world = at_once(4, |client, database| {
        let registration: Registration = serde_json::from_value(json!({"agent_id": "a"})).unwrap();
        for round in 0..40 {
            let rules = Rules { now: START + round * 20_000, ..RULES };
            if client == 0 {
                database.register(&registration, &rules).unwrap();
            } else if client == 1 {
                // Others may be ahead: an agent that has been heard of since is not there any less.
                match database.heartbeat(&a(), &VectorClock::default(), &rules) {
                    Ok(_) => {}
                    Err(refused) => assert_eq!(refused.code, Code::UnknownAgent, "{refused}"),
                }
            } else {
                let (_, trouble) = database.expire(&rules).unwrap();
                assert_eq!(trouble, None);
            }
        }
    });
    world.wait(40 * 20_000);
    world.post_text("/agents/a/heartbeat", "");
    assert_eq!(world.get("/agents/a").json["life_status"], json!("Active"));
    // Silence and work take turns, whoever wrote them.
    let events = world.history("a");
    let moves: Vec<&str> = events[1..].iter().map(|event| event["event"]["type"].as_str().unwrap()).collect();
    for (index, kind) in moves.iter().enumerate() {
        assert_eq!(*kind, ["AgentActivated", "AgentWentOffline"][index % 2], "{moves:?}");
    }
}
