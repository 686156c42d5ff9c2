//! `/egraph/…` as a client sees it.

use std::path::Path;
use std::process::Command;

use egraph_service::service;
use http::Method;
use ramanujan_shell::native::{Reply, fresh_database, media_type, mount_folder, send, send_with};
use serde_json::{Value, json};

fn post(path: &str, body: &Value) -> Reply {
    send(&service(), Method::POST, path, body.to_string())
}

fn saturated(body: Value) -> Value {
    let reply = post("/egraph/saturate", &body);
    assert_eq!((reply.status, &reply.json["status"]), (200, &json!("ok")), "{body}: {}", reply.json);
    assert_eq!(reply.json["verified"], true, "{body}: {}", reply.json);
    reply.json
}

#[test]
fn the_root_says_what_is_enabled() {
    let root = send(&service(), Method::GET, "/egraph/", "").json;
    assert_eq!(root["message"], "E-graph operation received");
    assert_eq!(root["gadgets_enabled"], json!(["red", "blue", "green"]));
}

#[test]
fn health_is_that_of_the_store() {
    let unwell = send(&service(), Method::GET, "/egraph/health", "");
    assert_eq!(
        (unwell.status, &unwell.json["reason"]),
        (503, &json!("store-unavailable")),
        "{}",
        unwell.json
    );
    let _database = fresh_database();
    let well = send(&service(), Method::GET, "/egraph/health", "").json;
    assert_eq!((&well["store"], &well["schema_version"]), (&json!("writable"), &json!(11)));
}

#[test]
fn numbers_below_zero_are_not_swallowed() {
    for (expression, form) in
        [("(max (- 2 7) 0)", "0"), ("(max -3 (neg 4))", "-3"), ("(max x 0)", "(max 0 x)")]
    {
        assert_eq!(saturated(json!({"expression": expression}))["canonical_form"], form, "{expression}");
    }
}

#[test]
fn a_browser_gets_the_workbench_and_each_file_that_it_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    mount_folder("/page", root.join("assets"));
    mount_folder("/shared", root.join("../../web/shared"));
    let get = |path: &str| send_with(&service(), Method::GET, path, &[("accept", "text/html,*/*;q=0.8")], "");
    let page = get("/egraph/");
    assert_eq!((page.status, media_type(&page)), (200, "text/html; charset=utf-8"));
    let mut waiting = vec![(String::from("/egraph/page/index.html"), String::from_utf8(page.body).unwrap())];
    let mut found = Vec::new();
    while let Some((path, content)) = waiting.pop() {
        assert!(!content.contains("innerHTML") && !content.contains(" style="), "{path}");
        for part in content.split(['"', '\'']) {
            let local = part.strip_prefix("./").map(|name| format!("/egraph/page/{name}"));
            let name = local.unwrap_or_else(|| part.to_owned());
            let own = name.starts_with("/egraph/page/") || name.starts_with("/egraph/shared/");
            if !own || found.contains(&name) {
                continue;
            }
            let reply = get(&name);
            assert_eq!(reply.status, 200, "{path} names {name}");
            let policy = reply.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
            let content = String::from_utf8(reply.body).unwrap();
            assert!(
                !content.replace("http://www.w3.org/2000/svg", "").contains("://"),
                "{name} names another place"
            );
            found.push(name.clone());
            waiting.push((name, content));
        }
    }
    assert!(found.len() >= 8, "{found:?}");
    assert_eq!(get("/egraph/page/..%2FCargo.toml").status, 404);
    assert_eq!(get("/egraph/lib/absent.js").status, 404);
}

