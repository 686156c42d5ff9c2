//! Peers that are away, crashes, leases.

use std::cell::Cell;
use std::rc::Rc;

use http::Method;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::fetch::Unreached;
use ramanujan_shell::native::mount;
use ramanujan_shell::native::site::{Site, listen};
use ramanujan_shell::{Request, Service};
use ramanujan_sync::codec::decode_question;
use ramanujan_sync::store::Question;
use serde_json::{Value, json};

use crate::network::{Node, bare_crdt_service, pass_to_crdt_service, settle};

#[test]
fn a_peer_that_is_away_costs_nothing_and_gets_everything_later() {
    let vienna = Node::new("vienna", &["porto", "lisbon"]);
    let (porto, lisbon) = (Node::new("porto", &["vienna;none"]), Node::new("lisbon", &["vienna;none"]));
    settle(&[&vienna], 4);
    porto.go_away();
    vienna.insert("notes", "ann", 0, "written meanwhile");
    porto.insert("notes", "bob", 0, "there");
    std::thread::sleep(std::time::Duration::from_millis(15));
    vienna.set("SYNC_BACK_OFF_MS", 30_000);
    vienna.set("SYNC_LONGEST_BACK_OFF_MS", 60_000);
    let reply = vienna.sync();
    assert_eq!((&reply["status"], &reply["degraded"]), (&json!("ok"), &json!(true)), "{reply}");
    let of = |reply: &Value, name: &str| {
        let peers = reply["peers"].as_array().unwrap();
        peers.iter().find(|peer| peer["peer"] == name).unwrap().clone()
    };
    let away = of(&reply, "porto");
    assert_eq!((&away["state"], &away["trouble"]), (&json!("failed"), &json!("silent")));
    assert!(away["detail"].as_str().unwrap().contains("connection refused"), "{away}");
    let wait = away["next_ms"].as_u64().unwrap();
    assert!((15_000..=30_000).contains(&wait), "half of the back-off to all of it: {wait}");
    assert_eq!(of(&reply, "lisbon")["state"], "done", "others go on");
    assert_eq!(lisbon.digest("notes"), vienna.digest("notes"));
    // Until then it is not asked again, and that is no reason to call this degraded.
    let again = vienna.sync();
    assert_eq!(
        (&of(&again, "porto")["state"], &again["degraded"]),
        (&json!("waiting"), &json!(false)),
        "{again}"
    );
    assert!(again["next_ms"].as_u64().unwrap() <= 12, "lisbon is due: {again}");
    let status = vienna.get("/sync/status");
    let listed = status["peers"].as_array().unwrap().iter().find(|peer| peer["name"] == "porto").unwrap();
    assert_eq!((&listed["failures"], &listed["trouble"]), (&json!(1), &json!("silent")));
    assert_eq!(listed["lag"]["documents"], 1, "{listed}");
    assert!(listed["lag"]["bytes"].as_u64().unwrap() > 10 && listed["last_success"].is_string(), "{listed}");
    let network = vienna.get("/sync/network");
    let names: Vec<(&str, bool)> = network["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| (site["name"].as_str().unwrap(), site["status"].is_object()))
        .collect();
    assert_eq!(names, [("vienna", true), ("porto", false), ("lisbon", true)]);
    assert_eq!(network["sites"][2]["status"]["peers"][0]["name"], "vienna");
    // Who names it asks now, and is told.
    let named = vienna.ask(Method::POST, "/sync", &json!({"target": "porto"}));
    assert_eq!((named.status, &named.json["code"]), (502, &json!("peer-unreachable")));
    porto.come_back();
    vienna.sync_with("porto");
    assert_eq!(porto.digest("notes"), vienna.digest("notes"));
    assert_eq!(porto.operations("notes"), vienna.operations("notes"));
    assert!(vienna.kinds().is_superset(&["failed", "round", "stored"].map(str::to_owned).into()));
}

#[test]
fn an_address_that_the_manifest_does_not_have_and_a_site_of_another_name_are_told() {
    let vienna = Node::new("vienna", &["porto", "lisbon"]);
    listen("porto.example:3000", |_| Err(Unreached::NotAllowed));
    let refused = vienna.ask(Method::POST, "/sync", &json!({"target": "porto"}));
    assert_eq!(
        (refused.status, &refused.json["code"]),
        (502, &json!("peer-not-allowed")),
        "{}",
        refused.json
    );
    assert!(refused.json["detail"].as_str().unwrap().contains("sync_hosts"));
    let other = Node::new("madeira", &["vienna;none"]);
    other.site.listen("lisbon.example:3000", "transduction-2tdx");
    let refused = vienna.ask(Method::POST, "/sync", &json!({"target": "lisbon"}));
    assert_eq!((refused.status, &refused.json["code"]), (502, &json!("peer-misnamed")));
    assert!(refused.json["detail"].as_str().unwrap().contains("madeira"), "{}", refused.json);
    assert_eq!(vienna.ask(Method::POST, "/sync", &json!({"target": "nobody"})).json["code"], "unknown-peer");
    assert_eq!(
        vienna.ask(Method::POST, "/sync/pull", &json!({"target": "local"})).json["code"],
        "invalid-sync"
    );
}

#[test]
fn a_peer_that_is_busy_is_left_alone_as_long_as_it_says() {
    let vienna = Node::new("vienna", &["porto"]);
    listen("porto.example:3000", |_| {
        let reply = http::Response::builder().status(503).header("retry-after", "7");
        Ok(reply.body(b"{\"detail\": \"no instance is free\"}".to_vec()).unwrap())
    });
    let reply = vienna.sync();
    let peer = &reply["peers"][0];
    assert_eq!((&peer["trouble"], &reply["degraded"]), (&json!("busy"), &json!(true)), "{reply}");
    assert!(peer["next_ms"].as_u64().unwrap() >= 6_900, "{reply}");
    assert!(peer["detail"].as_str().unwrap().contains("no instance is free"), "{reply}");
}

/// The deltas are stored, the timeline does not answer: the next call tells it.
#[test]
fn events_that_were_not_told_are_told_by_the_next_call() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    porto.insert("notes", "bob", 0, "there");
    vienna.site.within(|| mount("interaction-timeline", crdt_service::service()));
    vienna.sync();
    assert_eq!(vienna.digest("notes"), porto.digest("notes"));
    vienna.site.within(|| mount("interaction-timeline", interaction_timeline::service()));
    assert!(vienna.operations("notes").is_empty());
    let reply = vienna.post("/sync", &json!({"target": "local"}));
    assert_eq!(reply["repaired"], 1, "{reply}");
    assert_eq!(vienna.operations("notes"), porto.operations("notes"));
    assert_eq!(vienna.post("/sync", &json!({"target": "local"}))["repaired"], 0);
}

