//! `/skill/patterns`: validation, content addresses, versions, lists.

use http::Method;
use ramanujan_shell::native::{Reply, fresh_database, media_type, send};
use ramanujan_shell::{Schema, Service, Store};
use serde_json::{Value, json};

fn post(service: &Service, body: &Value) -> Reply {
    send(service, Method::POST, "/skill/patterns", body.to_string())
}

fn get(service: &Service, path: &str) -> Reply {
    send(service, Method::GET, path, "")
}

fn idem() -> Value {
    json!({"pattern_name": "idem", "source_pattern": "(merge ?x ?x)", "target_pattern": "?x"})
}

#[test]
fn a_pattern_is_stored_once_and_found_by_id_and_by_name() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let body = json!({
        "pattern_name": "push", "source_pattern": "(f  (g ?x)\n?y)", "target_pattern": "(h ?y)", "priority": 7,
        "constraints": ["(ParentOf ?x ?y)", "(ColorNot ?y blue)", "(ColorMustBe ?x RED)", "(ColorNot ?y BLUE)"],
    });
    let first = post(&service, &body);
    assert_eq!(first.status, 200, "{}", first.json);
    for (member, value) in [
        ("status", json!("ok")),
        ("created", json!(true)),
        ("pattern_name", json!("push")),
        ("version", json!(1)),
        ("source_pattern", json!("(f (g ?x) ?y)")),
        ("target_pattern", json!("(h ?y)")),
        ("constraints", json!(["(ColorMustBe ?x RED)", "(ColorNot ?y BLUE)", "(ParentOf ?x ?y)"])),
        ("priority", json!(7)),
        // Depth 2 against 1, and three constraints.
        ("dimension", json!(1)),
        ("complexity", json!(5)),
    ] {
        assert_eq!(first.json[member], value, "{member}");
    }
    let id = first.json["id"].as_str().unwrap().to_owned();
    // SHA-256 of the lines that the README names.
    let lines = "ramanujan-pattern 1\npush\n7\n(f (g ?x) ?y)\n(h ?y)\n(ColorMustBe ?x RED)\n(ColorNot ?y BLUE)\n(ParentOf ?x ?y)\n";
    assert_eq!(id, ramanujan_core::Digest::of(lines.as_bytes()).to_string());

    let mut again = body.clone();
    again["constraints"] = json!(["(ColorMustBe ?x RED)", "(ParentOf ?x ?y)", "(ColorNot ?y BLUE)"]);
    let again = post(&service, &again);
    assert_eq!((again.status, &again.json["created"]), (200, &json!(false)));
    let mut known = again.json;
    known["created"] = true.into();
    assert_eq!(known, first.json);

    for path in [
        format!("/skill/patterns/{id}"),
        format!("/skill/patterns/{}", id.to_uppercase()),
        "/skill/patterns/push".into(),
    ] {
        let found = get(&service, &path);
        assert_eq!((found.status, &found.json["id"]), (200, &json!(id)), "{path}");
        assert!(found.json["created_at"].as_str().is_some_and(|time| time.ends_with('Z')));
    }
}

