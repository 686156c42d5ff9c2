//! What egraph-service keeps: shared facts, which only grow, and replies, which only save time.

use egraph_service::service;
use http::Method;
use ramanujan_shell::native::{Reply, fresh_database, send};
use ramanujan_shell::{Schema, Store};
use serde_json::{Value, json};

fn post(path: &str, body: &Value) -> Reply {
    send(&service(), Method::POST, path, body.to_string())
}

fn merged(body: &Value) -> Value {
    let reply = post("/egraph/merge", body);
    assert_eq!((reply.status, &reply.json["status"]), (200, &json!("ok")), "{body}: {}", reply.json);
    reply.json
}

fn fact(left: &str, right: &str) -> Value {
    json!({"left": left, "right": right})
}

#[test]
fn facts_join_in_any_order_and_congruence_follows() {
    let _database = fresh_database();
    let (one, two, three) = (fact("a", "b"), fact("c", "b"), json!({"term": "(f a (g c))"}));
    let reply = merged(&json!({"graphs": [[one, three], [two, fact("(f b (g a))", "d")]]}));
    assert_eq!((&reply["facts"], &reply["added"]), (&json!(4), &json!(4)));
    assert_eq!(reply["equal"], json!([["(f a (g c))", "(f b (g a))", "d"], ["a", "b", "c"]]));
    let other = merged(&json!({"graphs": [[fact("d", "(f b (g a))")], [], [two, one, one], [three]]}));
    assert_eq!(reply["fingerprint"], other["fingerprint"]);
    assert_eq!(
        (&reply["classes"], &reply["nodes"], &reply["equal"]),
        (&other["classes"], &other["nodes"], &other["equal"])
    );
    // Nothing was stored.
    assert_eq!(send(&service(), Method::GET, "/egraph/graphs/g", "").status, 404);
}

