//! The page: served where the guides look for it, and closed to anything foreign.

use http::Method;
use ramanujan_shell::native::{Reply, media_type, send, send_with};
use serde_json::json;

fn get(target: &str) -> Reply {
    send(&dashboard::service(), Method::GET, target, "")
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

#[test]
fn the_page_is_html_at_each_of_its_addresses() {
    for path in ["/", "/dashboard", "/dashboard/"] {
        let reply = get(path);
        assert_eq!((reply.status, media_type(&reply)), (200, "text/html; charset=utf-8"), "{path}");
        let page = text(&reply);
        assert!(page.contains("<title>Ramanujan CRDT Network</title>"));
        assert!(page.contains("data-refresh=\"1000\""));
    }
}

#[test]
fn a_client_that_asks_for_json_gets_the_description() {
    let reply =
        send_with(&dashboard::service(), Method::GET, "/dashboard/", &[("accept", "application/json")], "");
    assert_eq!((reply.status, &reply.json["component"]), (200, &json!("dashboard")));
    let browser = [("accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8")];
    let reply = send_with(&dashboard::service(), Method::GET, "/dashboard/", &browser, "");
    assert_eq!(media_type(&reply), "text/html; charset=utf-8");
}

#[test]
fn every_file_the_page_names_is_served_with_its_type_and_a_closed_policy() {
    let page = text(&get("/dashboard"));
    let named: Vec<&str> = page
        .split('"')
        .filter(|part| part.starts_with("/dashboard/"))
        .chain(["/dashboard/charts.js"])
        .collect();
    assert!(named.len() >= 4, "{named:?}");
    for path in named {
        let reply = get(path);
        let expected = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("a file of another kind: {other}"),
        };
        assert_eq!((reply.status, media_type(&reply)), (200, expected), "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_nothing_is_inline() {
    for path in [
        "/dashboard",
        "/dashboard/app.js",
        "/dashboard/charts.js",
        "/dashboard/style.css",
        "/dashboard/icon.svg",
    ] {
        let content = text(&get(path)).replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http://", "https://", "src=\"//", "@import", "url("] {
            assert!(!content.contains(foreign), "{path} has {foreign}");
        }
    }
    let page = text(&get("/dashboard"));
    for inline in ["<style", " style=", " onclick", " onload", " onerror"] {
        assert!(!page.contains(inline), "{inline}");
    }
    assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=").count());
}

#[test]
fn the_scripts_know_no_way_to_turn_text_into_markup() {
    for path in ["/dashboard/app.js", "/dashboard/charts.js"] {
        let script = text(&get(path));
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "srcdoc",
            "DOMParser",
            "createContextualFragment",
            "setHTML",
            "javascript:",
        ] {
            assert!(!script.contains(sink), "{path} has {sink}");
        }
    }
}

#[test]
fn the_page_can_be_used_by_ear_and_without_motion() {
    let page = text(&get("/dashboard"));
    for landmark in [
        "<html lang=",
        "<header",
        "<main",
        "<footer",
        "aria-live=\"polite\"",
        "name=\"viewport\"",
        "<noscript>",
    ] {
        assert!(page.contains(landmark), "{landmark}");
    }
    for section in page.split("<section").skip(1) {
        let tag = section.split('>').next().unwrap();
        assert!(tag.contains("aria-label"), "{tag}");
    }
    let style = text(&get("/dashboard/style.css"));
    for feature in
        ["prefers-reduced-motion", "prefers-color-scheme: light", "#0f1419", "#1a1f2e", "#00d9ff", "#00ff88"]
    {
        assert!(style.contains(feature), "{feature}");
    }
}

#[test]
fn other_methods_and_paths_are_problems() {
    let reply = send(&dashboard::service(), Method::POST, "/dashboard", "");
    assert_eq!((reply.status, &reply.json["code"]), (405, &json!("method-not-allowed")));
    assert_eq!(get("/dashboard/nowhere").status, 404);
    assert_eq!(get("/api/metrics?x=1").status, 422);
    assert_eq!(get("/dashboard/events").status, 501);
    assert_eq!(get("/dashboard/health").json["component"], json!("dashboard"));
}
