//! Agents from registration to departure, over requests as clients send them.

mod common;

use agent_orchestrator::settings::Settings;
use agent_orchestrator::topology::Kind;
use common::{World, settings};
use http::Method;
use ramanujan_core::Code;
use ramanujan_shell::native::{self, media_type};
use ramanujan_shell::{Info, Service};
use serde_json::{Value, json};

#[test]
fn the_root_describes_the_component_and_lists_the_roster_asleep() {
    let world = World::new();
    for path in ["/agents", "/agents/"] {
        let reply = world.get(path);
        assert_eq!(reply.status, 200, "{}", reply.json);
        for (field, value) in [
            ("status", json!("ok")),
            ("service", json!("Agent Orchestrator")),
            ("topology", json!("ramanujan-3d")),
            ("max_agents", json!(12)),
            ("path", json!("/")),
            ("request_size", json!(0)),
        ] {
            assert_eq!(reply.json[field], value, "{field}");
        }
        let agents = reply.json["agents"].as_array().unwrap();
        let names: Vec<_> = agents.iter().map(|a| a["mathematician"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "Ramanujan",
                "Grothendieck",
                "Euler",
                "de Paiva",
                "Hedges",
                "Girard",
                "Spivak",
                "Lawvere",
                "Scholze"
            ]
        );
        let polarities: Vec<_> = agents.iter().map(|a| a["polarity"].as_str().unwrap()).collect();
        for polarity in ["positive", "negative", "neutral"] {
            assert_eq!(polarities.iter().filter(|p| **p == polarity).count(), 3);
        }
        assert!(agents.iter().all(|a| a["is_active"] == json!(false) && a["health_score"] == json!(0.0)));
    }
}

#[test]
fn the_state_of_agent_0_has_its_keys() {
    let grid = World::with(agent_orchestrator::settings::Settings { topology: Kind::Grid3x3, ..settings() });
    let reply = grid.get("/agent/0/state");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json["agent_id"], json!(0));
    assert_eq!(reply.json["neighbors"], json!([1, 3]));
    for counter in ["egraph_nodes", "messages_received", "messages_sent", "syncs_completed"] {
        assert_eq!(reply.json[counter], json!(0), "{counter}");
    }
    assert!(reply.json["uptime_seconds"].is_f64());
    let node = reply.json["node_id"].as_str().unwrap().to_owned();
    let parts: Vec<usize> = node.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{node}");
    assert!(node.as_bytes()[14] == b'4' && b"89ab".contains(&node.as_bytes()[19]), "{node}");
    grid.register("0");
    assert_eq!(grid.get("/agent/0/state").json["node_id"], json!(node));
    assert_ne!(grid.get("/agent/1/state").json["node_id"], json!(node));

    let torus = World::new();
    assert_eq!(torus.get("/agent/0/state").json["neighbors"], json!([1, 2, 3, 6]));
}

#[test]
fn a_tenth_numbered_agent_moves_the_network_to_the_larger_graph() {
    let world = World::new();
    assert_eq!(world.get("/agents/topology").json["n"], json!(9));
    world.register("9");
    assert_eq!(world.get("/agents/topology").json["n"], json!(48));
    assert_eq!(world.get("/agent/9/state").json["neighbors"].as_array().unwrap().len(), 4);
}

#[test]
fn registering_is_idempotent_and_a_different_description_conflicts() {
    let world = World::new();
    let alice = json!({"agent_id": "alice", "polarity": "RED", "neighbors": ["0", 1], "region": "us-west"});
    let first = world.post("/agents/register", &alice);
    assert_eq!((first.status, &first.json["registered"]), (200, &json!(true)), "{}", first.json);
    assert_eq!(first.json["neighbors"], json!(["0", "1"]));
    world.wait(3000);
    let again = world.post("/agents/register", &alice);
    assert_eq!((again.status, &again.json["registered"]), (200, &json!(false)));
    assert_eq!(again.json["node_id"], first.json["node_id"]);
    assert_eq!(again.json["registered_at"], first.json["registered_at"]);
    // Said again is said alive.
    assert_eq!(again.json["health_score"], json!(1.0));
    let bare = world.register("alice");
    assert_eq!(bare.json["registered"], json!(false));

    let other = world.post("/agents/register", &json!({"agent_id": "alice", "polarity": "negative"}));
    assert_eq!((other.status, &other.json["code"]), (409, &json!("agent-differs")));
    assert_eq!(other.json["differs"], json!(["polarity"]));
    assert_eq!(world.get("/agents/alice").json["polarity"], json!("positive"));
    let euler = world.post("/agents/register", &json!({"agent_id": 2, "mathematician": "Gauss"}));
    assert_eq!((euler.status, &euler.json["differs"]), (409, &json!(["mathematician"])));
    assert_eq!(world.events("AgentRegistered").len(), 1);
}

