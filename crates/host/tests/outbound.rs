//! Requests that components send: to each other, to themselves, to the network, and what is denied.

mod common;

use std::io::{Read as _, Write as _};

use common::{Application, http, manifest};

const PRIVATE: &str = "[[trigger.http]]\nroute = { private = true }\ncomponent = 'other'\n\
                       [component.other]\nsource = 'app.wasm'\n[component.untriggered]\nsource = 'app.wasm'\n";

#[test]
fn components_call_each_other_in_process() {
    let keys = "allowed_outbound_hosts = ['http://*.spin.internal']";
    let Some(app) = Application::new(&manifest(keys, PRIVATE)) else { return };
    for reuse in ["1", "8"] {
        let host = app.start(&["--max-instance-reuse", reuse]);
        let fetch = |url: &str, body: &str| host.post(&format!("/app/fetch?{url}"), body).text();
        assert_eq!(fetch("http://other.spin.internal/any/hello", ""), "200 hello");
        assert_eq!(fetch("http://other.spin.internal/echo", "payload"), "200 payload");
        assert_eq!(host.get("/other/hello").status, 404, "private triggers are not routed");
        let seen = fetch("http://other.spin.internal/deep/headers?q=1", "");
        for expected in [
            r#"["spin-path-info","/deep/headers"]"#,
            r#"["spin-matched-route","/..."]"#,
            r#"["spin-component-route",""]"#,
            r#"["spin-raw-component-route","/..."]"#,
            r#"["spin-full-url","http://localhost/deep/headers?q=1"]"#,
            r#"["spin-client-addr","0.0.0.0:0"]"#,
            r#""authority":"other.spin.internal""#,
        ] {
            assert!(seen.contains(expected), "{expected} is not in {seen}");
        }
        // A component may call itself: the inner call gets an instance of its own.
        let inner = "http://app.spin.internal/app/fetch?http://app.spin.internal/app/hello";
        assert_eq!(fetch(inner, ""), "200 200 hello");
        assert!(fetch("http://untriggered.spin.internal/hello", "").contains("DestinationNotFound"));
        assert!(fetch("http://nobody.spin.internal/hello", "").contains("HttpRequestDenied"));
    }
}

#[test]
fn concurrent_chains_do_not_block_each_other() {
    let keys = "allowed_outbound_hosts = ['http://*.spin.internal']";
    let Some(app) = Application::new(&manifest(keys, PRIVATE)) else { return };
    let host = app.start(&["--max-instance-reuse", "4"]);
    let chain = "/app/fetch?http://other.spin.internal/hello";
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|_| scope.spawn(|| (0..25).filter(|_| host.get(chain).status == 200).count()))
            .collect();
        let answered: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
        assert_eq!(answered, 32 * 25);
    });
}

#[test]
fn endless_recursion_ends_in_an_answer() {
    let keys = "allowed_outbound_hosts = ['http://app.spin.internal']";
    let Some(app) = Application::new(&manifest(keys, "")) else { return };
    let host = app.start(&["--request-timeout", "3s"]);
    // Each level fetches the same URL again.
    let url = "http://app.spin.internal/app/forward?".repeat(40) + "http://app.spin.internal/app/hello";
    assert_eq!(host.get(&format!("/app/forward?{url}")).status, 200);
    assert_eq!(host.get("/app/hello").text(), "hello");
}

#[test]
fn what_is_not_listed_is_denied() {
    let keys = "allowed_outbound_hosts = ['http://other.spin.internal', 'http://127.0.0.1:9']";
    let Some(app) = Application::new(&manifest(keys, PRIVATE)) else { return };
    let host = app.start(&[]);
    let fetch = |url: &str| host.get(&format!("/app/fetch?{url}")).text();
    assert_eq!(fetch("http://other.spin.internal/hello"), "200 hello");
    for url in [
        "http://app.spin.internal/app/hello".to_owned(),
        "https://other.spin.internal/hello".to_owned(),
        "http://example.com/".to_owned(),
        format!("http://{}/app/hello", host.address),
        "http://self.alt/app/hello".to_owned(),
        "/app/hello".to_owned(),
    ] {
        assert!(fetch(&url).contains("HttpRequestDenied"), "{url}: {}", fetch(&url));
    }
    assert!(fetch("http://127.0.0.1:9/").contains("ConnectionRefused"), "{}", fetch("http://127.0.0.1:9/"));
}

#[test]
fn the_own_address_is_reached_over_tcp() {
    let Some(app) = Application::new(&manifest("allowed_outbound_hosts = ['http://self']", "")) else {
        return;
    };
    let host = app.start(&[]);
    let fetch = |url: &str| host.get(&format!("/app/fetch?{url}")).text();
    assert_eq!(fetch("http://self.alt/app/hello"), "200 hello");
    assert_eq!(fetch("/app/hello"), "200 hello");
    let seen = fetch("http://self.alt/app/headers");
    assert!(seen.contains(r#"["spin-matched-route","/app/..."]"#), "{seen}");
    assert!(seen.contains(&format!(r#""authority":"{}""#, host.address)), "{seen}");
}

#[test]
fn the_network_is_reached_where_allowed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = vec![0; 4096];
        let length = stream.read(&mut seen).unwrap();
        stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nbody").unwrap();
        String::from_utf8_lossy(&seen[..length]).into_owned()
    });
    let keys = format!("allowed_outbound_hosts = ['http://127.0.0.1:{port}']");
    let Some(app) = Application::new(&manifest(&keys, "")) else { return };
    let host = app.start(&[]);
    assert_eq!(host.get(&format!("/app/fetch?http://127.0.0.1:{port}/x?y=z")).text(), "201 body");
    let seen = server.join().unwrap().to_ascii_lowercase();
    assert!(seen.starts_with("get /x?y=z http/1.1\r\n"), "{seen}");
    assert!(seen.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{seen}");
}

#[test]
fn a_client_that_leaves_ends_the_chain_behind_it() {
    let keys = "allowed_outbound_hosts = ['http://other.spin.internal']";
    let Some(app) = Application::new(&manifest(keys, PRIVATE)) else { return };
    let host = app.start(&["--request-timeout", "60s"]);
    for path in ["/app/busy", "/app/fetch?http://other.spin.internal/busy", "/app/endless-sql"] {
        let mut stream = std::net::TcpStream::connect(&host.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(stream);
    }
    // Were one of them still running, it would hold a processor (or the database) for a minute.
    let started = std::time::Instant::now();
    host.sql("CREATE TABLE t(a)", serde_json::json!([])).unwrap();
    for _ in 0..50 {
        assert_eq!(host.get("/app/hello").text(), "hello");
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
    let cpu = |host: &common::Host| host.processor_time();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let before = cpu(&host);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(cpu(&host) - before < 0.5, "something is still running");
    let _ = http::request(&host.address, "GET", "/app/hello", &[], b"");
}
