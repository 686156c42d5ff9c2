//! How requests find components and what components learn about them.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Application, http, manifest};

#[test]
fn components_learn_how_they_were_reached() {
    let more = "[[trigger.http]]\nroute = '/named/:user_id/headers'\ncomponent = 'app'\n\
                [[trigger.http]]\nroute = '/static'\nstatic_response = { status_code = 418, body = 'tea', headers = { x-a = 'b' } }\n\
                [[trigger.http]]\nroute = '/app/exact'\nstatic_response = { body = 'exact' }";
    let Some(app) = Application::new(&manifest("", more)) else { return };
    let host = app.start(&[]);
    let headers = |path: &str, sent: &[(&str, &str)]| {
        let answer = http::request(&host.address, "GET", path, sent, b"").json();
        let list: Vec<(String, String)> = serde_json::from_value(answer["headers"].clone()).unwrap();
        let find = move |name: &str| list.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        (answer, find)
    };
    let (answer, header) = headers("/app/x/headers?q=1", &[("spin-path-info", "forged"), ("x-mine", "1")]);
    assert_eq!(header("spin-path-info").unwrap(), "/x/headers");
    assert_eq!(header("spin-full-url").unwrap(), format!("http://{}/app/x/headers?q=1", host.address));
    assert_eq!(header("spin-matched-route").unwrap(), "/app/...");
    assert_eq!(header("spin-component-route").unwrap(), "/app");
    assert_eq!(header("spin-raw-component-route").unwrap(), "/app/...");
    assert_eq!(header("spin-base-path").unwrap(), "/");
    assert!(header("spin-client-addr").unwrap().starts_with("127.0.0.1:"));
    assert_eq!(header("x-mine").unwrap(), "1");
    assert_eq!(header("connection"), None);
    assert_eq!(answer["path"], "/app/x/headers");
    assert_eq!(answer["authority"], host.address.as_str());

    let (_, header) = headers("/named/42/headers", &[]);
    assert_eq!(header("spin-path-match-user-id").unwrap(), "42");
    assert_eq!(header("spin-path-info").unwrap(), "");

    let answer = host.get("/static");
    assert_eq!((answer.status, answer.text().as_str(), answer.header("x-a")), (418, "tea", Some("b")));
    assert_eq!(host.get("/app/exact").text(), "exact");
    host.get("/elsewhere").assert_problem(404, "no-route");
}

#[test]
fn what_is_no_uri_or_no_http_is_answered_with_a_problem_document() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    for path in ["/app/hello?q=\"x\"", "/app/<x>", "/app/^?{\"a\":1}"] {
        host.get(path).assert_problem(400, "bad-target");
    }
    host.get("/app/hello there").assert_problem(400, "bad-request");
    http::request(&host.address, "G(T", "/app/hello", &[], b"").assert_problem(400, "bad-request");
    http::request(&host.address, "GET", "/app/hello", &[("x y", "z")], b"")
        .assert_problem(400, "bad-request");
    let long = host.get(&format!("/app/hello?at={}", "%22a:1%22,".repeat(10_000)));
    long.assert_problem(414, "target-too-long");
    assert!(long.text().contains("recover"), "{}", long.text());
    let field = "y".repeat(1 << 20);
    http::request(&host.address, "GET", "/app/hello", &[("x", &field)], b"")
        .assert_problem(431, "head-too-large");
    // On a kept connection, behind requests that were sent at once; and then the connection ends.
    let mut stream = TcpStream::connect(&host.address).unwrap();
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    let requests = [request("/app/hello"), request("/nowhere"), request("/app/\"<")].concat();
    stream.write_all(requests.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let found = |text: &str| answers.find(text).unwrap_or_else(|| panic!("no {text:?} in {answers}"));
    assert!(found("hello") < found("no-route") && found("no-route") < found("bad-target"), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 3, "{answers}");
}

#[test]
fn a_body_that_looks_like_a_refusal_arrives_whole() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    let text = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for body in [text.to_owned(), "x".repeat(100_000) + text, text.trim_end().to_owned() + "\r\n"] {
        let answer = host.post("/app/echo", &body);
        assert_eq!((answer.status, answer.text()), (200, body));
    }
    let more = format!(
        "[[trigger.http]]\nroute = '/refused'\nstatic_response = {{ status_code = 400 }}\n\
                        [[trigger.http]]\nroute = '/told'\nstatic_response = {{ body = {text:?} }}"
    );
    let Some(app) = Application::new(&manifest("", &more)) else { return };
    let host = app.start(&[]);
    let mut stream = BufReader::new(TcpStream::connect(&host.address).unwrap());
    for _ in 0..3 {
        let started = Instant::now();
        for (path, length, expected) in [("/refused", 0, ""), ("/told", text.len(), text)] {
            write!(stream.get_mut(), "GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            assert_eq!(String::from_utf8(body).unwrap(), expected);
            assert!(!head.contains("content-type"), "{head}");
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[test]
fn the_well_known_paths_answer_as_spin_does() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    let health = host.get("/.well-known/spin/health");
    assert_eq!((health.status, health.text().as_str()), (200, "OK"));
    let info = host.get("/.well-known/spin/info");
    assert_eq!(info.header("content-type"), Some("application/json"));
    assert_eq!(info.json(), serde_json::json!({ "name": "host-test", "version": "1.2.3" }));
    assert_eq!(host.get("/.well-known/spin/other").status, 404);
}

#[test]
fn bad_requests_get_a_precise_answer_and_harm_nobody() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    let hosts: [(&[(&str, &str)], &str); 3] = [
        (&[("host", "a b")], "is no host"),
        (&[("host", "a"), ("host", "b")], "several"),
        (&[("host", "app.spin.internal")], "app.spin.internal, by which only components"),
    ];
    for (sent, named) in hosts {
        let answer = http::request(&host.address, "GET", "/app/hello", sent, b"");
        answer.assert_problem(400, "invalid-host");
        assert!(answer.text().contains(named), "{}", answer.text());
    }
    assert_eq!(host.get("/app/hello").text(), "hello");
}

#[test]
fn bodies_stream_in_both_directions() {
    use std::io::Write as _;
    use std::time::{Duration, Instant};

    let Some(app) = Application::new(&manifest("allowed_outbound_hosts = ['http://app.spin.internal']", ""))
    else {
        return;
    };
    let host = app.start(&[]);
    for path in ["/app/stream", "/app/forward?http://app.spin.internal/app/stream"] {
        let started = Instant::now();
        let mut response = http::open(&host.address, "GET", path, &[], b"");
        assert_eq!(response.chunk().unwrap(), b"data: 0\n\n");
        let first = started.elapsed();
        let mut events = 1;
        while response.chunk().is_some() {
            events += 1;
        }
        assert_eq!(events, 5, "{path}: an event per chunk");
        assert!(first + Duration::from_millis(250) < started.elapsed(), "{path}: the first event came late");
    }
    // A request body whose end is sent only after its beginning has come back.
    let mut stream = std::net::TcpStream::connect(&host.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "POST /app/echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        .unwrap();
    let mut response = http::Streaming::read_head(stream.try_clone().unwrap());
    assert_eq!(response.chunk().unwrap(), b"first");
    write!(stream, "6\r\nsecond\r\n0\r\n\r\n").unwrap();
    assert_eq!(response.chunk().unwrap(), b"second");
    let large = vec![b'x'; 5 << 20];
    let echoed = http::request(&host.address, "POST", "/app/echo", &[], &large);
    assert!(echoed.body == large, "{} bytes came back", echoed.body.len());
}
