//! Files of pages: found by name alone, and never outside their folder.

use std::fs;

use http::Method;
use proptest::prelude::*;
use ramanujan_shell::files::{Folder, MAX_FILE_BYTES};
use ramanujan_shell::native::{Reply, media_type, mount_folder, send, send_with};
use ramanujan_shell::{Info, Service};
use serde_json::Map;

fn service() -> Service {
    Service::new(Info {
        component: "files",
        message: "ready",
        base: "/files",
        version: "0",
        constants: Map::new,
    })
    .page(async |request| Folder::new("/page").serve(&request, "index.html"))
    .get("/files/{name}", async |request| {
        let name = request.param("name").to_owned();
        Folder::new("/page").serve(&request, &name)
    })
}

/// A folder with a secret beside it.
fn folder() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("secret.txt"), "secret").unwrap();
    let page = root.path().join("page");
    fs::create_dir_all(page.join("folder.js")).unwrap();
    for (name, content) in [
        ("index.html", "<!doctype html>"),
        ("app.js", "go()"),
        ("app.css", "a{}"),
        ("icon.svg", "<svg/>"),
        ("note.txt", "note"),
        ("data.bin", "bin"),
        (".hidden.js", "no"),
    ] {
        fs::write(page.join(name), content).unwrap();
    }
    mount_folder("/page", &page);
    root
}

fn get(target: &str) -> Reply {
    send(&service(), Method::GET, target, "")
}

#[test]
fn a_file_is_sent_with_its_type_and_a_closed_policy() {
    let _root = folder();
    for (name, expected) in [
        ("index.html", "text/html; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("note.txt", "text/plain; charset=utf-8"),
    ] {
        let reply = get(&format!("/files/{name}"));
        assert_eq!((reply.status, media_type(&reply)), (200, expected), "{name}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["cache-control"], "no-cache");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let root = folder();
    let first = get("/files/app.js");
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let reply =
            send_with(&service(), Method::GET, "/files/app.js", &[("if-none-match", known.as_str())], "");
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{known}");
        assert_eq!(reply.headers["etag"], tag.as_str());
    }
    fs::write(root.path().join("page/app.js"), "go(2)").unwrap();
    let reply = send_with(&service(), Method::GET, "/files/app.js", &[("if-none-match", tag.as_str())], "");
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"go(2)".as_slice()));
    let head = send(&service(), Method::HEAD, "/files/app.js", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn nothing_else_is_there() {
    let root = folder();
    for name in [
        "..%2Fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5Csecret.txt",
        "%2Fetc%2Fpasswd",
        "..",
        ".hidden.js",
        "data.bin",
        "folder.js",
        "absent.js",
        "app.js%00",
        "app.js%2F",
        "index",
        "%C3%A9.js",
    ] {
        let reply = get(&format!("/files/{name}"));
        assert_eq!((reply.status, reply.json["status"].as_u64()), (404, Some(404)), "{name}");
    }
    fs::File::create(root.path().join("page/huge.js")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    assert_eq!(get("/files/huge.js").json["code"], "unreadable-file");
}

#[test]
fn the_base_has_a_page_for_who_asks_for_one() {
    let _root = folder();
    let with = |accept: &str| send_with(&service(), Method::GET, "/files/", &[("accept", accept)], "");
    for accept in
        ["text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json;q=0.5, text/html"]
    {
        let reply = with(accept);
        assert_eq!(media_type(&reply), "text/html; charset=utf-8", "{accept}");
        assert_eq!(reply.headers["vary"], "accept");
    }
    for accept in ["*/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0", ""] {
        let reply = with(accept);
        assert_eq!(
            (reply.json["component"].as_str(), &reply.headers["vary"]),
            (Some("files"), &"accept".parse().unwrap()),
            "{accept}"
        );
    }
    assert_eq!(get("/files").json["message"], "ready");
    assert_eq!(send(&service(), Method::POST, "/files", "").status, 405);
}

#[test]
fn no_name_leads_out() {
    let root = folder();
    proptest!(|(name in "[./\\\\a-z%0-9]{0,24}")| {
        for name in [name.clone(), format!("{name}../secret.txt"), format!("../{name}")] {
            if let Ok(content) = Folder::new("/page").read(&name) {
                prop_assert!(!name.contains('/') && content != b"secret");
                prop_assert_eq!(fs::read(root.path().join("page").join(&name)).unwrap(), content);
            }
        }
    });
}