#[test]
fn a_stored_graph_only_grows_and_is_paged() {
    let _database = fresh_database();
    let first = merged(&json!({"graph": "g", "graphs": [[fact("a", "b"), fact("b", "c")]]}));
    assert_eq!((&first["added"], &first["facts"]), (&json!(2), &json!(2)));
    let again = merged(&json!({"graph": "g", "graphs": [[fact("b", "a")]]}));
    assert_eq!((&again["added"], &again["fingerprint"]), (&json!(0), &first["fingerprint"]));
    let more = merged(&json!({"graph": "g", "graphs": [[fact("(f c)", "x"), json!({"term": "(f a)"})]]}));
    assert_eq!((&more["added"], &more["facts"]), (&json!(2), &json!(4)));
    assert_eq!(more["equal"], json!([["(f a)", "(f c)", "x"], ["a", "b", "c"]]));
    let whole = merged(
        &json!({"graphs": [[fact("a", "b"), fact("b", "c"), fact("(f c)", "x"), json!({"term": "(f a)"})]]}),
    );
    assert_eq!(more["fingerprint"], whole["fingerprint"]);
    assert_eq!(merged(&json!({"graph": "other"}))["facts"], 0);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page =
            send(&service(), Method::GET, &format!("/egraph/graphs/g?limit=3&cursor={cursor}"), "").json;
        seen.extend(page["facts"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    assert!(seen.contains(&json!({"term": "(f a)"})) && seen.contains(&fact("a", "b")));
}

#[test]
fn a_fact_that_brings_red_next_to_blue_is_kept_and_not_applied() {
    let _database = fresh_database();
    let body = json!({"graph": "g", "graphs": [[json!({"term": "(inv (f x))"}), fact("(f x)", "(merge x y)"), fact("x", "z")]]});
    let reply = merged(&body);
    assert_eq!((&reply["facts"], &reply["color_conflict_count"]), (&json!(3), &json!(1)));
    let conflict = &reply["color_conflicts"][0];
    assert_eq!((&conflict["left"], &conflict["right"]), (&json!("(f x)"), &json!("(merge x y)")));
    assert_eq!((&conflict["parent_color"], &conflict["child_color"]), (&json!("BLUE"), &json!("RED")));
    assert_eq!(reply["equal"], json!([["x", "z"]]));
    let reported = merged(&json!({"graph": "g", "color_mode": "report"}));
    assert_eq!(reported["equal"], json!([["(f x)", "(merge x y)"], ["x", "z"]]));
}

#[test]
fn bad_facts_change_nothing() {
    let _database = fresh_database();
    merged(&json!({"graph": "g", "graphs": [[fact("a", "b")]]}));
    let many: Vec<Value> = (0..1_001).map(|i| fact("a", &format!("x{i}"))).collect();
    let long = "y".repeat(100);
    let long = format!("(f {})", vec![long; 30].join(" "));
    for (body, status, code, word) in [
        (json!({"graph": "g h"}), 422, "invalid-graph", "128"),
        (json!({"graph": "g", "graphs": [[{"left": "a"}]]}), 422, "invalid-fact", "graphs[0][0]"),
        (
            json!({"graph": "g", "graphs": [[], [fact("a", "(f")]]}),
            422,
            "invalid-expression",
            "graphs[1][0].right",
        ),
        (json!({"graph": "g", "graphs": [[fact("a", &long)]]}), 422, "invalid-fact", "2000"),
        (json!({"graph": "g", "graphs": [many]}), 422, "too-many-facts", "1000"),
        (json!({"graph": "g", "graphs": [[fact("(merge (inv a) b)", "c")]]}), 422, "color-conflict", "RED"),
        (
            json!({"graph": "g", "graphs": [[fact("(f (g c))", "d")]], "max_nodes": 3}),
            422,
            "too-many-nodes",
            "max_nodes is 3",
        ),
        (json!({"graph": "g", "facts": []}), 422, "invalid-json", "`facts`"),
    ] {
        let reply = post("/egraph/merge", &body);
        assert_eq!((reply.status, &reply.json["code"]), (status, &json!(code)), "{}", reply.json);
        assert!(reply.json["detail"].as_str().unwrap().contains(word), "{}", reply.json);
    }
    assert_eq!(merged(&json!({"graph": "g"}))["facts"], 1);
    assert_eq!(send(&service(), Method::GET, "/egraph/graphs/g?limit=0", "").status, 422);
}

#[test]
fn a_full_graph_takes_no_more() {
    let _database = fresh_database();
    for part in 0..5 {
        let facts: Vec<Value> = (0..1_000).map(|i| json!({"term": format!("x{part}-{i}")})).collect();
        merged(&json!({"graph": "g", "graphs": [facts]}));
    }
    let reply = post("/egraph/merge", &json!({"graph": "g", "graphs": [[json!({"term": "one-more"})]]}));
    assert_eq!((reply.status, &reply.json["code"]), (429, &json!("graph-full")));
    assert_eq!(merged(&json!({"graph": "g", "graphs": [[json!({"term": "x0-0"})]]}))["facts"], 5_000);
}

fn history(n: usize) -> Value {
    json!((1..n).fold("x0".to_owned(), |term, i| format!("(merge {term} x{i})")))
}

fn stats() -> Value {
    send(&service(), Method::GET, "/egraph/cache/stats", "").json
}

#[test]
fn a_saturation_is_remembered_by_all_that_decides_it() {
    let _database = fresh_database();
    let body = json!({"expression": history(12), "rules": ["assoc", "identity"]});
    let mut fresh = post("/egraph/saturate", &body).json;
    assert_eq!(fresh["cached"], false);
    let cached = post("/egraph/saturate", &body).json;
    assert_eq!(cached["cached"], true);
    fresh["cached"] = json!(true);
    assert_eq!(cached, fresh);
    // The time is no part of the key: a run that it did not end is the same with more.
    let longer = json!({"expression": history(12), "rules": ["identity", "assoc"], "timeout_ms": 4_000});
    assert_eq!(post("/egraph/saturate", &longer).json["cached"], true);
    assert_eq!(
        (&stats()["hits"], &stats()["stored"], &stats()["entries"]),
        (&json!(2), &json!(1), &json!(1))
    );
    for other in [
        json!({"expression": history(13), "rules": ["assoc", "identity"]}),
        json!({"expression": history(12), "rules": ["assoc"]}),
        json!({"expression": history(12), "rules": ["assoc", "identity"], "max_nodes": 40_000}),
        json!({"expression": history(12), "rules": ["assoc", "identity"], "max_iterations": 99}),
        json!({"expression": history(12), "rules": ["assoc", "identity"], "color_mode": "report"}),
        json!({"expression": history(12), "rules": ["assoc", "identity"], "cost": "ast-depth"}),
        json!({"expression": history(12), "rules": ["assoc", "identity"], "cost": {"operators": {"merge": 2}}}),
        json!({"expression": history(12), "rules": ["assoc", "identity"], "form": "dag"}),
        json!({"expression": history(12), "rules": ["assoc", "identity"], "operators": [{"symbol": "x0", "arity": 1, "color": "RED"}]}),
        json!({"expression": history(12), "rules": ["assoc", "identity", {"name": "r", "left": "(f ?a)", "right": "?a"}]}),
    ] {
        assert_eq!(post("/egraph/saturate", &other).json["cached"], false, "{other}");
        assert_eq!(post("/egraph/saturate", &other).json["cached"], true, "{other}");
    }
    let batch = json!({"expressions": [history(12), "a"], "rules": ["assoc", "identity"]});
    let reply = post("/egraph/saturate", &batch).json;
    assert_eq!(
        (&reply["results"][0]["cached"], &reply["results"][1]["cached"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn neither_a_run_that_time_ended_nor_a_small_one_is_remembered() {
    let _database = fresh_database();
    let slow = json!({"expression": history(60), "timeout_ms": 1});
    assert_eq!(post("/egraph/saturate", &slow).json["stop_reason"], "time_limit");
    post("/egraph/saturate", &json!({"expression": "(merge a a)"}));
    assert_eq!((&stats()["stored"], &stats()["entries"]), (&json!(0), &json!(0)));
}

#[test]
fn the_memo_is_bounded_and_the_least_recently_used_goes() {
    let _database = fresh_database();
    let body = |i: usize| json!({"expression": format!("(f{i} {})", history(9).as_str().unwrap()), "rules": ["assoc"]});
    for i in 0..1_003 {
        assert_eq!(post("/egraph/saturate", &body(i)).json["cached"], false);
        assert_eq!(post("/egraph/saturate", &body(0)).json["cached"], i > 0 || stats()["entries"] == 1);
    }
    assert_eq!((&stats()["entries"], &stats()["evicted"]), (&json!(1_000), &json!(3)));
    assert_eq!(post("/egraph/saturate", &body(1)).json["cached"], false);
    assert_eq!(post("/egraph/saturate", &body(1_002)).json["cached"], true);
}

/// A long request is known by its bytes: the reply is the same as the one that was computed, and goes with it.
#[test]
fn a_long_request_is_known_by_its_bytes() {
    let _database = fresh_database();
    let deep = format!("{}(merge a a){}", "(f ".repeat(500), ")".repeat(500));
    let body = json!({"expression": deep, "rules": ["idem"]});
    let store = || Store::open(Schema { name: "egraph", statements: &[] }).unwrap();
    let known = || {
        let rows = store().execute("SELECT COUNT(*) FROM egraph_memo_spelling", []).unwrap();
        rows[0].uint(0).unwrap()
    };
    let mut fresh = post("/egraph/saturate", &body).json;
    assert_eq!((&fresh["cached"], known()), (&json!(false), 0));
    fresh["cached"] = json!(true);
    for _ in 0..3 {
        assert_eq!(post("/egraph/saturate", &body).json, fresh);
        assert_eq!(known(), 1);
    }
    // Another spelling of the same is found by what it means, and then by its bytes as well; some are enough.
    for space in 1..20 {
        let other = body.to_string().replacen(':', &format!(":{}", " ".repeat(space)), 1);
        let reply = send(&service(), Method::POST, "/egraph/saturate", other.as_str());
        assert_eq!(reply.json, fresh);
        assert_eq!(send(&service(), Method::POST, "/egraph/saturate", other).json, fresh);
    }
    assert_eq!(known(), 8);
    assert_eq!((&stats()["hits"], &stats()["stored"]), (&json!(41), &json!(1)));
    // A request that is not answered is not known, and what is forgotten is forgotten under all its spellings.
    let wrong = json!({"expression": deep, "rules": ["idem"], "max_nodes": 10});
    for _ in 0..2 {
        assert_eq!(post("/egraph/saturate", &wrong).status, 422);
    }
    store().execute("DELETE FROM egraph_memo", []).unwrap();
    assert_eq!(known(), 0);
    assert_eq!(post("/egraph/saturate", &body).json["cached"], false);
}