/// The deltas are stored, and the reply of crdt-service is lost: as if the call was killed then.
#[test]
fn events_of_deltas_whose_storing_was_not_heard_of_are_told() {
    let vienna = Node::new("vienna", &["porto"]);
    let porto = Node::new("porto", &["vienna;none"]);
    porto.insert("notes", "bob", 0, "there");
    vienna.site.within(|| mount("crdt-service", forgetful()));
    let reply = vienna.sync();
    assert_eq!(
        (&reply["degraded"], &reply["peers"][0]["trouble"]),
        (&json!(true), &json!("store")),
        "{reply}"
    );
    vienna.site.within(|| mount("crdt-service", crdt_service::service()));
    assert_eq!(vienna.digest("notes"), porto.digest("notes"), "stored");
    assert!(vienna.operations("notes").is_empty(), "not told");
    assert_eq!(vienna.post("/sync", &json!({"target": "local"}))["repaired"], 1);
    assert_eq!(vienna.operations("notes"), porto.operations("notes"));
    settle(&[&vienna], 4);
    assert_eq!(vienna.get("/sync/status")["peers"][0]["trouble"], Value::Null);
}

/// A crdt-service that does what it is asked, and says of what it stored that it failed.
fn forgetful() -> Service {
    bare_crdt_service().post("/crdt/answers", async |request: Request| {
        let stores = matches!(decode_question(&request.body), Ok(Question::Append(_)));
        let reply = pass_to_crdt_service(request).await;
        if stores { Err(Problem::new(Code::StoreUnavailable, "lost")) } else { Ok(reply) }
    })
}

/// A crdt-service that is still adding up its documents when it is asked for sums, so many times.
fn adding_up(times: &Rc<Cell<u32>>) -> Service {
    let left = times.clone();
    let operations = async |request| Ok(pass_to_crdt_service(request).await);
    bare_crdt_service().post("/crdt/operations", operations).post("/crdt/answers", move |request: Request| {
        let left = left.clone();
        async move {
            let asks_for_sums = matches!(decode_question(&request.body), Ok(Question::Folds { .. }));
            if asks_for_sums && left.get() > 0 {
                left.set(left.get() - 1);
                return Err(Problem::new(Code::TooMuchContention, "ask again to go on"));
            }
            Ok(pass_to_crdt_service(request).await)
        }
    })
}

