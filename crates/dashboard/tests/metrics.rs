//! The figures, from a network of which one component is real and the others answer as they would.

use dashboard::components::ALL;
use http::Method;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::native::{Reply, fresh_database, media_type, mount, mount_folder, send};
use ramanujan_shell::{Info, Service, ok};
use serde_json::{Value, json};

fn stand_in(component: &'static str, base: &'static str) -> Service {
    Service::new(Info { component, message: "", base, version: "1.2.3", constants: serde_json::Map::new })
}

/// Mounts all eleven but those in `down`.
fn network(down: &[&str]) {
    let up = |component: &str| !down.contains(&component);
    for component in ALL.into_iter().filter(|component| up(component.id)) {
        let base = component.health.strip_suffix("/health").unwrap();
        mount_folder("/page", concat!(env!("CARGO_MANIFEST_DIR"), "/assets"));
        let service = match component.id {
            "interaction-timeline" => interaction_timeline::service(),
            "dashboard" => dashboard::service(),
            "agent-orchestrator" => orchestrator(),
            "crdt-service" => stand_in(component.id, base).root_members(async |_| {
                Ok(serde_json::Map::from_iter([
                    ("documents".to_owned(), json!([
                        {"document_id": "d", "crdt_type": "text", "length": 5, "operations": 7, "heads": ["a:7"],
                         "vector_clock": {"a": 7}, "fingerprint": "00000000000000ff", "secret": "not shown"},
                        {"document_id": "e", "crdt_type": "text", "length": null, "operations": 2,
                         "heads": ["a:1", "b:1"], "vector_clock": {"a": 1, "b": 1}},
                    ])),
                    ("next_cursor".to_owned(), Value::Null),
                ]))
            }),
            _ => stand_in(component.id, base),
        };
        mount(component.id, service);
    }
}

fn orchestrator() -> Service {
    stand_in("agent-orchestrator", "/agents")
        .root_members(async |_| {
            let agents = json!([
                {"agent_id": "0", "mathematician": "<script>alert(1)</script>", "polarity": "positive", "color": "RED",
                 "is_active": true, "health_score": 0.6, "last_heartbeat_ago_ms": 1200, "neighbors": ["1"]},
                {"agent_id": "1", "mathematician": null, "polarity": "negative", "color": "BLUE", "is_active": false,
                 "health_score": 0.0, "last_heartbeat_ago_ms": null, "neighbors": ["0"]},
            ]);
            Ok(serde_json::Map::from_iter([("agents".to_owned(), agents)]))
        })
        .get("/status", async |_| {
            ok(&json!({"network": {"agents": 2, "active_agents": 1, "topology": "ramanujan-3d", "diameter": 2,
                                   "total_messages": 4, "total_syncs": 1}}))
        })
}

/// Events as subscribers get them: everything but the keep-alive lines.
fn subscribed(target: &str) -> Vec<Value> {
    let reply = get(target);
    assert_eq!((reply.status, media_type(&reply)), (200, "text/event-stream"), "{}", reply.json);
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.starts_with("retry: 1000\nid: "), "{text}");
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn get(target: &str) -> Reply {
    send(&dashboard::service(), Method::GET, target, "")
}

fn post_events(events: &Value) {
    let reply = send(&interaction_timeline::service(), Method::POST, "/timeline/events", events.to_string());
    assert_eq!(reply.status, 200, "{}", reply.json);
}

