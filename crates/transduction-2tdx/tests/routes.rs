//! What is there and what is declared.

use http::Method;
use ramanujan_shell::native::{fresh_database, media_type, send};
use serde_json::json;

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
        assert_eq!((&reply.json["store"], &reply.json["schema_version"]), (&json!("writable"), &json!(12)));
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