#[test]
fn a_term_becomes_its_canonical_form() {
    let reply =
        saturated(json!({"operation": "saturate", "expression": "(merge (merge b a) (merge a (id)))"}));
    assert_eq!(reply["canonical_form"], "(merge a b)");
    assert_eq!((&reply["stop_reason"], &reply["color"]), (&json!("saturated"), &json!("RED")));
    assert_eq!(
        (&reply["cost"], &reply["input_cost"], &reply["cached"]),
        (&json!(3), &json!(7), &json!(false))
    );
    assert!(reply["rewrites_applied"]["idem"].as_u64().unwrap() >= 1);
    assert_eq!(reply["equivalence_classes"], reply["classes"]);
    assert!(reply["saturation_iterations"].as_u64().unwrap() >= 2);

    let json_form = saturated(json!({"expression": ["merge", ["merge", "b", "a"], ["merge", "a", "id"]]}));
    assert_eq!(json_form, reply);
    let inverse = saturated(json!({"expression": "(inv a)", "rules": []}));
    assert_eq!((&inverse["color"], &inverse["rewrites_applied"]), (&json!("BLUE"), &json!({})));
    assert_eq!(saturated(json!({"expression": 7}))["color"], "GREEN");
}

/// The class that a term of the reply is in, by its classes and nodes alone.
fn class_of(graph: &Value, term: &str) -> usize {
    let text = term.replace('(', " ( ").replace(')', " ) ");
    let mut stack: Vec<Vec<Result<usize, &str>>> = vec![Vec::new()];
    let find = |op: &str, children: &[usize]| {
        let classes = graph["classes"].as_array().unwrap().iter();
        let mut holds = classes.filter(|class| {
            let mut nodes = class["nodes"].as_array().unwrap().iter();
            nodes.any(|node| node["op"] == op && node["children"] == json!(children))
        });
        let class = holds.next().unwrap_or_else(|| panic!("{op} {children:?} is not in {graph}"));
        assert!(holds.next().is_none(), "{op} {children:?} is in two classes");
        usize::try_from(class["id"].as_u64().unwrap()).unwrap()
    };
    for word in text.split_whitespace() {
        match word {
            "(" => stack.push(Vec::new()),
            ")" => {
                let inner = stack.pop().unwrap();
                let children: Vec<usize> =
                    inner[1..].iter().map(|child| child.unwrap_or_else(|op| find(op, &[]))).collect();
                let class = find(inner[0].unwrap_err(), &children);
                stack.last_mut().unwrap().push(Ok(class));
            }
            word => stack.last_mut().unwrap().push(Err(word)),
        }
    }
    stack[0][0].unwrap_or_else(|op| find(op, &[]))
}

#[test]
fn the_graph_itself_is_shown_on_request() {
    let expression = "(merge (merge b a) (merge a (id)))";
    let body = |more: Value| {
        let mut body = json!({"expression": expression});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    assert!(saturated(body(json!({}))).get("graph").is_none());
    let reply = saturated(body(json!({"include": ["graph"]})));
    let graph = &reply["graph"];
    assert_eq!((&graph["root"], &graph["complete"]), (&json!(0), &json!(true)));
    let classes = graph["classes"].as_array().unwrap();
    assert_eq!(reply["classes"], classes.len());
    let nodes: usize = classes.iter().map(|class| class["nodes"].as_array().unwrap().len()).sum();
    assert_eq!((&reply["nodes"], &graph["shown_nodes"]), (&json!(nodes), &json!(nodes)));
    // Both what was asked and what came out are in the class of the root.
    for term in [expression.replace("(id)", "id").as_str(), reply["canonical_form"].as_str().unwrap()] {
        assert_eq!(class_of(graph, term), 0, "{term}");
    }
    assert_eq!((&classes[0]["color"], &classes[0]["size"]), (&json!("RED"), &json!(3)));

    let part = saturated(body(json!({"include": ["graph"], "max_shown": 2})));
    let part = &part["graph"];
    assert_eq!((&part["shown_nodes"], &part["complete"]), (&json!(2), &json!(false)));
    assert_eq!(part["classes"][0]["nodes"], json!([classes[0]["nodes"][0], classes[0]["nodes"][1]]));
    assert_eq!(part["classes"][0]["node_count"], classes[0]["nodes"].as_array().unwrap().len());

    for (wrong, code) in [
        (json!({"max_shown": 5}), "invalid-limit"),
        (json!({"include": ["graph"], "max_shown": 0}), "invalid-limit"),
        (json!({"include": ["graph"], "max_shown": 5001}), "invalid-limit"),
        (json!({"include": ["everything"]}), "invalid-json"),
    ] {
        let reply = post("/egraph/saturate", &body(wrong.clone()));
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!(code)), "{wrong}");
    }
}