#[test]
fn every_panel_has_its_twin() {
    let _database = fresh_database();
    network(&[]);
    let event = |n: usize, color: &str| json!({"type": "<img src=x onerror=alert(1)>", "agent_id": "0", "color": color, "payload": {"n": n}});
    post_events(&json!([event(1, "RED"), event(2, "RED"), event(3, "BLUE"), event(4, "GREEN")]));
    let reply = get("/api/metrics");
    assert_eq!((reply.status, media_type(&reply)), (200, "application/json"));
    let metrics = reply.json;
    assert_eq!((&metrics["status"], &metrics["refresh_ms"]), (&json!("ok"), &json!(1000)));
    assert_eq!(metrics["colors"], json!({"RED": 2, "BLUE": 1, "GREEN": 1}));
    assert_eq!(metrics["network"]["topology"], json!("ramanujan-3d"));
    assert_eq!(metrics["network"]["active_agents"], json!(1));
    assert_eq!(metrics["network"]["healthy_components"], json!(11));
    assert_eq!(
        metrics["convergence"],
        json!({"documents": 2, "complete": true, "concurrent": 1, "label": "Concurrent edits open",
               "verifications": 1})
    );
    assert_eq!(metrics["documents"][0]["operations"], json!(7));
    assert_eq!(metrics["documents"][0]["secret"], Value::Null);
    assert_eq!(metrics["agents"][0]["mathematician"], json!("<script>alert(1)</script>"));
    assert_eq!(metrics["agents"][0]["color_indicator"], json!("yellow"));
    assert_eq!(metrics["events"].as_array().unwrap().len(), 4);
    assert_eq!(metrics["event_types"], json!({"<img src=x onerror=alert(1)>": 4}));
    assert_eq!((&metrics["problems"], &metrics["flows"]), (&json!([]), &json!([])));
    let components = metrics["components"].as_array().unwrap();
    assert_eq!(components.len(), 11);
    for component in components {
        assert_eq!((&component["healthy"], &component["state"]), (&json!(true), &json!("healthy")));
        assert!(component["latency_ms"].as_f64().unwrap() >= 0.0);
    }
    let figures = &metrics["performance"];
    assert_eq!((&figures["total_events"], &figures["events_per_second"]), (&json!(4), &json!(0.4)));
    assert_eq!((&figures["latency_samples"], &figures["total_bytes"]), (&json!(18), &json!(0)));
    let ascending: Vec<f64> = ["min", "p50", "p95", "p99", "max"]
        .iter()
        .map(|name| figures[format!("{name}_latency_ms")].as_f64().unwrap())
        .collect();
    assert!(ascending.is_sorted(), "{ascending:?}");
}

#[test]
fn a_component_that_is_down_is_shown_and_breaks_nothing() {
    for down in ALL.map(|component| component.id) {
        let _database = fresh_database();
        network(&[down]);
        let reply = get("/api/metrics");
        assert_eq!(reply.status, 200, "{down}");
        let states: Vec<_> =
            reply.json["components"].as_array().unwrap().iter().map(|c| c["state"].clone()).collect();
        let expected: Vec<_> = ALL
            .iter()
            .map(|component| json!(if component.id == down { "unreachable" } else { "healthy" }))
            .collect();
        assert_eq!(states, expected);
        assert_eq!(reply.json["network"]["healthy_components"], json!(10));
        for (owner, panel) in [
            ("interaction-timeline", "colors"),
            ("interaction-timeline", "events"),
            ("agent-orchestrator", "agents"),
            ("crdt-service", "documents"),
        ] {
            assert_eq!(reply.json[panel].is_null(), owner == down, "{panel} with {down} down");
        }
        let errors = get("/api/errors").json;
        assert_eq!(errors["errors"][0]["component"], json!(down));
        assert_eq!(errors["errors"][0]["code"], json!("component-unreachable"));
    }
}

#[test]
fn with_nobody_there_nothing_is_made_up() {
    let _database = fresh_database();
    let metrics = get("/api/metrics").json;
    assert_eq!(metrics["network"]["healthy_components"], json!(0));
    for name in ["min", "avg", "p50", "p95", "p99", "max"] {
        assert_eq!(metrics["performance"][format!("{name}_latency_ms")], Value::Null);
    }
    for panel in ["agents", "documents", "colors", "events"] {
        assert_eq!(metrics[panel], Value::Null);
    }
    assert_eq!(metrics["convergence"]["label"], Value::Null);
    assert_eq!(metrics["performance"]["total_events"], Value::Null);
}

#[test]
fn a_component_that_fails_is_told_from_one_that_is_gone() {
    let _database = fresh_database();
    network(&["egraph-service"]);
    let failing = stand_in("egraph-service", "/other")
        .get("/egraph/health", async |_| Err(Problem::new(Code::StoreUnavailable, "no store")));
    mount("egraph-service", failing);
    let metrics = get("/api/metrics").json;
    let egraph = &metrics["components"][4];
    assert_eq!((&egraph["component"], &egraph["state"]), (&json!("egraph-service"), &json!("failing")));
    assert_eq!((&egraph["healthy"], &egraph["latency_ms"]), (&json!(false), &Value::Null));
    assert_eq!(metrics["problems"][0]["code"], json!("store-unavailable"));
    assert_eq!(get("/api/errors").json["count"], json!(1));
}

