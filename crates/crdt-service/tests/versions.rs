//! Reading earlier versions, with snapshots and without.

mod common;

use common::{apply, forget_clocks, get, get_with, post, refused, sql};
use http::Method;
use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::{Op, TextGraph};
use ramanujan_shell::native::{fresh_database, send, send_with};
use serde_json::{Value, json};

/// A delta of a random history, with what its agent saw.
#[derive(Clone, Debug)]
struct Step {
    agent: usize,
    /// Agents whose newest delta it builds on besides its own.
    sees: Vec<bool>,
    insert: bool,
    place: u64,
    text: String,
}

fn any_step() -> impl Strategy<Value = Step> {
    (
        0usize..3,
        prop::collection::vec(prop::bool::weighted(0.3), 3),
        prop::bool::weighted(0.7),
        0u64..1000,
        "[a-zé]{1,3}",
    )
        .prop_map(|(agent, sees, insert, place, text)| Step { agent, sees, insert, place, text })
}

/// What the history makes of a document: its operations on the wire, and after each of them text and clock.
struct Played {
    operations: Vec<Value>,
    /// Heads of everything up to the operation.
    heads: Vec<Vec<Dot>>,
    clocks: Vec<Value>,
    graph: TextGraph,
    dots: Vec<Dot>,
}

fn play(steps: &[Step]) -> Played {
    let mut graph = TextGraph::new();
    let mut clocks: Vec<[u64; 3]> = vec![[0; 3]; 3];
    let mut played =
        Played { operations: vec![], heads: vec![], clocks: vec![], graph: TextGraph::new(), dots: vec![] };
    let mut total = [0u64; 3];
    for step in steps {
        let mut past = clocks[step.agent];
        for (other, sees) in step.sees.iter().enumerate() {
            if *sees {
                let seen = clocks[other];
                (0..3).for_each(|agent| past[agent] = past[agent].max(seen[agent]));
            }
        }
        let dot = |agent: usize, seq: u64| Dot::new(format!("agent-{agent}").parse().unwrap(), seq);
        let named: Vec<Dot> = (0..3).filter(|a| past[*a] > 0).map(|a| dot(a, past[a])).collect();
        let length = graph.length_at_dots(&named).unwrap();
        let op = if step.insert || length == 0 {
            Op::Insert { position: step.place % (length + 1), text: step.text.clone() }
        } else {
            let position = step.place % length;
            Op::Delete { position, length: (length - position).min(step.text.len() as u64) }
        };
        past[step.agent] += 1;
        total[step.agent] += 1;
        clocks[step.agent] = past;
        let own = dot(step.agent, past[step.agent]);
        graph.push(&own, &named, &op).unwrap();
        let mut operation =
            json!({"document_id": "d", "agent_id": own.agent, "seq": own.seq, "parents": named});
        let fields = match &op {
            Op::Insert { position, text } => {
                json!({"operation": "insert", "position": position, "value": text})
            }
            Op::Delete { position, length } => {
                json!({"operation": "delete", "position": position, "length": length})
            }
            _ => unreachable!(),
        };
        operation.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        played.operations.push(operation);
        let mut heads = played.heads.last().cloned().unwrap_or_default();
        heads.retain(|head| !named.contains(head));
        heads.push(own.clone());
        played.heads.push(heads);
        let clock = |clock: [u64; 3]| {
            Value::from_iter((0..3).filter(|a| clock[*a] > 0).map(|a| (format!("agent-{a}"), clock[a])))
        };
        played.clocks.push(clock(past));
        played.dots.push(own);
    }
    played.graph = graph;
    played
}

