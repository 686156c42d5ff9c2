//! The life of an agent over HTTP: commands, refusals, history, the past, silence.

mod common;

use agent_orchestrator::settings::Settings;
use common::{World, settings};
use ramanujan_shell::native::{Reply, media_type};
use serde_json::{Value, json};

fn command(world: &World, agent: &str, body: Value) -> Reply {
    world.post(&format!("/agents/{agent}/commands"), &body)
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"]["type"].as_str().unwrap()).collect()
}

#[test]
fn commands_lead_an_agent_through_its_life() {
    let world = World::new();
    let metadata = json!({"name": "Emmy", "version": "2.1", "tags": ["b", "a"], "owner_id": "o1"});
    let deploy = json!({"command_id": "c1", "agent_type": "AI", "metadata": metadata, "actor": "op",
        "initial_configuration": {"polarity": "RED", "temperature": 0.5}});
    let deployed = world.post("/agents/emmy/commands/deploy", &deploy);
    assert_eq!(deployed.status, 200, "{}", deployed.json);
    assert_eq!((&deployed.json["version"], &deployed.json["life_status"]), (&json!(2), &json!("Deployed")));
    assert_eq!(deployed.json["event_ids"].as_array().unwrap().len(), 2);
    let agent = world.get("/agents/emmy").json;
    assert_eq!((&agent["polarity"], &agent["is_registered"]), (&json!("positive"), &json!(false)));
    assert!(world.events("AgentRegistered").is_empty());

    let steps = [
        ("activate", json!({}), "Active"),
        ("suspend", json!({"reason": "audit", "suspended_by": "op"}), "Suspended"),
        ("grant_permissions", json!({"permissions": [{"id": "graph.*"}]}), "Suspended"),
        ("revoke_permissions", json!({"permission_ids": ["x"]}), "Suspended"),
        ("activate", json!({}), "Active"),
        (
            "enable_tools",
            json!({"tools": [{"id": "t", "name": "t", "version": "1", "enabled": false}]}),
            "Active",
        ),
        ("disable_tools", json!({"tool_ids": ["t"]}), "Active"),
        (
            "update_capabilities",
            json!({"add_capabilities":
            [{"port": {"id": "text.generation", "name": "t"}, "enabled": true}]}),
            "Active",
        ),
        ("update_configuration", json!({"changes": {"region": "eu"}}), "Active"),
    ];
    for (version, (verb, body, status)) in (3..).zip(steps) {
        let done = world.post(&format!("/agents/emmy/commands/{verb}"), &body);
        assert_eq!(done.status, 200, "{verb}: {}", done.json);
        assert_eq!(
            (&done.json["version"], &done.json["life_status"]),
            (&json!(version), &json!(status)),
            "{verb}"
        );
        assert_eq!(done.json["duplicate"], json!(false));
    }
    let agent = world.get("/agents/emmy").json;
    assert_eq!((&agent["region"], &agent["is_active"]), (&json!("eu"), &json!(true)));
    let life = world.get("/agents/emmy/life").json;
    assert_eq!((&life["agent_id"], &life["version"]), (&json!("emmy"), &json!(11)));
    assert_eq!(life["aggregate_id"], deployed.json["aggregate_id"]);
    assert_eq!(life["metadata"]["tags"], json!(["a", "b"]));
    assert_eq!(
        (&life["tools"]["t"]["enabled"], &life["permissions"]["graph.*"]["id"]),
        (&json!(false), &json!("graph.*"))
    );
    assert_eq!(life.get("commands"), None);
    // Each event is on the timeline once; registration and departure have names of their own.
    for (kind, times) in [
        ("AgentRegistered", 1),
        ("AgentActivated", 1),
        ("AgentSuspended", 1),
        ("ToolsEnabled", 1),
        ("PermissionsGranted", 1),
        ("ConfigurationChanged", 1),
        ("AgentDeployed", 0),
    ] {
        assert_eq!(world.events(kind).len(), times, "{kind}");
    }
    let gone = world.post("/agents/emmy/commands/decommission", &json!({"command_id": "end"}));
    assert_eq!((gone.status, &gone.json["life_status"]), (200, &json!("Decommissioned")));
    assert_eq!((world.get("/agents/emmy").status, world.events("AgentDeregistered").len()), (404, 1));
    let again = world.post("/agents/emmy/commands/decommission", &json!({"command_id": "end"})).json;
    assert_eq!((&again["duplicate"], &again["version"]), (&json!(true), &json!(12)));
    assert_eq!(again["life_status"], json!("Decommissioned"));
}

