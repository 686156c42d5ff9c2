//! Each rule of repeating, each kind of error and each form of reply, against a real socket.

use std::io::BufRead;

use serde_json::{Value, json};

use super::*;
use crate::ErrorKind;
use crate::test_server::{Act, DATE, Server, StillClock, nobody, ok, refuse};

/// A client that waits by a clock that stands still, and that clock.
fn client(url: &str) -> (Client, Arc<StillClock>) {
    let clock = Arc::new(StillClock::default());
    let options = Options::new(url).clock(Arc::clone(&clock) as Arc<dyn Clock>).jitter_seed(1);
    (Client::new(options).unwrap(), clock)
}

fn lines(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.line).collect()
}

#[test]
fn replies_that_promise_no_outcome_are_repeated() {
    let server = Server::start([429, 500, 502, 503, 504].map(refuse).into_iter().chain([ok("7")]));
    let (client, clock) = client(&server.url());
    assert_eq!(client.get("/x?y=1").json::<u64>().unwrap(), 7);
    assert_eq!(lines(&server), vec!["GET /x?y=1"; 6]);
    let pauses: Vec<u128> = clock.pauses().iter().map(Duration::as_millis).collect();
    for (pause, ceiling) in pauses.iter().zip([100, 200, 400, 800, 1600]) {
        assert!((ceiling / 2..=ceiling).contains(pause), "{pauses:?}");
    }
    assert_eq!((pauses.len(), server.connections()), (5, 1), "one kept connection");
}

#[test]
fn any_other_reply_is_final() {
    for status in [400, 401, 404, 409, 410, 413, 422, 501, 505] {
        let server = Server::start([refuse(status), ok("7")]);
        let (client, clock) = client(&server.url());
        let error = client.get("/x").json::<u64>().unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Refused, status));
        assert_eq!((server.seen().len(), clock.pauses().len()), (1, 0), "{status}");
    }
}

#[test]
fn a_lost_connection_is_repeated_at_whatever_point_it_broke() {
    let server = Server::start([Act::HangUp, Act::CutShort, ok("7")]);
    let (client, clock) = client(&server.url());
    assert_eq!(client.get("/x").json::<u64>().unwrap(), 7);
    assert_eq!((server.seen().len(), clock.pauses().len()), (3, 2));
}

#[test]
fn a_post_is_sent_once() {
    for act in [refuse(503), refuse(429), Act::HangUp, Act::CutShort] {
        let server = Server::start([act, ok("7")]);
        let (client, clock) = client(&server.url());
        let error = client.post("/x", b"{}").json::<u64>().unwrap_err();
        assert!(error.is_passing(), "{error}");
        assert_eq!((server.seen().len(), clock.pauses().len()), (1, 0));
    }
}

#[test]
fn a_post_that_the_caller_calls_idempotent_is_repeated_as_it_was() {
    let server = Server::start([refuse(503), Act::HangUp, ok("7")]);
    let (client, _) = client(&server.url());
    let body = json!({"agent_id": "a", "seq": 1}).to_string();
    assert_eq!(client.post("/x", body.as_bytes()).idempotent().json::<u64>().unwrap(), 7);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    for request in seen {
        assert_eq!((request.line.as_str(), request.body.as_slice()), ("POST /x", body.as_bytes()));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("idempotency-key"), None);
    }
}

#[test]
fn a_post_with_a_key_is_repeated_under_that_key() {
    let server = Server::start([refuse(503), ok("7")]);
    let (client, _) = client(&server.url());
    assert_eq!(client.post("/x", b"{}").idempotency_key("k-1").json::<u64>().unwrap(), 7);
    let keys: Vec<_> =
        server.seen().iter().map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys, vec![Some("k-1".to_owned()); 2]);
}

#[test]
fn a_key_that_the_network_would_refuse_is_not_sent() {
    let server = Server::start([ok("7")]);
    let (client, _) = client(&server.url());
    for key in ["", "two words", "schlüssel", "line\nbreak", &"k".repeat(256)] {
        let error = client.post("/x", b"{}").idempotency_key(key).json::<u64>().unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Address, "invalid-idempotency-key"), "{key:?}");
    }
    assert_eq!(client.post("/x", b"{}").idempotency_key(&"k".repeat(255)).json::<u64>().unwrap(), 7);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn put_and_delete_are_idempotent_by_their_methods() {
    let server = Server::start([refuse(503), ok("1"), refuse(503), ok("2")]);
    let (client, _) = client(&server.url());
    assert_eq!(client.put("/x", b"[1]").json::<u64>().unwrap(), 1);
    assert_eq!(client.delete("/y").json::<u64>().unwrap(), 2);
    assert_eq!(lines(&server), ["PUT /x", "PUT /x", "DELETE /y", "DELETE /y"]);
    assert_eq!(server.seen()[1].body, b"[1]");
}