#[test]
fn rates_come_from_the_timeline() {
    let database = fresh_database();
    network(&[]);
    let events: Vec<_> =
        (0..20).map(|n| json!({"type": "x", "agent_id": "a", "payload": {"n": n}})).collect();
    post_events(&json!(events));
    let windows = get("/api/throughput").json;
    let rows = windows["windows"].as_array().unwrap();
    assert_eq!(
        rows.iter().map(|row| row["window_s"].as_u64().unwrap()).collect::<Vec<_>>(),
        [1, 10, 60, 600]
    );
    assert_eq!((&rows[3]["events"], &windows["total_events"]), (&json!(20), &json!(20)));
    let now = get("/api/metrics/realtime").json;
    assert_eq!((&now["events_per_second"], &now["last_seq"]), (&json!(2.0), &json!(20)));
    drop(database);
    let gone = get("/api/metrics/realtime");
    assert_eq!((gone.status, &gone.json["code"]), (502, &json!("component-unreachable")));
    assert_eq!(get("/api/throughput").status, 502);
}

#[test]
fn flows_and_bytes_are_those_that_the_timeline_measures() {
    let _database = fresh_database();
    network(&[]);
    let message = |kind: &str, size: u64| {
        json!({"type": kind, "from": "0", "to": "1", "payload_size": size,
                                                 "payload": {"message_id": format!("m{size}")}})
    };
    post_events(&json!([
        message("MessageSent", 100),
        message("MessageSent", 23),
        message("MessageReceived", 100)
    ]));
    let metrics = get("/api/metrics").json;
    let flow = &metrics["flows"][0];
    assert_eq!((&flow["source"], &flow["target"]), (&json!("0"), &json!("1")), "{flow}");
    assert_eq!((&flow["message_count"], &flow["total_bytes"]), (&json!(2), &json!(123)), "{flow}");
    assert_eq!(metrics["performance"]["total_bytes"], json!(123));
    assert_eq!(metrics["performance"]["measured_s"], json!(60));
}

#[test]
fn past_errors_are_those_of_the_timeline_in_that_time() {
    let _database = fresh_database();
    network(&[]);
    let event = |kind: &str, time: &str| json!({"type": kind, "agent_id": "a", "timestamp": time});
    post_events(&json!([
        event("verification-failed", "2026-01-01T00:00:00Z"),
        event("MessageFailed", "2026-01-02T00:00:00Z"),
        event("operation", "2026-01-02T00:00:00Z"),
        event("verification-failed", "2026-01-03T00:00:00Z"),
    ]));
    let times = |target: &str| -> Vec<String> {
        let reply = get(target);
        assert_eq!(reply.status, 200, "{}", reply.json);
        let time = |event: &Value| event["timestamp"].as_str().unwrap()[..10].to_owned();
        reply.json["errors"].as_array().unwrap().iter().map(time).collect()
    };
    assert_eq!(times("/api/errors?from=2026-01-01T00:00:00Z"), ["2026-01-03", "2026-01-02", "2026-01-01"]);
    assert_eq!(times("/api/errors?to=2026-01-02T12:00:00Z"), ["2026-01-02", "2026-01-01"]);
    assert_eq!(times("/api/errors?from=2026-01-02T12:00:00Z&to=2026-01-02T13:00:00Z"), [""; 0]);
    for wrong in [
        "from=noon",
        "from=2026-01-01T00:00:00Z&limit=0",
        "from=2026-01-01T00:00:00Z&agent=a",
        "from=2026-01-01T00:00:00Z&cursor=x",
        "limit=3",
        "cursor=1.1",
    ] {
        assert_eq!(get(&format!("/api/errors?{wrong}")).status, 422, "{wrong}");
    }
}

/// Every error of a time, page by page, as the timeline wrote them.
fn past_errors(window: &str, limit: usize) -> Vec<Value> {
    let (mut errors, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = get(&format!("/api/errors?{window}&limit={limit}{cursor}"));
        assert_eq!(reply.status, 200, "{}", reply.json);
        let page = reply.json["errors"].as_array().unwrap();
        assert_eq!((page.len() <= limit, &reply.json["count"]), (true, &json!(page.len())));
        errors.extend(page.iter().cloned());
        let next = &reply.json["next_cursor"];
        assert_eq!(reply.json["more"], json!(!next.is_null()));
        match next.as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return errors,
        }
    }
}