#[test]
fn other_content_under_a_name_is_a_new_version_and_the_old_one_stays() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let mut ids = Vec::new();
    for priority in [10, 11, 12] {
        let mut body = idem();
        body["priority"] = priority.into();
        let reply = post(&service, &body);
        assert_eq!((reply.status, &reply.json["version"]), (200, &json!(ids.len() + 1)));
        ids.push(reply.json["id"].as_str().unwrap().to_owned());
    }
    // The first content again is the first version, and the newest stays the newest.
    assert_eq!(post(&service, &idem()).json["version"], json!(1));
    assert_eq!(get(&service, "/skill/patterns/idem").json["id"], json!(ids[2]));
    assert_eq!(get(&service, &format!("/skill/patterns/{}", ids[0])).json["priority"], json!(10));

    let versions = |path: &str| {
        let reply = get(&service, path);
        assert_eq!(reply.status, 200, "{}", reply.json);
        let versions: Vec<u64> = reply.json["patterns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pattern| pattern["version"].as_u64().unwrap())
            .collect();
        (versions, reply.json["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(versions("/skill/patterns/idem/versions?limit=2"), (vec![1, 2], Some("2".into())));
    assert_eq!(versions("/skill/patterns/idem/versions?limit=2&cursor=2"), (vec![3], None));
    assert_eq!(versions(&format!("/skill/patterns/{}/versions", ids[1])), (vec![1, 2, 3], None));
    assert_eq!(get(&service, "/skill/patterns/other/versions").status, 404);
}

#[test]
fn lists_have_pages_by_name_and_by_schedule() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    // Priority, then complexity (constraints here), then name.
    for (name, priority, constraints) in
        [("e", 5, 0), ("d", 5, 1), ("c", 9, 2), ("b", 5, 0), ("a", 1, 0), ("c", 9, 0)]
    {
        let constraints = &["(ColorNot ?x RED)", "(ColorNot ?x BLUE)"][..constraints];
        let body = json!({"pattern_name": name, "source_pattern": "(f ?x a)", "target_pattern": "(g ?x)",
                          "priority": priority, "constraints": constraints});
        assert_eq!(post(&service, &body).status, 200);
    }
    for (order, expected) in [("name", ["a", "b", "c", "d", "e"]), ("schedule", ["c", "b", "e", "d", "a"])] {
        for limit in 1..=6 {
            let (mut names, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/skill/patterns?order={order}&limit={limit}{cursor}");
                let page = get(&service, &path).json;
                let patterns = page["patterns"].as_array().unwrap();
                assert!(patterns.len() <= limit);
                names.extend(
                    patterns.iter().map(|pattern| pattern["pattern_name"].as_str().unwrap().to_owned()),
                );
                assert!(names.len() <= expected.len(), "order={order}, limit={limit}: {names:?}");
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(names, expected, "order={order}, limit={limit}");
        }
    }
    for path in ["?order=age", "?order=schedule&cursor=x", "?limit=0", "?limit=1001", "?page=2"] {
        let reply = get(&service, &format!("/skill/patterns{path}"));
        assert_eq!((reply.status, media_type(&reply)), (422, "application/problem+json"), "{path}");
    }
}

#[test]
fn what_is_not_valid_is_refused_precisely_and_nothing_is_stored() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let base = || json!({"pattern_name": "p", "source_pattern": "(f ?x ?y)", "target_pattern": "(g ?x)"});
    let with = |member: &str, value: Value| {
        let mut body = base();
        body[member] = value;
        body
    };
    let constraint = |text: &str| with("constraints", json!(["(NotEqual ?x ?y)", text]));
    for (body, code, member, detail) in [
        (with("source_pattern", json!("(f ?x")), "invalid-pattern", "source_pattern", "character 0"),
        (with("target_pattern", json!("(g (?x a))")), "invalid-pattern", "target_pattern", "character 4"),
        (
            with("source_pattern", json!("(merge ?x)")),
            "invalid-pattern",
            "source_pattern",
            "takes 2 arguments, not 1",
        ),
        (
            with("target_pattern", json!("(inv ?x ?y)")),
            "invalid-pattern",
            "target_pattern",
            "takes 1 arguments, not 2",
        ),
        (with("source_pattern", json!("?x")), "source-is-variable", "source_pattern", "every term"),
        (with("target_pattern", json!("(g ?z (h ?w ?x))")), "unbound-variable", "target_pattern", "?z, ?w"),
        (with("target_pattern", json!("(f ?x ?y)")), "identity-rule", "target_pattern", "nothing"),
        (with("priority", json!(1001)), "invalid-priority", "priority", "0 to 1000"),
        (
            with("constraints", json!(vec!["(NotEqual ?x ?y)"; 65])),
            "too-many-constraints",
            "constraints",
            "64",
        ),
        (constraint("(ColorNot ?z RED)"), "unknown-variable", "constraints[1]", "?z"),
        (constraint("(ColorNot ?x PINK)"), "invalid-constraint", "constraints[1]", "PINK"),
        (constraint("(ColorNot x RED)"), "invalid-constraint", "constraints[1]", "must be"),
        (constraint("(ColorNot ?x (f RED))"), "invalid-constraint", "constraints[1]", "must be"),
        (constraint("(NotEqual ?x)"), "invalid-constraint", "constraints[1]", "must be"),
        (constraint("(Sibling ?x ?y)"), "invalid-constraint", "constraints[1]", "must be"),
        (constraint("ParentOf"), "invalid-constraint", "constraints[1]", "must be"),
        (constraint("(ParentOf ?x"), "invalid-constraint", "constraints[1]", "character 0"),
        (constraint("(NotEqual ?y ?y)"), "contradiction", "constraints", "equals itself"),
        (
            with("constraints", json!(["(ColorMustBe ?x RED)", "(ColorMustBe ?x BLUE)"])),
            "contradiction",
            "constraints",
            "?x no colour",
        ),
        (
            with("constraints", json!(["(ParentOf ?x ?y)", "(ParentOf ?y ?x)"])),
            "contradiction",
            "constraints",
            "part of itself",
        ),
    ] {
        let reply = post(&service, &body);
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!(code)), "{body}: {}", reply.json);
        assert_eq!(reply.json["member"], json!(member), "{body}");
        let text = reply.json["detail"].as_str().unwrap();
        assert!(text.contains(detail), "{body}: {text}");
    }
    let unbound = post(&service, &with("target_pattern", json!("(g ?z (h ?w ?x))")));
    assert_eq!(unbound.json["variables"], json!(["z", "w"]));
    let position = post(&service, &with("target_pattern", json!("(g (?x a))")));
    assert_eq!(position.json["position"], json!(4));
    let path = post(&service, &with("source_pattern", json!(["f", ["merge", "?x"], "?y"])));
    assert_eq!(path.json["path"], json!("source_pattern[1]"));

    let deep = format!("{}?x{}", "(f ".repeat(100), ")".repeat(100));
    let many: String = (0..20).map(|i| format!(" ?v{i}")).collect();
    for (body, status, code) in [
        (with("source_pattern", json!(deep)), 422, "invalid-pattern"),
        (with("source_pattern", json!(format!("(f{many})"))), 422, "invalid-pattern"),
        (with("pattern_name", json!("a b")), 422, "invalid-json"),
        (with("pattern_name", json!("f".repeat(64))), 422, "invalid-json"),
        (with("pattern_name", Value::Null), 422, "missing-name"),
        (with("polarity", json!("Forward")), 422, "invalid-json"),
        (with("source_pattern", json!(["f", ["merge", "?x"], "?y"])), 422, "invalid-pattern"),
        (with("source_pattern", Value::Null), 422, "invalid-pattern"),
        (with("operators", json!([{"symbol": "f", "arity": 0, "color": "RED"}])), 422, "invalid-operator"),
        (
            with("operators", json!([{"symbol": "merge", "arity": 2, "color": "RED"}])),
            422,
            "invalid-operator",
        ),
        (with("operators", json!([{"symbol": "f", "arity": 3, "color": "RED"}])), 422, "invalid-pattern"),
        (
            with("operators", json!([{"symbol": "f", "arity": 2, "color": "RED", "laws": []}])),
            422,
            "invalid-json",
        ),
        (
            with(
                "operators",
                json!([{"symbol": "f", "arity": 2, "color": "RED"}, {"symbol": "f", "arity": 2, "color": "BLUE"}]),
            ),
            422,
            "operator-conflict",
        ),
    ] {
        let reply = post(&service, &body);
        assert_eq!((reply.status, &reply.json["code"]), (status, &json!(code)), "{body}: {}", reply.json);
    }
    let malformed = send(&service, Method::POST, "/skill/patterns", "{");
    assert_eq!((malformed.status, media_type(&malformed)), (400, "application/problem+json"));

    assert_eq!(get(&service, "/skill/patterns").json["patterns"], json!([]));
    for (path, status) in [("/skill/patterns/nobody", 404), ("/skill/patterns/a%20b", 422)] {
        let reply = get(&service, path);
        assert_eq!((reply.status, media_type(&reply)), (status, "application/problem+json"), "{path}");
    }
}