#[test]
fn a_command_has_its_effect_once_however_it_is_named() {
    let world = World::new();
    world.register("a");
    let suspend =
        json!({"type": "SuspendAgent", "reason": "r", "command_id": "c1", "correlation_id": "chain"});
    let first = command(&world, "a", suspend.clone()).json;
    for _ in 0..3 {
        let again = command(&world, "a", suspend.clone()).json;
        assert_eq!((&again["duplicate"], &again["version"]), (&json!(true), &first["version"]));
        assert_eq!(again["event_ids"], first["event_ids"]);
    }
    // The header stands for the member, and a retry is one after others as well.
    let wake = json!({"type": "ActivateAgent"});
    let woken = world.post_with("/agents/a/commands", &[("idempotency-key", "c2")], &wake).json;
    assert_eq!((&woken["command_id"], &woken["life_status"]), (&json!("c2"), &json!("Active")));
    assert_eq!(command(&world, "a", suspend).json["duplicate"], json!(true));
    let events = world.history("a");
    assert_eq!(kinds(&events), ["AgentDeployed", "AgentActivated", "AgentSuspended", "AgentActivated"]);
    assert_eq!((&events[2]["causation_id"], &events[2]["correlation_id"]), (&json!("c1"), &json!("chain")));
    assert_eq!(events[2]["event_id"], first["event_ids"][0]);

    // Also over the end of a life: an agent of the roster has begun its next one.
    world.register("4");
    let end = json!({"command_id": "end"});
    assert_eq!(world.post("/agents/4/commands/decommission", &end).json["version"], json!(4));
    assert_eq!(world.get("/agents/4").json["life_status"], json!("Deployed"));
    world.register("4");
    assert_eq!(world.post("/agents/4/commands/decommission", &end).json["duplicate"], json!(true));
    assert_eq!(world.get("/agents/4").json["life_status"], json!("Active"));
}