#[test]
fn once_is_once() {
    let server = Server::start([refuse(503), ok("7")]);
    let (client, clock) = client(&server.url());
    assert_eq!(client.get("/x").once().done().unwrap_err().status(), 503);
    assert_eq!((server.seen().len(), clock.pauses().len()), (1, 0));
}

#[test]
fn retry_after_is_a_lower_bound_of_the_pause() {
    let date = httpdate::fmt_http_date(DATE + Duration::from_secs(15));
    let busy = |value: String| Act::Reply(503, vec![format!("Retry-After: {value}")], String::new());
    let server = Server::start([busy("5".into()), busy(date), busy("soon".into()), ok("7")]);
    let (client, clock) = client(&server.url());
    assert_eq!(client.get("/x").json::<u64>().unwrap(), 7);
    let pauses = clock.pauses();
    let within = |pause: Duration, low: u64, high: u64| {
        assert!(Duration::from_millis(low) <= pause && pause <= Duration::from_millis(high), "{pauses:?}");
    };
    within(pauses[0], 5000, 5050);
    within(pauses[0] + pauses[1], 15_000, 15_200);
    within(pauses[2], 200, 400);
}

#[test]
fn no_pause_goes_beyond_the_time_that_the_caller_gives() {
    let server = Server::start([Act::Reply(429, vec!["retry-after: 31".into()], "{}".into())]);
    let (client, clock) = client(&server.url());
    let error = client.get("/x").done().unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (429, Some(Duration::from_secs(31))));
    assert_eq!((server.seen().len(), clock.pauses().len()), (1, 0), "waiting would be in vain");
    assert!(error.to_string().contains("asks to be left alone for 31 s"), "{error}");

    let endless = Server::start([Act::Reply(503, vec![format!("retry-after: {}", u64::MAX)], "{}".into())]);
    assert_eq!(self::client(&endless.url()).0.get("/x").done().unwrap_err().status(), 503);
}

#[test]
fn in_the_end_it_gives_up_and_says_how_to_go_on() {
    let server = Server::start([refuse(503)]);
    let (client, clock) = client(&server.url());
    let error = client.get("/x").json::<u64>().unwrap_err();
    let waited: Duration = clock.pauses().iter().sum();
    assert!(waited <= Duration::from_secs(30) && waited > Duration::from_secs(26), "{waited:?}");
    assert_eq!(server.seen().len(), clock.pauses().len() + 1);
    let text = error.to_string();
    assert!(
        text.starts_with("/x gave no usable reply in ") && text.contains("last: 503 busy: try again"),
        "{text}"
    );
    assert!(text.ends_with("run the same command again to go on"), "{text}");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, "busy"));
}

#[test]
fn nobody_listening_shows_at_once_in_the_first_request() {
    let (client, clock) = client(&nobody());
    let error = client.get("/x").first().optional::<u64>().unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (ErrorKind::Unreachable, 0, "connection-refused")
    );
    assert_eq!(clock.pauses(), []);
    let text = error.to_string();
    assert!(text.starts_with("no network answers at http://127.0.0.1:"), "{text}");
    assert!(text.contains("./scripts/up.sh") && text.contains("--url"), "{text}");
}