#[test]
fn equal_requests_have_equal_replies() {
    let body = json!({"expression": "(+ (* a (+ b c)) (- d (+ (* a b) e)))", "max_iterations": 5, "max_nodes": 2000});
    let first = post("/egraph/saturate", &body);
    for _ in 0..5 {
        assert_eq!(post("/egraph/saturate", &body).body, first.body);
    }
}

#[test]
fn costs_change_what_is_chosen() {
    let shallow = saturated(json!({"expression": "(+ (+ (+ a b) c) d)", "cost": "ast-depth"}));
    assert_eq!((&shallow["cost"], &shallow["input_cost"]), (&json!(3), &json!(4)));
    let expression = "(+ (* a b) (* a c))";
    assert_eq!(saturated(json!({"expression": expression}))["canonical_form"], "(* a (+ b c))");
    let weighted =
        saturated(json!({"expression": "(inv (inv a))", "rules": ["inverse"], "cost": {"blue": 10}}));
    assert_eq!((&weighted["cost"], &weighted["input_cost"]), (&json!(1), &json!(21)));
}

#[test]
fn limits_stop_a_run_and_are_named() {
    let sum = (0..14).map(|i| format!("x{i}")).reduce(|sum, x| format!("(+ {sum} {x})")).unwrap();
    let nodes = saturated(json!({"expression": sum, "max_nodes": 500}));
    assert_eq!(nodes["stop_reason"], "node_limit");
    assert!(nodes["nodes"].as_u64().unwrap() <= 500);
    assert_eq!(
        saturated(json!({"expression": sum, "max_iterations": 1, "rules": ["assoc"]}))["stop_reason"],
        "iteration_limit"
    );
    let time = saturated(json!({"expression": sum, "timeout_ms": 1, "max_nodes": 100_000}));
    assert_eq!(time["stop_reason"], "time_limit");
}

#[test]
fn the_rules_are_listed_with_their_equations() {
    let reply = send(&service(), Method::GET, "/egraph/rules", "");
    let rules = reply.json["rules"].as_array().unwrap();
    for (name, gadget) in [
        ("assoc", "RED"),
        ("assoc_rev", "BLUE"),
        ("shift_inverse", "BLUE"),
        ("idem", "BLUE"),
        ("distribute", "BLUE"),
        ("identity", "GREEN"),
        ("comm", "GREEN"),
    ] {
        let rule = rules.iter().find(|rule| rule["name"] == name).unwrap();
        assert_eq!((&rule["gadget"], &rule["enabled"]), (&json!(gadget), &json!(true)));
        assert!(!rule["equations"].as_array().unwrap().is_empty());
        // Every listed name is one that a request may use.
        saturated(json!({"expression": "a", "rules": [name]}));
    }
    assert!(reply.json["operators"].as_array().unwrap().iter().any(|op| op["symbol"] == "merge"));
}