fn at(version: &str) -> Value {
    let encoded: String = version.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let reply = get(&format!("/crdt/d?at={encoded}"));
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn every_version_reads_as_it_was(
        steps in prop::collection::vec(any_step(), 300..420),
        looks in prop::collection::vec(0usize..300, 12),
        forgets in any::<bool>(),
    ) {
        let _db = fresh_database();
        let played = play(&steps);
        for batch in played.operations.chunks(37) {
            apply(json!(batch));
            get("/crdt/d");
            if forgets {
                forget_clocks();
            }
        }
        for look in looks {
            let position = at(&(look + 1).to_string());
            prop_assert_eq!(&position["value"], &json!(played.graph.advance("", &[], &played.heads[look]).unwrap()));
            prop_assert_eq!(&position["log_position"], &json!(look + 1));
            let clock = &played.clocks[look];
            let text = played.graph.advance("", &[], std::slice::from_ref(&played.dots[look])).unwrap();
            let by_clock = at(&clock.to_string());
            prop_assert_eq!(&by_clock["value"], &json!(text));
            prop_assert_eq!(&by_clock["vector_clock"], clock);
            let by_head = at(&json!([played.dots[look]]).to_string());
            prop_assert_eq!(&by_head, &by_clock);
        }
        let whole = get("/crdt/d").json;
        prop_assert_eq!(&whole["value"], &json!(played.graph.text().unwrap()));
        prop_assert!(sql("SELECT 1 FROM crdt_snapshots") > 0, "a long document has snapshots");
        sql("DELETE FROM crdt_snapshots");
        prop_assert_eq!(get("/crdt/d").json, whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever part of a batch is stored already, and however it came: sending all of it stores the rest, and again,
    /// nothing.
    #[test]
    fn a_batch_can_always_be_sent_again(
        steps in prop::collection::vec(any_step(), 1..9),
        stored in any::<prop::sample::Index>(),
        forgets in any::<bool>(),
    ) {
        let _db = fresh_database();
        let all = play(&steps).operations;
        let stored = stored.index(all.len() + 1);
        if stored > 0 {
            apply(json!(all[..stored]));
        }
        if forgets && stored > 0 {
            forget_clocks();
        }
        let rest = apply(json!(all));
        prop_assert_eq!((&rest["applied"], &rest["duplicates"]), (&json!(all.len() - stored), &json!(stored)));
        let whole = get("/crdt/d").json;
        if forgets {
            forget_clocks();
        }
        let again = apply(json!(all));
        prop_assert_eq!((&again["applied"], &again["duplicates"]), (&json!(0), &json!(all.len())));
        // As deltas, in pages and encoded.
        let page = apply(get("/crdt/d/history?limit=1000").json);
        prop_assert_eq!((&page["applied"], &page["duplicates"]), (&json!(0), &json!(all.len())));
        let headers = [("accept", "application/vnd.ramanujan.delta")];
        let since = "/crdt/d/diff?since=%7B%22agent-9%22:1%7D";
        let batch = get_with(since, &headers).body;
        let headers = [("content-type", "application/vnd.ramanujan.delta")];
        let service = crdt_service::service();
        let sent = send_with(&service, Method::POST, "/crdt/apply?document=d", &headers, batch);
        prop_assert_eq!((sent.status, &sent.json["duplicates"]), (200, &json!(all.len())), "{}", sent.json);
        prop_assert_eq!(get("/crdt/d").json, whole);
    }
}

#[test]
fn a_snapshot_that_cannot_be_read_is_passed_over() {
    let _db = fresh_database();
    let inserts: Vec<Value> =
        (0..300).map(|_| json!({"operation": "insert", "document_id": "d", "value": "x"})).collect();
    apply(json!(inserts));
    let whole = get("/crdt/d").json;
    assert_eq!(sql("SELECT 1 FROM crdt_snapshots"), 1);
    sql("UPDATE crdt_snapshots SET content = x'ff'");
    assert_eq!(get("/crdt/d").json, whole);
    sql("UPDATE crdt_snapshots SET content = 'hidden', format = 99");
    assert_eq!(get("/crdt/d").json, whole);
}

/// Snapshots of JSON documents were of format 1 until what is written below a place overwrote it.
#[test]
fn a_snapshot_of_operations_that_meant_something_else_is_made_anew() {
    let _db = fresh_database();
    let set = |name: &str, value: u64| json!({"operation": "set", "path": ["n"], "document_id": name, "value": value, "agent_id": "a"});
    for (name, other) in [("d", 0), ("other", 1000)] {
        apply(Value::Array((0..300).map(|n| set(name, n + other)).collect()));
    }
    let whole = get("/crdt/d").json;
    assert_eq!(
        (&whole["value"], &get("/crdt/other").json["value"]),
        (&json!({"n": 299}), &json!({"n": 1299}))
    );
    let taken = "UPDATE crdt_snapshots AS s SET content = (SELECT content FROM crdt_snapshots WHERE document_id = 'other')
        WHERE document_id = 'd' RETURNING 1";
    assert_eq!(sql(taken), 1);
    let read = || {
        post("/crdt/cache/invalidate", json!({"all": true}));
        get("/crdt/d").json
    };
    assert_eq!(read()["value"], json!({"n": 1299}), "a snapshot is read");
    sql("UPDATE crdt_snapshots SET format = 1");
    assert_eq!(read(), whole);
}

#[test]
fn versions_that_never_were_are_refused() {
    let _db = fresh_database();
    apply(json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": "x"}));
    apply(json!({"operation": "insert", "document_id": "d", "agent_id": "b", "value": "y"}));
    refused(&get("/crdt/d?at=0"), 404, "no-such-version");
    refused(&get("/crdt/d?at=1999-01-01T00:00:00Z"), 404, "no-such-version");
    refused(&get("/crdt/d?at=yesterday"), 422, "invalid-parameter");
    refused(&get("/crdt/d?at=%7B%22a%22:7%7D"), 422, "no-such-version");
    // b:1 has seen a:1.
    let reply = get("/crdt/d?at=%7B%22b%22:1%7D");
    refused(&reply, 422, "no-such-version");
    assert_eq!(reply.json["closure"], json!({"a": 1, "b": 1}));
    refused(&get("/crdt/nothing?at=1"), 404, "no-such-version");
    let now = get("/crdt/d").json;
    let later = get("/crdt/d?at=2999-01-01T00:00:00Z").json;
    assert_eq!(now, later);
}

#[test]
fn a_replica_fetches_what_it_lacks() {
    let _db = fresh_database();
    for n in 0..10 {
        let agent = if n % 3 == 0 { "a" } else { "b" };
        apply(json!({"operation": "insert", "document_id": "d", "agent_id": agent, "value": "x"}));
    }
    let since = get("/crdt/d?at=4").json["vector_clock"].clone();
    let query: String = since.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut dots = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&format!("/crdt/d/diff?since={query}&limit=4{cursor}")).json;
        dots.extend(page["items"].as_array().unwrap().iter().map(|d| d["log_position"].as_u64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(dots, (5..=10).collect::<Vec<u64>>());
    let ahead = "%7B%22a%22:99,%22b%22:99%7D";
    assert_eq!(get(&format!("/crdt/d/diff?since={ahead}")).json["items"], json!([]));
    assert_eq!(get("/crdt/d/diff").json["items"].as_array().unwrap().len(), 10);
    refused(&get("/crdt/other/diff"), 404, "no-such-document");
}

#[test]
fn a_read_costs_nothing_while_nothing_changed() {
    let _db = fresh_database();
    let text = "long ".repeat(500);
    apply(json!({"operation": "insert", "document_id": "d", "value": text}));
    let first = get("/crdt/d");
    let etag = first.headers["etag"].to_str().unwrap().to_owned();
    let again = get_with("/crdt/d", &[("if-none-match", &etag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.headers["etag"], etag.as_str());
    let zipped = get_with("/crdt/d", &[("accept-encoding", "br, gzip")]);
    assert_eq!(zipped.headers["content-encoding"], "gzip");
    assert!(zipped.body.len() < first.body.len() / 4);
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&zipped.body[..]), &mut plain).unwrap();
    assert_eq!(plain, first.body);
    assert!(
        !get_with("/crdt/d", &[("accept-encoding", "gzip;q=0")]).headers.contains_key("content-encoding")
    );
    refused(&get_with("/crdt/d", &[("accept", "text/html")]), 406, "not-acceptable");
    apply(json!({"operation": "insert", "document_id": "d", "value": "!"}));
    assert_eq!(get_with("/crdt/d", &[("if-none-match", &etag)]).status, 200);
}

#[test]
fn a_long_poll_ends_by_itself() {
    let _db = fresh_database();
    apply(json!({"operation": "insert", "document_id": "d", "value": "x"}));
    let etag = get("/crdt/d").headers["etag"].to_str().unwrap().to_owned();
    let reply = get_with("/crdt/d", &[("if-none-match", &etag), ("prefer", "wait=1")]);
    assert_eq!(reply.status, 304);
    let reply = get_with("/crdt/d/diff?since=%7B%22anonymous%22:1%7D", &[("prefer", "wait=1")]);
    assert_eq!(reply.json["items"], json!([]));
    assert_eq!(reply.headers["preference-applied"], "wait=1");
    let reply = get_with("/crdt/d/diff", &[("prefer", "wait=1")]);
    assert_eq!(reply.json["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_deleted_document_is_gone_until_it_is_recovered() {
    let _db = fresh_database();
    apply(json!({"operation": "insert", "document_id": "d", "value": "keep me"}));
    let delete =
        |path: &str| ramanujan_shell::native::send(&crdt_service::service(), http::Method::DELETE, path, "");
    refused(&delete("/crdt/nothing"), 404, "no-such-document");
    let reply = delete("/crdt/d").json;
    assert_eq!(
        (&reply["deleted"], &reply["changed"], &reply["operations_kept"]),
        (&json!(true), &json!(true), &json!(1))
    );
    assert_eq!(delete("/crdt/d").json["changed"], false);
    refused(&get("/crdt/d"), 410, "document-deleted");
    refused(&get("/crdt/d/diff"), 410, "document-deleted");
    refused(&get("/crdt/d/history"), 410, "document-deleted");
    assert_eq!(get("/crdt").json["documents"], json!([]));
    let write = json!({"operation": "insert", "document_id": "d", "value": "more"});
    refused(&post("/crdt/apply", write.clone()), 410, "document-deleted");
    let reply = post("/crdt/d/recover", json!({})).json;
    assert_eq!((&reply["undeleted"], &reply["value"]), (&json!(true), &json!("keep me")));
    apply(write);
    assert_eq!(get("/crdt/d").json["value"], "keep memore");
}

#[test]
fn frozen_versions_form_a_chain_and_come_back() {
    let _db = fresh_database();
    refused(&post("/crdt/d/freeze", json!({})), 404, "no-such-document");
    apply(json!({"operation": "insert", "document_id": "d", "value": "Hello world"}));
    let first = post("/crdt/d/freeze", json!({"agent_id": "6"})).json;
    assert_eq!((&first["parent_snapshot"], &first["agent_id"]), (&Value::Null, &json!("6")));
    assert_eq!(post("/crdt/d/freeze", json!({})).json["snapshot_id"], first["snapshot_id"]);
    apply(json!({"operation": "delete", "document_id": "d", "position": 2, "length": 7}));
    let second = post("/crdt/d/freeze", json!({})).json;
    assert_eq!(second["parent_snapshot"], first["snapshot_id"]);
    let chain = get("/crdt/d/snapshots").json;
    assert_eq!(chain["items"].as_array().unwrap().len(), 2);
    let wanted = json!({"snapshot_id": first["snapshot_id"]});
    let shown = post("/crdt/d/recover", wanted.clone()).json;
    assert_eq!((&shown["value"], &shown["digest"]), (&json!("Hello world"), &first["digest"]));
    assert_eq!(get("/crdt/d").json["value"], "Held");
    let restore = json!({"snapshot_id": first["snapshot_id"], "restore": true, "agent_id": "7"});
    let back = post("/crdt/d/recover", restore).json;
    assert_eq!(back["operation_ids"], json!(["7:1"]));
    assert_eq!(get("/crdt/d").json["value"], "Hello world");
    refused(&post("/crdt/d/recover", json!({"restore": true})), 422, "invalid-recover");
    refused(&post("/crdt/d/recover", json!({"snapshot_id": "0".repeat(64)})), 404, "no-such-snapshot");
    sql("UPDATE crdt_deltas SET hash = zeroblob(32) WHERE seq = 1 AND agent_id = 'anonymous'");
    refused(&post("/crdt/d/recover", wanted), 500, "store-corrupt");
}

#[test]
fn a_body_names_a_version_by_number_vector_time_or_text() {
    let _db = fresh_database();
    for text in ["one", " two"] {
        apply(json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": text}));
    }
    let first = get("/crdt/d?at=1").json["digest"].clone();
    for at in [json!(1), json!("1"), json!({"a": 1}), json!(r#"{"a":1}"#)] {
        let shown = post("/crdt/d/recover", json!({"at": at}));
        assert_eq!((&shown.json["value"], &shown.json["digest"]), (&json!("one"), &first), "{at}");
        let frozen = post("/crdt/d/freeze", json!({"at": at}));
        assert_eq!((frozen.status, &frozen.json["digest"]), (200, &first), "{at}");
    }
    let now = post("/crdt/d/recover", json!({"at": "2999-01-01T00:00:00Z"}));
    assert_eq!(now.json["value"], "one two");
    for route in ["/crdt/d/recover", "/crdt/d/freeze"] {
        for (at, code) in [
            (json!(-1), "invalid-json"),
            (json!(1.5), "invalid-json"),
            (json!(true), "invalid-json"),
            (json!({"a b": 1}), "invalid-json"),
            (json!("yesterday"), "invalid-parameter"),
        ] {
            refused(&post(route, json!({"at": at})), 422, code);
        }
        refused(&post(route, json!({"at": 0})), 404, "no-such-version");
    }
}

#[test]
fn unknown_query_parameters_are_refused_on_every_route() {
    let _db = fresh_database();
    apply(json!({"operation": "insert", "document_id": "d", "agent_id": "a", "value": "x"}));
    for (method, pattern) in crdt_service::service().routes() {
        let path = pattern.replace("{document}", "d").replace("{id}", "1");
        if pattern.ends_with("/health") {
            continue;
        }
        let reply = send(&crdt_service::service(), method.clone(), &format!("{path}?colour=red"), "{}");
        refused(&reply, 422, "unknown-parameter");
    }
}

#[test]
fn only_encoded_deltas_have_their_document_in_the_query() {
    let _db = fresh_database();
    let body = json!({"operation": "insert", "document_id": "d", "value": "x"});
    refused(&post("/crdt/apply?document=d", body), 422, "invalid-parameter");
    assert_eq!(get("/crdt/d").status, 404);
}

#[test]
fn a_stream_of_lines_is_stored_batch_by_batch() {
    let _db = fresh_database();
    let send = |body: &str| {
        let headers = [("content-type", "application/x-ndjson")];
        ramanujan_shell::native::send_with(
            &crdt_service::service(),
            http::Method::POST,
            "/crdt/apply",
            &headers,
            body,
        )
    };
    let line = |seq: u64| {
        json!({"operation": "insert", "document_id": "d", "agent_id": "a", "seq": seq, "value": "x"})
            .to_string()
    };
    let many: Vec<String> = (1..=2500).map(line).collect();
    let reply = send(&many.join("\n"));
    let lines: Vec<Value> = reply
        .body
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    assert_eq!((reply.status, lines.len()), (200, 2501));
    assert_eq!(lines[2500], json!({"status": "ok", "applied": 2500, "duplicates": 0}));
    assert_eq!(lines[7]["operation_id"], "a:8");
    let broken = format!("{}\n\n{}\n", line(2501), "{\"operation\": 1}");
    let reply = send(&broken);
    refused(&reply, 422, "invalid-json");
    assert_eq!(reply.json["line"], 3);
    assert_eq!(get("/crdt/d").json["operations"], 2500);
    refused(&send(" \n\n"), 422, "empty-batch");
}