#[test]
fn no_more_agents_than_the_limit() {
    let world = World::new();
    for id in ["a", "b", "c"] {
        assert_eq!(world.register(id).status, 200);
    }
    let refused = world.register("d");
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("too-many-agents")));
    assert_eq!(refused.headers["retry-after"], "1");
    // Known agents are no more agents.
    assert_eq!((world.register("a").status, world.register("8").status), (200, 200));
    assert_eq!(world.delete("/agents/b").status, 200);
    assert_eq!(world.register("d").json["registered"], json!(true));
    assert_eq!(world.get("/agents/b").status, 404);
}

#[test]
fn an_agent_is_active_while_its_heartbeat_is_fresh() {
    let world = World::new();
    world.register("a");
    world.wait(4500);
    let agent = world.get("/agents/a").json;
    assert_eq!((&agent["is_active"], &agent["health_score"]), (&json!(true), &json!(0.6)));
    assert_eq!(agent["uptime_seconds"], json!(4.5));
    world.wait(5500);
    assert_eq!(world.get("/agents/a").json["is_active"], json!(true));
    world.wait(1);
    let late = world.get("/agents/a").json;
    assert_eq!((&late["is_active"], &late["health_score"]), (&json!(false), &json!(0.0)));
    let clock = json!({"vector_clock": {"a": 3, "b": 1}});
    for path in ["/agents/a/heartbeat", "/agent/a/heartbeat"] {
        let beat = world.post(path, &clock);
        assert_eq!((beat.status, &beat.json["is_active"]), (200, &json!(true)));
    }
    let joined = world.post("/agent/a/heartbeat", &json!({"vector_clock": {"a": 2, "c": 9}})).json;
    assert_eq!(joined["vector_clock"], json!({"a": 3, "b": 1, "c": 9}));
    assert_eq!(world.post_text("/agents/nobody/heartbeat", "").status, 404);
}

#[test]
fn a_heartbeat_wakes_an_agent_of_the_roster() {
    let world = World::new();
    assert_eq!(world.post_text("/agent/4/heartbeat", "").status, 200);
    assert_eq!(world.get("/agents/4").json["is_registered"], json!(true));
    assert_eq!(world.events("AgentRegistered").len(), 1);
    assert_eq!(world.get("/status").json["network"]["status"], json!("active"));
    let gone = world.delete("/agents/4");
    assert_eq!((gone.status, &gone.json["deregistered"]), (200, &json!(true)));
    assert_eq!(world.delete("/agents/4").json["deregistered"], json!(false));
    assert_eq!(world.events("AgentDeregistered").len(), 1);
    assert_eq!(world.get("/agents/4").json["is_registered"], json!(false));
    assert_eq!(world.get("/status").json["network"]["status"], json!("idle"));
}

#[test]
fn a_timeline_that_is_away_loses_nothing_and_a_retry_repairs() {
    let world = World::new();
    world.timeline_up(false);
    let failed = world.register("a");
    assert_eq!((failed.status, &failed.json["code"]), (503, &json!("event-not-recorded")));
    assert_eq!(failed.json["stored"], json!(true));
    assert_eq!(world.get("/agents/a").json["is_registered"], json!(true));
    // A heartbeat is not refused for the timeline's sake.
    assert_eq!(world.post_text("/agent/a/heartbeat", "").status, 200);
    assert_eq!(world.delete("/agents/a").status, 503);
    world.timeline_up(true);
    assert_eq!(world.delete("/agents/a").status, 404);
    assert_eq!(world.events("AgentRegistered").len(), 1);
    assert_eq!(world.events("AgentDeregistered").len(), 1);
}

#[test]
fn the_lists_of_the_dashboard() {
    let world = World::new();
    world.register("3");
    world.wait(2000);
    let agents = world.get("/api/agents").json;
    let agents = agents.as_array().unwrap();
    assert_eq!(agents.len(), 9);
    for agent in agents {
        for member in ["name", "status", "uptime", "vector_clock"] {
            assert!(!agent[member].is_null(), "{member}");
        }
    }
    assert_eq!((&agents[3]["status"], &agents[3]["uptime"]), (&json!("active"), &json!(2.0)));
    assert_eq!((&agents[4]["status"], &agents[4]["name"]), (&json!("inactive"), &json!("Hedges")));
    for path in ["/agents/status", "/api/agents/status"] {
        let status = world.get(path).json;
        assert_eq!((&status["total_agents"], &status["active_agents"]), (&json!(9), &json!(1)));
        assert_eq!(status["agents"].as_array().unwrap().len(), 9);
    }
    let health = world.get("/health").json;
    assert_eq!(
        (&health["status"], &health["agent_id"], &health["agents"]),
        (&json!("ok"), &json!(0), &json!(9))
    );
    assert_eq!(world.get("/agents/health").json["active_agents"], json!(1));
}