#[test]
fn bad_requests_are_problem_documents_that_name_the_trouble() {
    let deep = format!("{}x{}", "(f ".repeat(40_000), ")".repeat(40_000));
    for (body, status, code, word) in [
        (json!({}), 422, "invalid-expression", "expression"),
        (json!({"expression": "a", "rule": []}), 422, "invalid-json", "`rule`"),
        (json!({"expression": "a", "rules": "assoc"}), 422, "invalid-json", "sequence"),
        (json!({"expression": "a", "timeout_ms": -1}), 422, "invalid-json", "-1"),
        (json!({"expression": "(merge a"}), 422, "invalid-expression", "never closed"),
        (json!({"expression": "(merge a)"}), 422, "invalid-expression", "takes 2"),
        (json!({"expression": ["merge", null, "a"]}), 422, "invalid-expression", "[1]"),
        (json!({"expression": deep}), 422, "invalid-expression", "32768"),
        (json!({"expression": "a", "rules": ["magic"]}), 422, "unknown-rule", "assoc"),
        (json!({"expression": "a", "rules": ["idem:compose"]}), 422, "law-missing", "compose"),
        (json!({"expression": "a", "timeout_ms": 0}), 422, "invalid-limit", "5000"),
        (json!({"expression": "a", "timeout_ms": 5001}), 422, "invalid-limit", "5000"),
        (json!({"expression": "a", "max_iterations": 1001}), 422, "invalid-limit", "1000"),
        (json!({"expression": "a", "max_nodes": 100_001}), 422, "invalid-limit", "100000"),
        (json!({"expression": "(f a b)", "max_nodes": 2}), 422, "too-many-nodes", "3 different nodes"),
        (json!({"expression": "a", "cost": "cheap"}), 422, "invalid-cost", "ast-size"),
        (json!({"expression": "a", "cost": {"red": 0}}), 422, "invalid-cost", "1 to 1000"),
        (json!({"expression": "a", "cost": {"pink": 1}}), 422, "invalid-cost", "red"),
        (json!({"expression": "a", "operation": "dance"}), 422, "invalid-operation", "saturate"),
        (json!({"expression": "a", "operation": "verify"}), 422, "invalid-operation", "verify"),
        (json!({"expression": "a", "expressions": ["b"]}), 422, "invalid-expression", "either"),
        (json!({"expressions": []}), 422, "invalid-expression", "1 to 100"),
        (json!({"expressions": ["a", "(f"]}), 422, "invalid-expression", "expressions[1]"),
        (json!({"expression": "a", "language": "latin"}), 422, "unknown-language", "boolean"),
        (json!({"expression": "a", "language": {}}), 422, "invalid-json", "list of names"),
        (json!({"expression": "a", "color_mode": "pink"}), 422, "invalid-color-mode", "block"),
        (json!({"expression": "(merge a (inv b))"}), 422, "color-conflict", "RED next to BLUE"),
        (json!({"expression": "a", "form": "bush"}), 422, "invalid-json", "dag"),
        (json!({"expression": "a", "cost": {"operators": {"f": 0}}}), 422, "invalid-cost", "operators"),
    ] {
        let reply = post("/egraph/saturate", &body);
        let cut: String = body.to_string().chars().take(80).collect();
        assert_eq!((reply.status, &reply.json["code"]), (status, &json!(code)), "{cut}: {}", reply.json);
        assert_eq!(media_type(&reply), "application/problem+json");
        assert!(reply.json["detail"].as_str().unwrap().contains(word), "{cut}: {}", reply.json);
    }
    let reply = post("/egraph/saturate", &json!({"expression": "(merge a ()"}));
    assert_eq!(reply.json["position"], 10);
    for body in ["", "{", "{\"expression\":\"\u{0}\"}", &"[".repeat(100_000)] {
        assert_eq!(send(&service(), Method::POST, "/egraph/saturate", body).status, 400);
    }
    assert_eq!(send(&service(), Method::GET, "/egraph/saturate", "").status, 405);
}

#[test]
fn a_query_parameter_that_a_route_does_not_know_is_refused() {
    for (route, body) in [
        ("saturate", json!({"expression": "a"})),
        ("verify", json!({"lhs": "a", "rhs": "a"})),
        ("explain", json!({"expression": "a"})),
        ("merge", json!({"graphs": []})),
    ] {
        let refused = post(&format!("/egraph/{route}?timeout_ms=1"), &body);
        assert_eq!((refused.status, &refused.json["code"]), (422, &json!("unknown-parameter")), "{route}");
        assert_eq!(post(&format!("/egraph/{route}"), &body).status, 200, "{route}");
    }
}