/// Sums over very many documents are made in parts: that is work that goes on, and no failure.
#[test]
fn a_store_that_is_still_adding_up_is_asked_again() {
    let porto = Node::new("porto", &["vienna;none", "lisbon;none", "faro;none"]);
    let [vienna, lisbon, faro] = ["vienna", "lisbon", "faro"].map(|name| Node::new(name, &["porto"]));
    vienna.insert("notes", "ann", 0, "of vienna");
    porto.insert("other", "bob", 0, "of porto");
    let times: Rc<Cell<u32>> = Rc::default();
    vienna.site.within(|| mount("crdt-service", adding_up(&times)));
    // Within the time of a call it is asked until it is done.
    times.set(3);
    assert_eq!((&vienna.sync_with("porto")["peers"][0]["state"], times.get()), (&json!("done"), 0));
    assert_eq!(
        (vienna.digest("other"), porto.digest("notes")),
        (porto.digest("other"), vienna.digest("notes"))
    );
    // Otherwise the next call goes on at once, without a back-off.
    lisbon.site.within(|| mount("crdt-service", adding_up(&times)));
    lisbon.set("MAX_LATENCY_MS", 0);
    times.set(2);
    for left in [1, 0] {
        let reply = lisbon.sync_with("porto");
        let peer = &reply["peers"][0];
        assert_eq!((&peer["state"], &peer["next_ms"], times.get()), (&json!("partial"), &json!(0), left));
        assert_eq!(reply["degraded"], true);
        assert_eq!(lisbon.get("/sync/status")["peers"][0]["failures"], 0);
    }
    settle(&[&lisbon], 8);
    assert_eq!(lisbon.digest("notes"), vienna.digest("notes"));
    // Who is asked by a peer says that it is busy, and how long.
    faro.insert("third", "cat", 0, "of faro");
    porto.site.within(|| mount("crdt-service", adding_up(&times)));
    times.set(1);
    let refused = faro.ask(Method::POST, "/sync", &json!({"target": "porto"}));
    assert_eq!((&refused.json["trouble"], &refused.json["next_ms"]), (&json!("busy"), &json!(1000)));
    assert_eq!(faro.get("/sync/status")["peers"][0]["trouble"], "busy");
    faro.sync_with("porto");
    assert_eq!(faro.digest("notes"), vienna.digest("notes"));
}

/// Two requests make no round at once; one that was cut off holds up nobody for longer than its lease.
#[test]
fn a_round_has_its_peer_for_itself() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let vienna = Node::with("vienna", &["porto"], Site::in_file(file.path()));
    let porto = Node::new("porto", &["vienna;none"]);
    porto.insert("notes", "bob", 0, "there");
    // While porto answers, somebody else asks vienna for a round.
    let during: Rc<Cell<u16>> = Rc::default();
    let (asker, seen) = (vienna.clone(), during.clone());
    let site = porto.site.clone();
    listen("porto.example:3000", move |request| {
        if seen.get() == 0 {
            let reply = asker.ask(Method::POST, "/sync", &json!({"target": "porto"}));
            assert_eq!(reply.json["code"], "round-running");
            let all = asker.sync();
            assert_eq!((&all["peers"][0]["state"], &all["degraded"]), (&json!("running"), &json!(false)));
            seen.set(reply.status);
        }
        site.within(|| {
            let service = transduction_2tdx::service();
            let (parts, body) = request.into_parts();
            let headers: Vec<(String, String)> = parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let reply =
                ramanujan_shell::native::send_with(&service, parts.method, parts.uri.path(), &headers, body);
            Ok(http::Response::builder().status(reply.status).body(reply.body).unwrap())
        })
    });
    vienna.sync_with("porto");
    assert_eq!(during.get(), 503);
    assert_eq!(vienna.digest("notes"), porto.digest("notes"));
    // A round that was killed leaves its lease behind.
    let database = rusqlite::Connection::open(file.path()).unwrap();
    let lease = |ends: u64| {
        let sql = "UPDATE transduction_memory SET holder = 'killed', lease = ?1";
        assert_eq!(database.execute(sql, [ends as i64]).unwrap(), 1);
    };
    let now = ramanujan_shell::now_millis();
    lease(now + 10_000);
    assert_eq!(vienna.ask(Method::POST, "/sync", &json!({"target": "porto"})).status, 503);
    lease(now - 1);
    vienna.sync_with("porto");
    // Given by a clock that was far ahead.
    lease(now + 1_000_000_000);
    vienna.sync_with("porto");
}

/// Also with nothing set, and without a call of its own.
#[test]
fn without_peers_there_is_nothing_to_do() {
    let vienna = Node::new("vienna", &[]);
    vienna.set("VERS_ENDPOINT", "https://vers.example:3000/");
    let called: Rc<Cell<bool>> = Rc::default();
    let seen = called.clone();
    listen("vers.example:3000", move |request| {
        seen.set(true);
        assert!(request.headers().get("authorization").is_none_or(|value| value == "Bearer key"));
        Err(Unreached::TimedOut)
    });
    let reply = vienna.sync();
    assert_eq!(
        (&reply["peers"], &reply["degraded"], &reply["next_ms"]),
        (&json!([]), &json!(false), &Value::Null)
    );
    assert!(!called.get());
    let named = vienna.ask(Method::POST, "/sync", &json!({"target": "vers"}));
    assert_eq!((named.status, called.take()), (502, true), "{}", named.json);
    vienna.set("VERS_API_KEY", "key");
    assert_eq!(vienna.get("/sync/peers")["peers"][0]["variable"], "VERS_ENDPOINT");
    std::thread::sleep(std::time::Duration::from_millis(25));
    assert_eq!(vienna.sync()["degraded"], true);
    assert!(called.get());
    vienna.set("SYNC_PEERS", "nonsense");
    let refused = vienna.ask(Method::GET, "/sync/status", &Value::Null);
    assert_eq!((refused.status, &refused.json["code"]), (500, &json!("invalid-setting")));
    assert!(refused.json["detail"].as_str().unwrap().contains("SYNC_PEERS"));
}