#[test]
fn pages_cover_every_agent_once_in_order() {
    let world = World::new();
    world.register("10");
    world.register("alice");
    let mut names = Vec::new();
    let mut target = "/agents?limit=4".to_owned();
    loop {
        let page = world.get(&target).json;
        names.extend(page["agents"].as_array().unwrap().iter().map(|a| a["agent_id"].clone()));
        match page["next_cursor"].as_str() {
            Some(cursor) => target = format!("/agents?limit=4&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "10", "alice"]);
}

#[test]
fn routes_go_to_active_agents_of_the_operations_polarity() {
    let world = World::new();
    let nobody = world.get("/agents/route?document_id=doc_42d&operation=insert");
    assert_eq!((nobody.status, &nobody.json["code"]), (503, &json!("no-active-agent")));
    for id in 0..9 {
        world.register(&id.to_string());
    }
    for (operation, polarity, agents) in [
        ("insert", "positive", ["0", "4", "6"]),
        ("delete", "negative", ["2", "5", "8"]),
        ("merge", "neutral", ["1", "3", "7"]),
    ] {
        let target = format!("/agents/route?document_id=doc_42d&operation={operation}");
        let route = world.get(&target).json;
        assert_eq!(route["polarity"], json!(polarity));
        assert_eq!(route["candidates"], json!(agents));
        assert!(agents.contains(&route["agent_id"].as_str().unwrap()), "{route}");
        assert_eq!(route["trit_address"].as_array().unwrap()[..2], [json!(1), json!(0)]);
        assert_eq!(world.get(&target).json["agent_id"], route["agent_id"]);
    }
    // The chosen one falls silent, the others do not: its documents move, and back when it returns.
    let target = "/agents/route?document_id=doc_42d&operation=insert";
    let chosen = world.get(target).json["agent_id"].as_str().unwrap().to_owned();
    world.wait(9000);
    for id in ["0", "4", "6"].iter().filter(|id| **id != chosen) {
        world.post_text(&format!("/agents/{id}/heartbeat"), "");
    }
    world.wait(2000);
    assert_ne!(world.get(target).json["agent_id"], json!(chosen));
    world.register(&chosen);
    assert_eq!(world.get(target).json["agent_id"], json!(chosen));
}

#[test]
fn topology_is_served_for_every_kind() {
    let world = World::new();
    for (target, n, degree, ramanujan) in [
        ("/agents/topology", 9, json!(4), true),
        ("/agents/topology?kind=ramanujan-3d&n=48", 48, json!(4), true),
        ("/agents/topology?kind=torus-3x3&n=9", 9, json!(4), true),
        ("/agents/topology?kind=gl23", 48, json!(4), true),
        ("/agents/topology?kind=grid-3x3", 9, Value::Null, false),
    ] {
        let reply = world.get(target);
        assert_eq!(reply.status, 200, "{target}");
        assert_eq!((&reply.json["n"], &reply.json["degree"]), (&json!(n), &degree), "{target}");
        assert_eq!(reply.json["ramanujan"], json!(ramanujan), "{target}");
        assert_eq!(reply.json["spectrum"].as_array().unwrap().len(), n, "{target}");
        assert_eq!(reply.json["adjacency"].as_object().unwrap().len(), n, "{target}");
    }
    assert_eq!(world.get("/agents/topology?kind=grid-3x3").json["adjacency"]["0"], json!([1, 3]));
    let refused = world.get("/agents/topology?kind=ramanujan-3d&n=17");
    assert_eq!((refused.status, &refused.json["sizes"]), (422, &json!([9, 48])));
}

#[test]
fn bad_requests_are_problems_and_change_nothing() {
    let world = World::new();
    let before = world.get("/agents").json["agents"].clone();
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("{\"agent_id\":\"\u{0}", 400),
        ("{}", 422),
        ("[]", 422),
        ("[\"a\",null,null,null,null]", 422),
        ("{\"agent_id\":\"a\",\"colour\":1}", 422),
        ("{\"agent_id\":-1}", 422),
        ("{\"agent_id\":\"a b\"}", 422),
        ("{\"agent_id\":\"route\"}", 422),
        ("{\"agent_id\":\"a\",\"polarity\":\"purple\"}", 422),
        ("{\"agent_id\":\"a\",\"neighbors\":[\"a\"]}", 422),
        ("{\"agent_id\":\"a\",\"region\":\"\"}", 422),
    ] {
        let reply = world.post_text("/agents/register", body);
        assert_eq!((reply.status, media_type(&reply)), (status, "application/problem+json"), "{body}");
    }
    for (target, status) in [
        ("/agents?limit=0", 422),
        ("/agents?colour=red", 422),
        ("/agents/nobody", 404),
        ("/agents/a%20b", 404),
        ("/agent/nobody/state", 404),
        ("/agents/topology?kind=ring", 422),
        ("/agents/topology?n=-1", 422),
        ("/agents/route?operation=insert", 422),
        ("/agents/route?document_id=merge&operation=insert", 422),
        ("/agents/route?document_id=d&operation=explode", 422),
        ("/agents/register", 405),
        ("/agents/0/nowhere", 404),
    ] {
        let reply = world.get(target);
        assert_eq!((reply.status, media_type(&reply)), (status, "application/problem+json"), "{target}");
    }
    let many: serde_json::Map<String, Value> = (0..257).map(|n| (format!("r{n}"), json!(1))).collect();
    let beat = world.post("/agent/0/heartbeat", &json!({"vector_clock": many}));
    assert_eq!((beat.status, &beat.json["code"]), (422, &json!("clock-too-large")));
    for body in ["[]", "null", "[{}]", "{\"clock\":{}}", "{"] {
        assert!([400, 422].contains(&world.post_text("/agent/0/heartbeat", body).status), "{body}");
    }
    assert_eq!(world.send(Method::POST, "/agents/round").status, 501);
    assert_eq!(world.send(Method::POST, "/agent/0/sync").status, 501);
    assert_eq!(world.send(Method::POST, "/agent/nobody/sync").status, 404);
    assert_eq!(world.get("/agents").json["agents"], before);
}

#[test]
fn a_joined_clock_has_a_bound() {
    let world = World::new();
    let part = |start: u64, size: u64| {
        let entries: serde_json::Map<String, Value> =
            (start..start + size).map(|n| (format!("r{n}"), json!(n + 1))).collect();
        json!({"vector_clock": entries})
    };
    for round in 0..4 {
        assert_eq!(world.post("/agent/0/heartbeat", &part(round * 256, 256)).status, 200);
    }
    let refused = world.post("/agent/0/heartbeat", &part(2000, 1));
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("clock-too-large")));
    assert_eq!(world.get("/agents/0").json["vector_clock"].as_object().unwrap().len(), 1024);
    assert_eq!(world.post_text("/agent/0/heartbeat", "").status, 200);
}