#[test]
fn past_errors_are_all_of_them_whatever_the_page() {
    let _database = fresh_database();
    network(&[]);
    // Every third tells of an error, in one of three ways; several stand at one time.
    let event = |n: u64| {
        let payload = match n % 9 {
            0 => json!({"n": n, "error": {"code": "disk-full"}}),
            _ => json!({"n": n, "error": null}),
        };
        let kind = match n % 9 {
            3 => "MessageFailed",
            6 => "verification-failed",
            _ => "operation",
        };
        json!({"type": kind, "agent_id": "a", "timestamp": 1_767_225_600_000 + n / 4, "payload": payload})
    };
    let events: Vec<_> = (0..200).map(event).collect();
    post_events(&json!(events[..100]));
    post_events(&json!(events[100..]));
    let expected: Vec<u64> = (0..200).rev().filter(|n| n % 3 == 0).collect();
    for limit in [1, 2, 7, 66, 67, 68, 1000] {
        let found = past_errors("from=2026-01-01T00:00:00Z", limit);
        let numbers: Vec<_> = found.iter().map(|event| event["payload"]["n"].as_u64().unwrap()).collect();
        assert_eq!(numbers, expected, "limit={limit}");
    }
    assert_eq!(past_errors("to=2026-01-01T00:00:00Z", 10), [json!(null); 0]);
    let first = get("/api/errors?from=2026-01-01T00:00:00Z&limit=2").json;
    assert_eq!((&first["count"], &first["more"], &first["examined"]), (&json!(2), &json!(true), &json!(5)));
}

#[test]
fn a_long_time_without_errors_is_read_in_several_requests() {
    let _database = fresh_database();
    network(&[]);
    let event = |n: u64| {
        json!({"type": if n == 0 { "MessageFailed" } else { "x" }, "agent_id": "a",
                                "timestamp": 1_767_225_600_000 + n, "payload": {"n": n}})
    };
    let all: Vec<_> = (0..20_500).map(event).collect();
    for batch in all.chunks(1000) {
        post_events(&json!(batch));
    }
    let first = get("/api/errors?from=2026-01-01T00:00:00Z").json;
    assert_eq!(
        (&first["count"], &first["more"], &first["examined"]),
        (&json!(0), &json!(true), &json!(20_000))
    );
    assert_eq!(past_errors("from=2026-01-01T00:00:00Z", 100).len(), 1);
}

#[test]
fn events_are_handed_on_with_every_digit() {
    let _database = fresh_database();
    network(&[]);
    let event = r#"{"type":"MessageFailed","agent_id":"a","timestamp":"2026-01-01T00:00:00Z",
                    "payload":{"below":9007199254740993,"wei":100000000000000000001}}"#;
    send(&interaction_timeline::service(), Method::POST, "/timeline/events", event);
    for target in ["/api/metrics", "/api/errors?from=2026-01-01T00:00:00Z"] {
        let body = String::from_utf8(get(target).body).unwrap();
        assert!(
            body.contains(r#"{"below":9007199254740993,"wei":100000000000000000001}"#),
            "{target}: {body}"
        );
    }
}

#[test]
fn events_are_streamed_from_where_the_subscriber_was() {
    let _database = fresh_database();
    network(&[]);
    let events: Vec<_> = (0..150)
        .map(|n| json!({"type": "x", "agent_id": if n % 2 == 0 {"a"} else {"b"}, "payload": {"n": n}}))
        .collect();
    post_events(&json!(events));
    let seqs =
        |events: Vec<Value>| events.iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(seqs(subscribed("/dashboard/events?after=0&max_ms=50")), (1..=150).collect::<Vec<_>>());
    assert_eq!(seqs(subscribed("/dashboard/events?after=147&max_ms=5")), [148, 149, 150]);
    assert_eq!(seqs(subscribed("/dashboard/events?after=145&agent=b&max_ms=5")), [146, 148, 150]);
    assert_eq!(seqs(subscribed("/dashboard/events?max_ms=5")), [0; 0]);
    // A browser whose stream ends before anything came knows where to go on.
    let body = get("/dashboard/events?max_ms=5").body;
    assert!(String::from_utf8(body).unwrap().starts_with("retry: 1000\nid: 150\n\n"));
    assert_eq!(get("/dashboard/events?after=151").status, 409);
    let exact = r#"{"type":"x","agent_id":"a","payload":{"wei":100000000000000000001}}"#;
    send(&interaction_timeline::service(), Method::POST, "/timeline/events", exact);
    let body = get("/dashboard/events?after=150&max_ms=5").body;
    assert!(String::from_utf8(body).unwrap().contains(r#""wei":100000000000000000001"#));
    for wrong in ["after=x", "max_ms=0", "max_ms=25001", "color=PINK", "since=3"] {
        assert_eq!(get(&format!("/dashboard/events?{wrong}")).status, 422, "{wrong}");
    }
}
