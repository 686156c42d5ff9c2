//! The log is the truth: whatever is asked in whatever order, the registry is the fold of the log.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{World, settings};
use proptest::prelude::*;
use ramanujan_agents::life::{Agent, Event, Recorded, Status, fold};
use ramanujan_shell::{Schema, Store};
use serde_json::{Value, json};

const NAMES: [&str; 4] = ["a", "b", "0", "4"];

/// One request, or time that passes, chosen by numbers.
fn act(world: &World, step: usize, kind: usize, name: &str, pick: usize) {
    let number = name.parse::<u64>().ok();
    let id = json!(format!("c{}", if pick.is_multiple_of(5) { step / 3 } else { step }));
    let command = |mut body: Value| {
        body["command_id"] = id.clone();
        if pick.is_multiple_of(4) {
            body["expected_version"] = json!(pick % 7);
        }
        world.post(&format!("/agents/{name}/commands"), &body)
    };
    let reply = match kind {
        0 | 1 => {
            let polarity = ["RED", "neutral", "BLUE"][pick % 3];
            let mut body = json!({"agent_id": name});
            if number.is_none() && pick.is_multiple_of(2) {
                body["polarity"] = json!(polarity);
            }
            if pick % 3 == 1 {
                body["neighbors"] = json!(["9", 11]);
                body["region"] = json!(["eu", "us"][pick % 2]);
            }
            world.post("/agents/register", &body)
        }
        2 | 3 => world.post(&format!("/agents/{name}/heartbeat"), &json!({"vector_clock": {name: step}})),
        4 => {
            let id = format!("m{}", if pick.is_multiple_of(3) { step / 4 } else { step });
            let beat = json!({"message_id": id, "msg_type": "Heartbeat", "sender_id": name});
            world.post("/nats/webhook/broadcast.heartbeat", &beat)
        }
        5 => world.delete(&format!("/agents/{name}")),
        6 => command(json!({"type": "SuspendAgent", "reason": "r"})),
        7 => command(json!({"type": "ActivateAgent"})),
        8 => command(json!({"type": "DecommissionAgent"})),
        9 => command(
            json!({"type": "DeployAgent", "agent_type": "AI", "metadata": {"name": "n", "version": "1"},
            "initial_configuration": {"region": "deployed", "polarity": "BLUE"}}),
        ),
        10 => {
            let changes = [
                json!({"region": null}),
                json!({"neighbors": ["z", 3], "x": pick}),
                json!({"polarity": "positive", "mathematician": "M"}),
            ];
            command(json!({"type": "UpdateConfiguration", "changes": changes[pick % 3]}))
        }
        11 => command(json!({"type": "GrantPermissions", "permissions": [{"id": "graph.*"}]})),
        12 => {
            world.wait(6000);
            world.get("/agents")
        }
        _ => {
            world.wait(11_000);
            return;
        }
    };
    assert!([200, 404, 409, 422, 429].contains(&reply.status), "{kind} {name}: {}", reply.json);
}

/// Folds each life, and gives the newest with the time when it first came to work.
fn newest(events: &[Value]) -> (Agent, Option<u64>) {
    let mut lives: Vec<Vec<Recorded>> = Vec::new();
    for event in events {
        let record: Recorded = serde_json::from_value(event.clone()).unwrap();
        match lives.last_mut() {
            Some(life) if life[0].aggregate_id == record.aggregate_id => life.push(record),
            _ => lives.push(vec![record]),
        }
    }
    let ids: BTreeSet<_> = lives.iter().map(|life| &life[0].aggregate_id).collect();
    assert_eq!(ids.len(), lives.len(), "a life that has ended does not go on");
    let last = lives.len() - 1;
    for (index, life) in lives.iter().enumerate() {
        let numbers: Vec<u64> = life.iter().map(|record| record.sequence).collect();
        assert_eq!(numbers, (1..=life.len() as u64).collect::<Vec<_>>(), "versions without a gap");
        let agent = fold(None, life).unwrap().unwrap();
        assert!(index == last || agent.status == Status::Decommissioned, "one life at a time");
        if index == last {
            let active = life.iter().find_map(|record| match &record.event {
                Event::AgentActivated { activated_at, .. } => Some(activated_at.millis()),
                _ => None,
            });
            return (agent, active);
        }
    }
    unreachable!("there is a last life");
}