#[test]
fn status_says_what_is_configured_and_what_answers() {
    let world = World::new();
    let status = world.get("/status").json;
    assert_eq!((&status["nats"], &status["deployment"]), (&json!({"configured": true}), &json!("test")));
    // Nobody keeps the documents here.
    let expected = json!({"state_update": true, "sync_request": true, "heartbeat": true, "ack": true,
        "crdt_merge": false, "sync_round": false});
    assert_eq!(status["capabilities"], expected);
    let bare = World::with(Settings { has_nats: false, ..settings() });
    assert_eq!(bare.get("/status").json["nats"], json!({"configured": false}));
    let documents = Info {
        component: "crdt-service",
        message: "",
        base: "/crdt",
        version: "0",
        constants: serde_json::Map::new,
    };
    native::mount("crdt-service", Service::new(documents));
    assert_eq!(bare.get("/status").json["capabilities"]["crdt_merge"], true);
}

#[test]
fn health_touches_the_store_below_every_name() {
    let world = World::new();
    for path in ["/health", "/agents/health"] {
        let well = world.get(path);
        assert_eq!((well.status, &well.json["store"]), (200, &json!("writable")), "{path}: {}", well.json);
        assert_eq!(well.json["component"], "agent-orchestrator");
        assert_eq!(well.json["components"], json!({"interaction-timeline": "ok"}));
    }
    drop(native::fresh_database());
    for path in ["/health", "/agents/health"] {
        let away = world.get(path);
        assert_eq!((away.status, &away.json["code"]), (503, &json!("unhealthy")), "{path}");
        assert_eq!(away.json["reason"], "store-unavailable");
    }
}

#[test]
fn health_fails_with_the_timeline_and_names_it() {
    let world = World::new();
    for code in [Code::InvalidSetting, Code::StoreUnavailable] {
        native::mount_unwell("interaction-timeline", "/timeline", code, "SEAL_EVENTS is wrong");
        for path in ["/health", "/agents/health"] {
            let unwell = world.get(path);
            assert_eq!((unwell.status, &unwell.json["code"]), (503, &json!("unhealthy")), "{}", unwell.json);
            assert_eq!(unwell.json["failing"], json!(["interaction-timeline"]));
            let detail = unwell.json["detail"].as_str().unwrap();
            assert!(detail.contains("interaction-timeline") && detail.contains("SEAL_EVENTS"), "{detail}");
        }
    }
    // What an agent is does not hang on the timeline.
    assert_eq!(world.get("/agents/0").status, 200);
    native::mount("interaction-timeline", interaction_timeline::service());
    assert_eq!(world.get("/health").status, 200);
}