/// Patterns have the forms of terms, and one content address in all of them.
#[test]
fn patterns_have_the_forms_of_terms() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let body = |source: Value, target: Value| json!({"pattern_name": "p", "source_pattern": source, "target_pattern": target});
    let first = post(&service, &body(json!("(f ?x (g 7 ?x))"), json!("(h ?x)"))).json;
    for (source, target) in [
        (json!(["f", "?x", ["g", 7, "?x"]]), json!(["h", "?x"])),
        (
            json!({"op": "f", "children": ["?x", {"op": "g", "children": [7, "?x"]}]}),
            json!({"nodes": [{"op": "?x"}, {"op": "h", "children": [0]}]}),
        ),
    ] {
        let reply = post(&service, &body(source, target)).json;
        assert_eq!((&reply["id"], &reply["created"]), (&first["id"], &json!(false)), "{reply}");
        assert_eq!(reply["source_pattern"], "(f ?x (g 7 ?x))");
    }
}

/// A declared operator is part of the pattern: of its content address, of what matches, and of the code.
#[test]
fn declared_operators_go_with_a_pattern() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let plain = json!({"pattern_name": "hot", "source_pattern": "(f ?x)", "target_pattern": "(g ?x)",
                       "constraints": ["(ColorMustBe ?x RED)"]});
    let mut declared = plain.clone();
    declared["operators"] = json!([{"symbol": "warm", "arity": 1, "color": "red"}]);
    let (one, other) = (post(&service, &plain).json, post(&service, &declared).json);
    assert_eq!(other["operators"], json!([{"symbol": "warm", "arity": 1, "color": "RED"}]), "{other}");
    assert_eq!((&one["version"], &other["version"]), (&json!(1), &json!(2)));
    assert_ne!(one["id"], other["id"]);
    assert_eq!(get(&service, "/skill/patterns/hot").json["operators"], other["operators"]);
    let apply = |patterns: Value, expression: &str| {
        let body = json!({"patterns": patterns, "expression": expression});
        send(&service, Method::POST, "/skill/apply", body.to_string())
    };
    assert_eq!(apply(json!([one["id"]]), "(f (warm a))").json["changed"], false);
    assert_eq!(apply(json!(["hot"]), "(f (warm a))").json["expression"], "(g (warm a))");
    assert_eq!(apply(json!(["hot"]), "(f (warm a b))").json["code"], "invalid-expression");
    let cold = json!({"source_pattern": "(k ?x)", "target_pattern": "?x",
                      "operators": [{"symbol": "warm", "arity": 1, "color": "BLUE"}]});
    let clash = apply(json!(["hot", cold]), "a");
    assert_eq!((clash.status, &clash.json["code"]), (422, &json!("operator-conflict")));
    let code = send(&service, Method::POST, "/skill/patterns/hot/transduce", r#"{"target": "rust"}"#).json;
    assert!(code["code"].as_str().unwrap().contains("\"warm\""), "{code}");
}