/// What the registry shows against the fold of the log.
fn compare(world: &World) {
    let listed: BTreeMap<String, Value> = world.get("/agents").json["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| (agent["agent_id"].as_str().unwrap().to_owned(), agent.clone()))
        .collect();
    for name in NAMES {
        let shown = listed.get(name);
        if world.get(&format!("/agents/{name}/history")).status == 404 {
            assert!(shown.is_none(), "{name} is known without a history");
            continue;
        }
        let events = world.history(name);
        let mut commands: Vec<&str> =
            events.iter().filter_map(|event| event["command_id"].as_str()).collect();
        commands.dedup();
        let distinct: BTreeSet<&&str> = commands.iter().collect();
        assert_eq!(distinct.len(), commands.len(), "a command had its effect twice: {commands:?}");
        let (agent, registered_at) = newest(&events);
        assert_eq!(shown.is_none(), agent.status == Status::Decommissioned, "{name}");
        let Some(shown) = shown else { continue };
        let settings = &agent.configuration.settings;
        let setting = |name: &str| settings.get(name).cloned().unwrap_or_default();
        assert_eq!(shown["life_status"], json!(agent.status), "{name}");
        assert_eq!(
            (&shown["version"], &shown["aggregate_id"]),
            (&json!(agent.version), &json!(agent.agent_id))
        );
        assert_eq!(
            (&shown["region"], &shown["mathematician"]),
            (&setting("region"), &setting("mathematician"))
        );
        let polarity = settings.get("polarity").cloned().unwrap_or(json!("neutral"));
        assert_eq!(shown["polarity"], polarity, "{name}");
        if let Some(neighbours) = settings.get("neighbors") {
            assert_eq!(&shown["neighbors"], neighbours, "{name}");
        }
        assert_eq!(shown["is_registered"], json!(registered_at.is_some()), "{name}");
        let since = registered_at.map(ramanujan_core::time::format_rfc3339);
        assert_eq!(shown["registered_at"], json!(since), "{name}");
        // What is computed from the log agrees with what was written with it.
        let life = world.get(&format!("/agents/{name}/life")).json;
        assert_eq!(life["configuration"], json!(agent.configuration), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_registry_is_the_fold_of_the_log(
        steps in prop::collection::vec((0usize..14, 0usize..NAMES.len(), 0usize..64), 1..40),
    ) {
        let world = World::new();
        for (step, (kind, name, pick)) in steps.iter().enumerate() {
            act(&world, step, *kind, NAMES[*name], *pick);
        }
        compare(&world);
        // Nothing is owed, and what the timeline has is there once.
        let registered = world.events("AgentRegistered").len() - world.events("AgentDeregistered").len();
        prop_assert_eq!(json!(registered), world.get("/agents/status").json["registered_agents"].clone());
    }
}

#[test]
fn a_long_log_is_folded_from_a_snapshot_and_a_damaged_one_is_made_anew() {
    let world = World::with(settings());
    world.register("a");
    for n in 0..310 {
        let body = json!({"changes": {"n": n}, "command_id": format!("c{n}")});
        assert_eq!(world.post("/agents/a/commands/update_configuration", &body).status, 200);
    }
    let all = world.history("a");
    let log: Vec<Recorded> = all.iter().map(|event| serde_json::from_value(event.clone()).unwrap()).collect();
    let whole = fold(None, &log).unwrap().unwrap();
    assert_eq!(whole.version, 312);
    const EMPTY: Schema =
        Schema { name: "t", statements: &["CREATE TABLE IF NOT EXISTS t_rows (id INTEGER)"] };
    let store = Store::open(EMPTY).unwrap();
    let snapshot = || {
        let rows = store.execute("SELECT version FROM orchestrator_agent_snapshots", []).unwrap();
        rows.first().map(|row| row.uint(0).unwrap())
    };
    assert!(snapshot().is_some_and(|version| (200..=312).contains(&version)), "{:?}", snapshot());
    let shown = |query: &str| world.get(&format!("/agents/a/life{query}")).json;
    let check = || {
        assert_eq!(shown("")["configuration"], json!(whole.configuration));
        assert_eq!(shown("?version=5")["configuration"]["settings"]["n"], json!(2));
        let dot = world.post("/agents/a/commands/suspend", &json!({"reason": "r", "command_id": "c7"})).json;
        assert_eq!((&dot["duplicate"], &dot["version"]), (&json!(true), &json!(10)));
    };
    check();
    for damage in ["snapshot = '{}'", "snapshot = replace(snapshot, '\"n\":', '\"m\":')", "snapshot = ''"] {
        store.execute(&format!("UPDATE orchestrator_agent_snapshots SET {damage}, version = 1"), []).unwrap();
        check();
        // Whoever met it has put a good one in its place.
        assert_eq!(snapshot(), Some(312), "{damage}");
    }
}

#[test]
fn a_damaged_log_is_told_and_hides_no_other_agent() {
    let world = World::with(settings());
    for name in ["a", "b"] {
        world.register(name);
    }
    const EMPTY: Schema =
        Schema { name: "t", statements: &["CREATE TABLE IF NOT EXISTS t_rows (id INTEGER)"] };
    let damage =
        "UPDATE orchestrator_agent_events SET event = replace(event, 'AgentActivated', 'AgentSuspended')
        WHERE agent_id = 'a' AND sequence = 2";
    Store::open(EMPTY).unwrap().execute(damage, []).unwrap();
    let refused = world.get("/agents/a/life");
    assert_eq!(refused.status, 500, "{}", refused.json);
    assert!(["store-shape", "store-corrupt"].contains(&refused.json["code"].as_str().unwrap()));
    world.wait(60_000);
    for path in ["/agents", "/agents/status", "/agents/a", "/agent/a/state", "/status"] {
        assert_eq!(world.get(path).status, 200, "{path}");
    }
    assert_eq!(world.get("/agents/b").json["life_status"], json!("Offline"));
    assert_eq!(world.get("/agents/a").json["is_active"], json!(false));
}