#[test]
fn every_refusal_is_a_problem_of_its_own_and_changes_nothing() {
    let world = World::new();
    world.register("a");
    let before = (world.history("a"), world.get("/agents").json["agents"].clone());
    let rows = [
        ("a", "", json!({"type": "SuspendAgent", "reason": ""}), 422, "invalid-command", json!("VALIDATION")),
        ("a", "", json!({"type": "EnableTools", "tools": []}), 422, "invalid-command", json!("VALIDATION")),
        ("a", "", json!({"type": "Explode"}), 422, "invalid-command", Value::Null),
        ("a", "", json!({}), 422, "invalid-command", Value::Null),
        ("a", "", json!({"type": "ActivateAgent", "colour": 1}), 422, "invalid-command", Value::Null),
        ("a", "", json!({"type": "ActivateAgent", "command_id": 7}), 422, "invalid-command", Value::Null),
        (
            "a",
            "",
            json!({"type": "ActivateAgent", "expected_version": -1}),
            422,
            "invalid-command",
            Value::Null,
        ),
        ("a", "/explode", json!({}), 422, "invalid-command", Value::Null),
        ("a", "", json!({"type": "ActivateAgent"}), 409, "invalid-transition", json!("INVALID_TRANSITION")),
        (
            "a",
            "",
            json!({"type": "SuspendAgent", "reason": "r", "expected_version": 1}),
            409,
            "version-conflict",
            json!("CONFLICT"),
        ),
        ("nobody", "", json!({"type": "ActivateAgent"}), 404, "unknown-agent", json!("NOT_FOUND")),
        ("a b", "", json!({"type": "ActivateAgent"}), 404, "unknown-agent", Value::Null),
        (
            "a",
            "",
            json!({"type": "SuspendAgent", "reason": "r", "agent_id": "b"}),
            422,
            "subject-mismatch",
            Value::Null,
        ),
        (
            "a",
            "/activate",
            json!({"type": "SuspendAgent", "reason": "r"}),
            422,
            "subject-mismatch",
            Value::Null,
        ),
        (
            "a",
            "",
            json!({"type": "UpdateConfiguration", "changes": {"region": ""}}),
            422,
            "invalid-label",
            Value::Null,
        ),
        (
            "a",
            "",
            json!({"type": "UpdateConfiguration", "changes": {"polarity": 3}}),
            422,
            "invalid-json",
            Value::Null,
        ),
        (
            "route",
            "",
            json!({"type": "DeployAgent", "agent_type": "AI", "metadata": {"name": "n", "version": "1"}}),
            422,
            "reserved-agent-id",
            Value::Null,
        ),
        ("a", "", json!([1]), 422, "invalid-json", Value::Null),
    ];
    for (agent, verb, body, status, code, rejection) in rows {
        let target = format!("/agents/{}/commands{verb}", agent.replace(' ', "%20"));
        let refused = world.post(&target, &body);
        let found = (refused.status, &refused.json["code"], &refused.json["rejection"]);
        assert_eq!(found, (status, &json!(code), &rejection), "{target} {body}: {}", refused.json);
        assert_eq!(media_type(&refused), "application/problem+json");
    }
    let late = command(&world, "a", json!({"type": "ActivateAgent", "expected_version": 7})).json;
    assert_eq!((&late["expected"], &late["actual"]), (&json!(7), &json!(2)));
    let fits = json!({"type": "SuspendAgent", "reason": "r", "expected_version": 2, "agent_id": "a"});
    assert_eq!((world.history("a"), world.get("/agents").json["agents"].clone()), before);
    assert_eq!(command(&world, "a", fits).status, 200);
    let two = world.post_with(
        "/agents/a/commands/activate",
        &[("idempotency-key", "x")],
        &json!({"command_id": "y"}),
    );
    assert_eq!((two.status, &two.json["code"]), (422, &json!("subject-mismatch")));
}

#[test]
fn the_limit_counts_agents_that_commands_deploy() {
    let world = World::with(Settings { max_agents: 10, ..settings() });
    let deploy = json!({"agent_type": "AI", "metadata": {"name": "n", "version": "1"}});
    assert_eq!(world.post("/agents/a/commands/deploy", &deploy).status, 200);
    let refused = world.post("/agents/b/commands/deploy", &deploy);
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("too-many-agents")));
    assert_eq!(world.post("/agents/a/commands/deploy", &deploy).json["code"], json!("invalid-transition"));
    assert_eq!(world.delete("/agents/a").json["deregistered"], json!(true));
    assert_eq!(world.post("/agents/b/commands/deploy", &deploy).status, 200);
    // A deployed agent is at work when it registers, and its lives are told apart.
    assert_eq!(world.register("b").json["registered"], json!(true));
    world.delete("/agents/b");
    world.register("b");
    let events = world.history("b");
    let lives: Vec<&Value> = events.iter().map(|event| &event["aggregate_id"]).collect();
    assert!(lives[..3].iter().all(|life| *life == lives[0]) && lives[3] != lives[0], "{lives:?}");
    let sequences: Vec<u64> = events.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, [1, 2, 3, 1, 2]);
    let one = world.get(&format!("/agents/b/history?life={}", lives[0].as_str().unwrap())).json;
    assert_eq!(one["events"].as_array().unwrap().len(), 3);
}