#[test]
fn depth_counts_variables_and_the_identity_as_nothing() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    for (source, target, dimension) in [
        ("(merge ?x id)", "?x", 1),
        ("(f a)", "id", 2),
        ("(f (g (h ?x)))", "a", 2),
        ("(f ?x)", "(g ?x)", 0),
        ("a", "(f (f (f b)))", 3),
    ] {
        let body = json!({"pattern_name": "p", "source_pattern": source, "target_pattern": target});
        let reply = post(&service, &body);
        assert_eq!(reply.json["dimension"], json!(dimension), "{source} => {target}: {}", reply.json);
        assert_eq!(reply.json["complexity"], json!(2 * dimension));
    }
}

#[test]
fn the_number_of_versions_is_bounded() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    assert_eq!(post(&service, &idem()).json["created"], json!(true));
    let tables = Schema { name: "transduction", statements: &[] };
    let fill = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO transduction_patterns
        SELECT i, 'id ' || i, 'filler', i, priority, dimension, complexity, source, target, constraints, created,
            operators
        FROM n, transduction_patterns WHERE name = 'idem'";
    Store::open(tables).unwrap().execute(fill, [9_999u64.into()]).unwrap();
    let mut last = idem();
    last["pattern_name"] = "last".into();
    assert_eq!(post(&service, &last).json["created"], json!(true));
    let mut more = idem();
    more["pattern_name"] = "more".into();
    let refused = post(&service, &more);
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("too-many-patterns")));
    assert!(refused.headers.contains_key("retry-after"));
    // What is stored is still known.
    assert_eq!(post(&service, &last).json["created"], json!(false));
    assert_eq!(get(&service, "/skill/stats").json["versions"], json!(10_000));
}

#[test]
fn stats_count_what_is_stored_and_used() {
    let _database = fresh_database();
    let service = transduction_2tdx::service();
    let stats = || {
        let mut stats = get(&service, "/skill/stats").json;
        stats.as_object_mut().unwrap().remove("status");
        stats
    };
    let none = json!({"rust": 0, "llvm": 0, "qasm": 0});
    assert_eq!(
        stats(),
        json!({"patterns": 0, "versions": 0, "transduced": 0, "applied": 0, "steps": 0, "generated": none})
    );
    post(&service, &idem());
    post(&service, &idem());
    let mut other = idem();
    other["priority"] = 3.into();
    post(&service, &other);
    let send = |path: &str, body: Value| send(&service, Method::POST, path, body.to_string()).status;
    let apply = json!({"patterns": ["idem"], "expression": "(merge (merge a a) (merge a a))", "strategy": "fixpoint"});
    assert_eq!(send("/skill/apply", apply), 200);
    assert_eq!(send("/skill/patterns/idem/transduce", json!({})), 200);
    assert_eq!(send("/skill/patterns/idem/transduce", json!({"target": "llvm"})), 200);
    assert_eq!(send("/skill/generate", json!({"target": "rust", "patterns": ["idem"]})), 200);
    // What is refused is not counted.
    assert_eq!(send("/skill/generate", json!({"target": "java", "patterns": ["idem"]})), 422);
    assert_eq!(send("/skill/patterns/nobody/transduce", json!({})), 404);
    assert_eq!(
        stats(),
        json!({"patterns": 1, "versions": 2, "transduced": 2, "applied": 1, "steps": 3,
               "generated": {"rust": 1, "llvm": 1, "qasm": 0}})
    );
}
