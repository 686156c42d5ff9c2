//! The e-graph of an agent's operations: what is asked of the timeline and of egraph-service, and what comes back.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::World;
use http::Method;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::native::{self, Reply};
use ramanujan_shell::{Info, Service, ok};
use serde_json::{Value, json};

fn stand_in(component: &'static str, base: &'static str) -> Service {
    Service::new(Info { component, message: "", base, version: "0", constants: serde_json::Map::new })
}

/// A timeline that holds `events`, newest last, and answers a query as the real one does.
fn mount_timeline(events: Vec<Value>) {
    let service = stand_in("interaction-timeline", "/timeline").get("/timeline/query", move |request| {
        let query = request.query();
        assert_eq!((query.get("type"), query.get("order")), (Some("operation"), Some("newest")));
        let limit: usize = query.parse("limit").unwrap().unwrap();
        let before: u64 = query.parse("cursor").unwrap().unwrap_or(u64::MAX);
        let wanted = |event: &&Value| {
            Some(event["agent_id"].as_str().unwrap()) == query.get("agent")
                && event["seq"].as_u64() < Some(before)
        };
        let matching: Vec<&Value> = events.iter().rev().filter(wanted).collect();
        let page: Vec<Value> = matching.iter().take(limit).map(|event| (*event).clone()).collect();
        let next = (matching.len() > limit).then(|| page.last().unwrap()["seq"].to_string());
        let reply = ok(&json!({"events": page, "next_cursor": next}));
        async move { reply }
    });
    native::mount("interaction-timeline", service);
}

fn mount_egraph(answer: Result<Value, Problem>) -> Rc<RefCell<Vec<Value>>> {
    let asked: Rc<RefCell<Vec<Value>>> = Rc::default();
    let service = stand_in("egraph-service", "/egraph").post("/egraph/saturate", {
        let asked = asked.clone();
        move |request| {
            asked.borrow_mut().push(request.json().unwrap());
            let reply = answer.clone().and_then(|answer| ok(&answer));
            async move { reply }
        }
    });
    native::mount("egraph-service", service);
    asked
}

fn event(seq: u64, agent: &str, color: &str) -> Value {
    json!({
        "seq": seq, "event_id": format!("{seq:064x}"), "type": "operation", "agent_id": agent, "color": color,
        "operation": if color == "RED" { "insert" } else { "delete" }, "document_id": "d",
        "vector_clock": {agent: seq}, "fingerprint": format!("{seq:016x}"),
    })
}

fn saturated() -> Value {
    json!({"canonical_form": "(merge x y)", "color": "RED", "nodes": 5, "classes": 4, "cost": 3,
           "stop_reason": "saturated", "verified": true})
}

fn operations(reply: &Reply) -> Vec<Value> {
    reply.json["operations"].as_array().unwrap().iter().map(|op| op["operation_id"].clone()).collect()
}

#[test]
fn the_latest_operations_are_joined_and_saturated() {
    let world = World::new();
    mount_timeline(vec![
        event(1, "0", "RED"),
        event(2, "1", "RED"),
        event(3, "0", "BLUE"),
        event(4, "0", "RED"),
    ]);
    let asked = mount_egraph(Ok(saturated()));
    let reply = world.get("/agent/0/egraph");
    assert_eq!(reply.status, 200, "{}", reply.json);
    assert_eq!(reply.json["agent_id"], json!(0));
    assert_eq!(operations(&reply), ["0:1", "0:3", "0:4"]);
    let term = "(merge (merge delta-0000000000000001 (inv delta-0000000000000003)) delta-0000000000000004)";
    assert_eq!(reply.json["term"], json!(term));
    assert_eq!(asked.borrow()[0]["expression"], json!(term));
    assert_eq!(reply.json["canonical_form"], json!("(merge x y)"));
    assert_eq!((&reply.json["egraph_nodes"], &reply.json["egraph_classes"]), (&json!(5), &json!(4)));
    assert_eq!(world.get("/agent/0/state").json["egraph_nodes"], json!(5));
    assert_eq!(world.get("/status").json["network"]["total_nodes"], json!(5));
}

#[test]
fn earlier_operations_are_on_later_pages() {
    let world = World::new();
    mount_timeline((1..=5).map(|seq| event(seq, "0", "RED")).collect());
    mount_egraph(Ok(saturated()));
    let newest = world.get("/agent/0/egraph?limit=2");
    assert_eq!(operations(&newest), ["0:4", "0:5"]);
    let cursor = newest.json["next_cursor"].as_str().unwrap();
    let earlier = world.get(&format!("/agent/0/egraph?limit=2&cursor={cursor}"));
    assert_eq!(operations(&earlier), ["0:2", "0:3"]);
}

#[test]
fn an_agent_without_operations_has_an_empty_graph_and_nobody_is_asked() {
    let world = World::new();
    mount_timeline(Vec::new());
    let reply = world.get("/agent/0/egraph");
    assert_eq!((reply.status, &reply.json["egraph_nodes"]), (200, &json!(0)));
    assert_eq!((&reply.json["term"], &reply.json["operations"]), (&Value::Null, &json!([])));
}

#[test]
fn a_refusal_is_passed_on() {
    let world = World::new();
    mount_timeline(vec![event(1, "0", "RED")]);
    mount_egraph(Err(Problem::new(Code::BodyTooLarge, "too large")));
    let reply = world.get("/agent/0/egraph");
    assert_eq!((reply.status, &reply.json["code"]), (413, &json!("body-too-large")));
    assert_eq!(reply.json["component"], json!("egraph-service"));
    assert_eq!(world.get("/agent/nobody/egraph").status, 404);
    assert_eq!(world.get("/agent/0/egraph?limit=21").status, 422);
    assert_eq!(world.send(Method::POST, "/agent/0/egraph").status, 405);
}