#[test]
fn the_past_is_the_fold_of_what_had_happened_by_then() {
    let world = World::new();
    world.post("/agents/register", &json!({"agent_id": "a", "region": "eu"}));
    world.wait(1000);
    command(&world, "a", json!({"type": "SuspendAgent", "reason": "r"}));
    world.wait(1000);
    command(&world, "a", json!({"type": "UpdateConfiguration", "changes": {"region": "us"}}));
    world.wait(1000);
    command(&world, "a", json!({"type": "DecommissionAgent"}));
    let at = |query: &str| world.get(&format!("/agents/a/life?{query}"));
    for (query, version, status, region) in [
        ("version=1", 1, "Deployed", Value::Null),
        ("version=2", 2, "Deployed", json!("eu")),
        ("version=4", 4, "Suspended", json!("eu")),
        ("version=5", 5, "Suspended", json!("us")),
        ("at=2026-01-02T03:04:05Z", 3, "Active", json!("eu")),
        ("at=2026-01-02T03:04:06.999Z", 4, "Suspended", json!("eu")),
        ("at=2026-01-02T04:04:07%2B01:00", 5, "Suspended", json!("us")),
        ("", 6, "Decommissioned", json!("us")),
    ] {
        let life = at(query);
        assert_eq!((life.status, &life.json["version"]), (200, &json!(version)), "{query}: {}", life.json);
        assert_eq!(life.json["life_status"], json!(status), "{query}");
        assert_eq!(
            life.json["configuration"]["settings"].get("region").unwrap_or(&Value::Null),
            &region,
            "{query}"
        );
    }
    for (query, status, code) in [
        ("version=7", 404, "no-such-agent-version"),
        ("version=0", 404, "no-such-agent-version"),
        ("at=2026-01-02T03:04:04Z", 404, "no-such-agent-version"),
        ("life=other", 404, "no-such-agent-version"),
        ("at=noon", 422, "invalid-parameter"),
        ("version=x", 422, "invalid-parameter"),
        ("version=1&at=2026-01-02T03:04:05Z", 422, "invalid-parameter"),
        ("when=now", 422, "unknown-parameter"),
    ] {
        let refused = at(query);
        assert_eq!((refused.status, &refused.json["code"]), (status, &json!(code)), "{query}");
    }
    for target in ["/agents/nobody/life", "/agents/nobody/history"] {
        assert_eq!(world.get(target).json["code"], json!("unknown-agent"), "{target}");
    }
}

#[test]
fn silence_is_an_event_at_the_time_when_it_was_due() {
    let world = World::new();
    world.register("a");
    world.register("b");
    world.wait(60_000);
    // Whoever looks first writes it; looking again writes nothing.
    for target in
        ["/agents/status", "/agents/a", "/agents/a/life", "/agent/a/state", "/status", "/api/agents"]
    {
        assert_eq!(world.get(target).status, 200, "{target}");
    }
    assert_eq!(world.get("/agents/status").json["lives"], json!({"Deployed": 9, "Offline": 2}));
    let events = world.history("a");
    assert_eq!(kinds(&events), ["AgentDeployed", "AgentActivated", "AgentWentOffline"]);
    assert_eq!(events[2]["event"]["offline_at"], json!("2026-01-02T03:04:15.001Z"));
    assert_eq!(world.events("AgentWentOffline").len(), 2);
    assert_eq!(world.get("/agents/a/life?at=2026-01-02T03:04:15Z").json["life_status"], json!("Active"));

    let back = world.post_text("/agents/a/heartbeat", "").json;
    assert_eq!(
        (&back["life_status"], &back["is_active"], &back["version"]),
        (&json!("Active"), &json!(true), &json!(4))
    );
    let registered = world.register("b").json;
    assert_eq!((&registered["registered"], &registered["life_status"]), (&json!(false), &json!("Active")));
    assert_eq!(world.events("AgentRegistered").len(), 2);

    // A sign of life that comes when nobody has looked does not wipe the silence out, by whichever way it comes.
    for (minute, way) in (0..).zip(["/agents/a/heartbeat", "message", "register"]) {
        world.wait(60_000);
        let status = match way {
            "message" => {
                let beat =
                    json!({"message_id": format!("h{minute}"), "msg_type": "Heartbeat", "sender_id": "a"});
                world.post("/nats/webhook/broadcast.heartbeat", &beat).status
            }
            "register" => world.register("a").status,
            path => world.post_text(path, "").status,
        };
        assert_eq!(status, 200, "{way}");
        let events = world.history("a");
        assert_eq!(kinds(&events)[events.len() - 2..], ["AgentWentOffline", "AgentActivated"], "{way}");
    }
}

