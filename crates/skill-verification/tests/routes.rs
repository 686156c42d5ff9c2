//! What is there, what is declared, and what a wrong setting does.

use http::Method;
use ramanujan_shell::native::{media_type, send};
use serde_json::json;

const PROBLEM: &str = "application/problem+json";

#[test]
fn root_and_health_answer_below_both_bases() {
    let service = skill_verification::service();
    for base in ["/verify", "/verify/", "/skills"] {
        let reply = send(&service, Method::GET, base, "");
        assert_eq!(reply.status, 200, "{base}");
        assert_eq!((&reply.json["status"], &reply.json["agents_total"]), (&json!("ok"), &json!(17)));
        assert_eq!((&reply.json["path"], &reply.json["request_size"]), (&json!("/"), &json!(0)));
    }
    for path in ["/verify/health", "/skills/health"] {
        let reply = send(&service, Method::GET, path, "");
        assert_eq!((reply.status, &reply.json["component"]), (200, &json!("skill-verification")), "{path}");
    }
}

#[test]
fn declared_routes_are_not_built_and_others_do_not_exist() {
    let service = skill_verification::service();
    for (method, path, other) in [
        (Method::POST, "/verify/analyze", Method::GET),
        (Method::POST, "/skills/analyze", Method::PUT),
        (Method::POST, "/verify/batch", Method::GET),
        (Method::POST, "/verify/similarity", Method::DELETE),
        (Method::GET, "/verify/agents", Method::POST),
    ] {
        let reply = send(&service, method, path, "{}");
        assert_eq!((reply.status, media_type(&reply)), (501, PROBLEM), "{path}");
        assert_eq!(reply.json["code"], json!("not-implemented"));
        assert_eq!(send(&service, other, path, "").status, 405, "{path}");
    }
    let unknown = send(&service, Method::GET, "/verify/nowhere", "");
    assert_eq!((unknown.status, media_type(&unknown)), (404, PROBLEM));
}

#[test]
fn another_number_of_verifiers_is_refused_at_every_request() {
    let service = skill_verification::service_with(|| Some("16".to_owned()));
    for (method, path) in [
        (Method::GET, "/verify"),
        (Method::GET, "/verify/health"),
        (Method::GET, "/verify/agents"),
        (Method::POST, "/verify/analyze"),
    ] {
        let reply = send(&service, method, path, "");
        assert_eq!((reply.status, media_type(&reply)), (500, PROBLEM), "{path}");
        assert_eq!(reply.json["code"], json!("invalid-setting"));
        assert!(reply.json["detail"].as_str().unwrap().contains("NUM_AGENTS=\"16\""));
    }
}
