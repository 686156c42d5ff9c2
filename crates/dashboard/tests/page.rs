//! The pages: served where people look for them, and closed to anything foreign.

use std::path::Path;

use http::Method;
use ramanujan_shell::Service;
use ramanujan_shell::native::{Reply, media_type, mount_folder, send, send_with};
use serde_json::json;

/// The pages and the scripts that they load, each with all it imports.
const PAGES: [&str; 4] = ["/dashboard", "/dashboard/timeline", "/dashboard/verification", "/dashboard/sites"];

/// The service with its folders as `spin.toml` mounts them.
fn service() -> Service {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    mount_folder("/page", root.join("assets"));
    mount_folder("/shared", root.join("../../web/shared"));
    mount_folder("/lib", root.join("../../target/web"));
    dashboard::service()
}

fn get(target: &str) -> Reply {
    send(&service(), Method::GET, target, "")
}

/// Every file that the pages name, and every module that these import.
fn files() -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut waiting: Vec<String> = PAGES.map(str::to_owned).to_vec();
    while let Some(path) = waiting.pop() {
        let content = text(&get(&path));
        for part in content.split(['"', '\'']) {
            let name = match part.strip_prefix("./") {
                Some(name) => format!("{}/{name}", path.rsplit_once('/').unwrap().0),
                None => part.to_owned(),
            };
            let is_file = name.starts_with("/dashboard/") && name.contains('.') && !name.contains(' ');
            if is_file && !found.contains(&name) {
                found.push(name.clone());
                if !name.contains("/lib/") {
                    waiting.push(name);
                }
            }
        }
    }
    found
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
    let reply = send_with(&service(), Method::GET, "/dashboard/", &[("accept", "application/json")], "");
    assert_eq!((reply.status, &reply.json["component"]), (200, &json!("dashboard")));
    let browser = [("accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8")];
    let reply = send_with(&service(), Method::GET, "/dashboard/", &browser, "");
    assert_eq!(media_type(&reply), "text/html; charset=utf-8");
}

#[test]
fn every_file_the_page_names_is_served_with_its_type_and_a_closed_policy() {
    let files = files();
    assert!(files.len() >= 10, "{files:?}");
    for path in &files {
        let reply = get(path);
        let expected = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("a file of another kind: {other}"),
        };
        assert_eq!(
            (reply.status, media_type(&reply)),
            (200, expected),
            "{path}; libraries are there after scripts/web.sh"
        );
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_nothing_is_inline() {
    let own = files().into_iter().filter(|path| !path.contains("/lib/"));
    for path in PAGES.map(str::to_owned).into_iter().chain(own) {
        let content = text(&get(&path)).replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http://", "https://", "src=\"//", "@import", "url("] {
            assert!(!content.contains(foreign), "{path} has {foreign}");
        }
    }
    for path in PAGES {
        let page = text(&get(path));
        for inline in ["<style", " style=", " onclick", " onload", " onerror"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
        let files =
            page.matches("<script type=\"module\" src=").count() + page.matches("<script src=").count();
        assert_eq!(page.matches("<script").count(), files, "{path}");
    }
}

#[test]
fn the_scripts_know_no_way_to_turn_text_into_markup() {
    for path in files().iter().filter(|path| path.ends_with(".js") && !path.contains("/lib/")) {
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
    for path in PAGES {
        let page = text(&get(path));
        for landmark in [
            "<html lang=",
            "<header",
            "<nav",
            "aria-current=\"page\"",
            "<main",
            "<footer",
            "aria-live=\"polite\"",
            "name=\"viewport\"",
            "<noscript>",
        ] {
            assert!(page.contains(landmark), "{path}: {landmark}");
        }
        for section in page.split("<section").skip(1) {
            let tag = section.split('>').next().unwrap();
            assert!(tag.contains("aria-label"), "{path}: {tag}");
        }
    }
    let style = text(&get("/dashboard/shared/base.css"));
    for feature in
        ["prefers-reduced-motion", "prefers-color-scheme: light", "#0f1419", "#1a1f2e", "#00d9ff", "#00ff88"]
    {
        assert!(style.contains(feature), "{feature}");
    }
}

#[test]
fn other_methods_and_paths_are_problems() {
    let reply = send(&service(), Method::POST, "/dashboard", "");
    assert_eq!((reply.status, &reply.json["code"]), (405, &json!("method-not-allowed")));
    assert_eq!(get("/dashboard/nowhere").status, 404);
    assert_eq!(get("/api/metrics?x=1").status, 422);
    // Nobody keeps a timeline here.
    assert_eq!(get("/dashboard/events").json["code"], json!("component-unreachable"));
    assert_eq!(get("/dashboard/health").json["component"], json!("dashboard"));
}

#[test]
fn the_description_of_the_api_is_served_as_json_and_only_when_it_changed() {
    let reply = get("/openapi.json");
    assert_eq!((reply.status, media_type(&reply)), (200, "application/json"));
    assert!(reply.json.is_object());
    let tag = reply.headers["etag"].to_str().unwrap();
    let again = send_with(&service(), Method::GET, "/openapi.json", &[("if-none-match", tag)], "");
    assert_eq!((again.status, again.body.len()), (304, 0));
}