#[test]
fn a_suspended_agent_does_not_come_back_by_itself() {
    let world = World::new();
    world.register("0");
    assert_eq!(world.get("/agents/route?document_id=d&operation=insert").json["agent_id"], json!("0"));
    command(&world, "0", json!({"type": "SuspendAgent", "reason": "r"}));
    for _ in 0..3 {
        world.wait(9000);
        let beat = world.post_text("/agents/0/heartbeat", "").json;
        assert_eq!((&beat["life_status"], &beat["is_active"]), (&json!("Suspended"), &json!(false)));
        assert_eq!(world.register("0").json["life_status"], json!("Suspended"));
        assert_eq!(world.get("/agents/route?document_id=d&operation=insert").status, 503);
        world.wait(20_000);
    }
    assert_eq!(world.get("/agents/0").json["version"], json!(4));
    command(&world, "0", json!({"type": "ActivateAgent"}));
    world.post_text("/agents/0/heartbeat", "");
    assert_eq!(world.get("/agents/0").json["is_active"], json!(true));
}

#[test]
fn a_timeline_that_is_away_is_told_of_commands_later() {
    let world = World::new();
    world.register("a");
    world.timeline_up(false);
    let suspend = json!({"type": "SuspendAgent", "reason": "r", "command_id": "c"});
    let failed = command(&world, "a", suspend.clone());
    assert_eq!((failed.status, &failed.json["stored"]), (503, &json!(true)));
    world.wait(60_000);
    assert_eq!(world.get("/agents").status, 200);
    world.timeline_up(true);
    assert_eq!(command(&world, "a", suspend).json["duplicate"], json!(true));
    assert_eq!(world.events("AgentSuspended").len(), 1);
    assert_eq!(world.history("a").len(), 3);
}

#[test]
fn lists_can_be_of_those_at_one_point_of_their_lives() {
    let world = World::new();
    for name in ["a", "b", "3"] {
        world.register(name);
    }
    command(&world, "b", json!({"type": "SuspendAgent", "reason": "r"}));
    let names = |target: &str| {
        let reply = world.get(target).json;
        let agents = if reply.is_array() { reply } else { reply["agents"].clone() };
        let agents = agents.as_array().unwrap().iter();
        agents.map(|agent| agent["agent_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for path in ["/agents", "/agents/status", "/api/agents", "/api/agents/status"] {
        assert_eq!(names(&format!("{path}?life_status=Active")), ["3", "a"], "{path}");
        assert_eq!(names(&format!("{path}?life_status=Suspended")), ["b"], "{path}");
        assert_eq!(names(&format!("{path}?life_status=Deployed")).len(), 8, "{path}");
    }
    let first = world.get("/agents?life_status=Active&limit=1").json;
    assert_eq!(first["next_cursor"], json!("3"));
    assert_eq!(names("/agents?life_status=Active&limit=1&cursor=3"), ["a"]);
    assert_eq!(world.get("/agents?life_status=busy").json["code"], json!("invalid-parameter"));
}