#[test]
fn a_shared_term_that_is_huge_as_a_tree_is_refused() {
    let mut nodes = vec![json!({"op": "x"})];
    nodes.extend((0..90).map(|i| json!({"op": "f", "children": [i, i]})));
    let reply = post("/egraph/saturate", &json!({"expression": {"nodes": nodes}}));
    assert_eq!((reply.status, &reply.json["code"]), (422, &json!("invalid-expression")));
}

/// Runs one of the tests below in a process of its own, with settings.
fn with_settings(test: &str, settings: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored"])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn settings_are_honoured() {
    with_settings(
        "child_with_settings",
        &[
            ("GADGETS_ENABLED", "red, Green"),
            ("SATURATION_TIMEOUT_MS", "70"),
            ("MAX_NODES", "900"),
            ("MAX_TERM_DEPTH", "3"),
        ],
    );
    with_settings("child_with_bad_settings", &[("GADGETS_ENABLED", "red,pink")]);
}

#[test]
#[ignore = "run by settings_are_honoured"]
fn child_with_settings() {
    let root = send(&service(), Method::GET, "/egraph", "").json;
    assert_eq!(root["gadgets_enabled"], json!(["red", "green"]));
    let reply = saturated(json!({"expression": "(merge a a)"}));
    assert_eq!(
        (&reply["canonical_form"], &reply["rewrites_applied"]["idem"]),
        (&json!("(merge a a)"), &Value::Null)
    );
    for (body, code) in [
        (json!({"expression": "a", "rules": ["idem"]}), "gadget-disabled"),
        (json!({"expression": "a", "timeout_ms": 71}), "invalid-limit"),
        (json!({"expression": "a", "max_nodes": 901}), "invalid-limit"),
        (json!({"expression": "(f (f (f a)))"}), "invalid-expression"),
    ] {
        let reply = post("/egraph/saturate", &body);
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!(code)), "{body}");
    }
    let rules = send(&service(), Method::GET, "/egraph/rules", "").json;
    let enabled = |name| {
        rules["rules"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap()["enabled"].clone()
    };
    assert_eq!(
        (enabled("assoc"), enabled("idem"), enabled("comm")),
        (json!(true), json!(false), json!(true))
    );
}

#[test]
#[ignore = "run by settings_are_honoured"]
fn child_with_bad_settings() {
    let reply = post("/egraph/saturate", &json!({"expression": "a"}));
    assert_eq!((reply.status, &reply.json["code"]), (500, &json!("invalid-setting")));
}

/// The sides of a rule have the forms of terms.
#[test]
fn rules_are_given_in_any_form_of_terms() {
    let ask = |left: Value, right: Value| {
        let rule = json!({"name": "halve", "left": left, "right": right, "conditions": ["nonzero ?b"]});
        post("/egraph/saturate", &json!({"expression": "(/ (* x 7) 7)", "rules": [rule]}))
    };
    let listed = json!({"nodes": [{"op": "?a"}, {"op": "?b"}, {"op": "*", "children": [0, 1]}, {"op": "/", "children": [2, 1]}]});
    for left in [json!("(/ (* ?a ?b) ?b)"), json!(["/", ["*", "?a", "?b"], "?b"]), listed] {
        assert_eq!(ask(left.clone(), json!("?a")).json["canonical_form"], "x", "{left}");
    }
    let refused = ask(json!(["/", ["*", "?a"], "?b"]), json!("?a"));
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("invalid-rule")));
    assert!(refused.json["detail"].as_str().unwrap().contains("left[1]: * takes 2"), "{}", refused.json);
}