thread_local! {
    static NOTICES: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[test]
fn what_is_repeated_is_told_after_the_first_attempt() {
    let clock = Arc::new(StillClock::default());
    let note = |line: &dyn Display| NOTICES.with_borrow_mut(|notices| notices.push(line.to_string()));
    let server = Server::start([503, 503, 503].map(refuse).into_iter().chain([ok("7")]));
    let options = Options::new(&server.url()).clock(Arc::clone(&clock) as Arc<dyn Clock>).notice(note);
    let client = Client::new(options).unwrap();
    let expected = format!("{}/x: 503 busy: try again; trying again for up to 30 s", server.url());
    for _ in 0..3 {
        assert_eq!(client.get("/x").json::<u64>().unwrap(), 7);
    }
    assert_eq!(NOTICES.take(), [expected.as_str()], "once");

    let server = Server::start([refuse(503), ok("7"), refuse(503), ok("7"), refuse(404)]);
    let options = Options::new(&server.url()).clock(Arc::clone(&clock) as Arc<dyn Clock>).notice(note);
    let client = Client::new(options).unwrap();
    client.get("/x").done().unwrap();
    clock.sleep(NOTICE_EVERY);
    client.get("/y").done().unwrap();
    client.get("/z").done().unwrap_err();
    let paths: Vec<_> = NOTICES.take().iter().map(|line| line.contains("/y")).collect();
    assert_eq!(paths, [false, true], "again when time has passed, and not where nothing is repeated");
}

#[test]
fn nobody_listening_is_waited_for_later() {
    let (client, clock) = client(&nobody());
    let error = client.get("/x").done().unwrap_err();
    assert!(clock.pauses().len() > 5);
    assert!(error.to_string().contains("run the same command again"), "{error}");
    // The first request bridges what is not a forgotten start.
    let server = Server::start([refuse(503), Act::HangUp, ok("7")]);
    assert_eq!(self::client(&server.url()).0.get("/x").first().optional::<u64>().unwrap(), Some(7));
}

#[test]
fn a_missing_thing_is_an_answer() {
    let server = Server::start([ok("7"), refuse(404), refuse(410)]);
    let (client, _) = client(&server.url());
    assert_eq!(client.get("/x").optional::<u64>().unwrap(), Some(7));
    assert_eq!(client.get("/x").optional::<u64>().unwrap(), None);
    assert_eq!(client.get("/x").optional::<u64>().unwrap_err().status(), 410);
}

#[test]
fn a_problem_document_arrives_whole() {
    let problem = json!({"type": "about:blank", "title": "Conflict", "status": 409, "code": "dot-conflict",
        "detail": "a:3 is taken", "index": 2, "stored": {"operation": "insert"}});
    let reply = Act::Reply(409, vec!["content-type: application/problem+json".into()], problem.to_string());
    let server = Server::start([reply]);
    let (client, _) = client(&server.url());
    let error = client.post("/stream/red/apply", b"[]").idempotent().done().unwrap_err();
    assert_eq!((error.status(), error.code(), error.detail()), (409, "dot-conflict", "a:3 is taken"));
    assert_eq!(error.member("index").and_then(Value::as_u64), Some(2));
    assert_eq!(error.member("stored"), Some(&json!({"operation": "insert"})));
    assert_eq!(error.to_string(), "/stream/red/apply answered 409 dot-conflict: a:3 is taken");
}

#[test]
fn what_is_not_promised_is_final() {
    let server = Server::start([ok("\"seven\""), ok(&"7".repeat(100)), ok("7")]);
    let options = Options::new(&server.url()).max_reply_bytes(50);
    let client = Client::new(options).unwrap();
    for _ in 0..2 {
        let error = client.get("/x").json::<u64>().unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unreadable, "unreadable-reply"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
    assert_eq!(client.get("/x").json::<u64>().unwrap(), 7);
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn the_token_goes_with_every_request_and_into_nothing_else() {
    let elsewhere = Server::start([ok("7")]);
    let away = Act::Reply(307, vec![format!("location: {}/x", elsewhere.url())], String::new());
    let server = Server::start([refuse(503), away, refuse(403)]);
    let options = Options::new(&server.url()).token(Some(Token::new("s3cret")));
    let client = Client::new(options.retry_for(Duration::from_secs(5))).unwrap();
    assert_eq!(client.get("/x").json::<u64>().unwrap(), 7);
    assert_eq!(elsewhere.seen()[0].header("authorization"), None, "not to another server");
    let error = client.post("/x", b"{}").done().unwrap_err();
    assert!(error.to_string().contains("RAMANUJAN_TOKEN"), "{error}");
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some("Bearer s3cret")), "{seen:?}");
    assert!(!format!("{client:?} {error:?} {error}").contains("s3cret"));

    let bad = Client::new(Options::new("http://a").token(Some(Token::new("s3cret s3cret")))).unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::Token);
    let none = Server::start([ok("7")]);
    Client::new(Options::new(&none.url())).unwrap().get("/x").done().unwrap();
    assert_eq!(none.seen()[0].header("authorization"), None);
}

#[test]
fn a_stream_is_read_as_it_comes() {
    let events = "{\"seq\":1}\n{\"seq\":2}\n";
    let server = Server::start([refuse(503), Act::HangUp, ok(events), refuse(400), Act::CutShort]);
    let (client, _) = client(&server.url());
    let lines: Vec<String> = client.get("/e").stream().unwrap().lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["{\"seq\":1}", "{\"seq\":2}"]);
    assert_eq!(client.get("/e").stream().unwrap_err().code(), "busy");
    // What breaks later is seen by whoever reads.
    let mut cut = client.get("/e").stream().unwrap();
    assert!(cut.read_until(b'\n', &mut Vec::new()).is_err());
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn connections_are_kept_and_shared() {
    let server = Server::start([ok("7")]);
    let (client, _) = client(&server.url());
    for _ in 0..5 {
        client.post("/x", b"{}").done().unwrap();
        client.get("/x").json::<u64>().unwrap();
    }
    assert_eq!((server.seen().len(), server.connections()), (10, 1));
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_sent() {
    let error = Client::new(Options::new("https://127.0.0.1:1")).unwrap_err();
    assert!(error.to_string().contains("http://"), "{error}");
}
