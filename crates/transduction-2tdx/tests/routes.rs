//! What is there and what is declared.

use std::collections::BTreeSet;

use http::Method;
use ramanujan_shell::native::{fresh_database, media_type, send};
use serde_json::{Value, json};

const PROBLEM: &str = "application/problem+json";

#[test]
fn root_and_health_answer_below_all_bases() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    for base in ["/sync", "/sync/", "/2tdx", "/skill", "/skill/"] {
        let reply = send(&service, Method::GET, base, "");
        assert_eq!(reply.status, 200, "{base}");
        for (member, value) in [
            ("status", json!("ok")),
            ("mode", json!("bidirectional")),
            ("self_verification", json!("enabled")),
            ("implemented", json!({"sync": true, "skill": true})),
            ("max_latency_ms", json!(100)),
            ("path", json!("/")),
            ("request_size", json!(0)),
        ] {
            assert_eq!(reply.json[member], value, "{member}");
        }
    }
    for path in ["/sync/health", "/2tdx/health", "/skill/health"] {
        let reply = send(&service, Method::GET, path, "");
        assert_eq!((reply.status, &reply.json["component"]), (200, &json!("transduction-2tdx")), "{path}");
        assert_eq!((&reply.json["store"], &reply.json["schema_version"]), (&json!("writable"), &json!(13)));
    }
}

#[test]
fn without_its_store_it_is_not_well() {
    let reply = send(&transduction_2tdx::service(), Method::GET, "/sync/health", "");
    assert_eq!((reply.status, &reply.json["reason"]), (503, &json!("store-unavailable")), "{}", reply.json);
}

#[test]
fn a_route_takes_its_methods_and_others_do_not_exist() {
    let service = transduction_2tdx::service();
    for (path, other) in [
        ("/sync", Method::PUT),
        ("/2tdx/sync", Method::GET),
        ("/sync/push", Method::GET),
        ("/2tdx/pull", Method::GET),
        ("/sync/exchange", Method::GET),
        ("/sync/verify", Method::GET),
        ("/sync/rollback", Method::GET),
        ("/sync/log", Method::POST),
        ("/sync/status", Method::POST),
        ("/2tdx/peers", Method::PUT),
        ("/sync/peers/vienna", Method::GET),
        ("/sync/peers/vienna/release", Method::GET),
        ("/sync/object/00ff", Method::DELETE),
        ("/skill/patterns", Method::DELETE),
        ("/skill/patterns/p", Method::PUT),
        ("/skill/patterns/p/versions", Method::POST),
        ("/skill/patterns/p/transduce", Method::GET),
        ("/skill/apply", Method::GET),
        ("/skill/generate", Method::GET),
        ("/skill/stats", Method::POST),
    ] {
        let refused = send(&service, other, path, "");
        assert_eq!((refused.status, media_type(&refused)), (405, PROBLEM), "{path}");
        assert!(refused.headers.contains_key("allow"));
    }
    let refused = send(&service, Method::DELETE, "/skill", "");
    assert_eq!((refused.status, media_type(&refused)), (405, PROBLEM));
    // A component cannot run a compiler, so there is no such route.
    for path in ["/sync/nowhere", "/skill/nowhere", "/skill/compile"] {
        let unknown = send(&service, Method::GET, path, "");
        assert_eq!((unknown.status, media_type(&unknown)), (404, PROBLEM), "{path}");
    }
}

/// References of a description.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            found.extend(
                reference.and_then(|text| text.strip_prefix("#/components/schemas/")).map(str::to_owned),
            );
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_description_has_every_route_and_every_type_and_an_example_of_each() {
    let described: Value = serde_json::from_str(include_str!("../api.json")).unwrap();
    let service = transduction_2tdx::service();
    let routes: BTreeSet<String> =
        service.routes().into_iter().map(|(method, pattern)| format!("{method} {pattern}")).collect();
    let names = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&described["routes"]), routes);
    let tried: BTreeSet<String> = described["examples"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|example| example["status"].as_u64().unwrap_or(200) < 400)
        .map(|example| example["route"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(routes.difference(&tried).collect::<Vec<_>>(), Vec::<&String>::new());
    let schemas = transduction_2tdx::api::schemas().finish();
    let mut referred = BTreeSet::new();
    references(&described, &mut referred);
    for schema in schemas.values() {
        references(schema, &mut referred);
    }
    let missing: Vec<_> = referred.iter().filter(|name| !schemas.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
