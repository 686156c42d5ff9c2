//! `/colors/…` as a client sees it.

use duck_colors::service;
use http::Method;
use ramanujan_shell::native::{Reply, media_type, send};
use serde_json::{Value, json};

fn get(target: &str) -> Reply {
    send(&service(), Method::GET, target, "")
}

fn found(target: &str) -> Value {
    let reply = get(target);
    assert_eq!((reply.status, &reply.json["status"]), (200, &json!("ok")), "{target}: {}", reply.json);
    reply.json
}

#[test]
fn the_root_holds_its_constants() {
    let root = found("/colors/");
    for (field, value) in [
        ("service", json!("Duck Color Generation")),
        ("algorithm", json!("gay-jl-golden-spiral")),
        ("seed_management", json!("splitmix64")),
        ("path", json!("/")),
        ("request_size", json!(0)),
    ] {
        assert_eq!(root[field], value, "{field}");
    }
    assert_eq!(root["algorithms"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_colour_by_each_algorithm() {
    let color = found("/colors/hex");
    assert_eq!((&color["hex"], &color["rgb"]), (&json!("#EE2B2B"), &json!([238, 43, 43])));
    assert_eq!((&color["seed"], &color["index"], &color["trit"]), (&json!(null), &json!(0), &json!(1)));
    assert_eq!(color["sigil"], "🔴");

    let color = found("/colors/hex?algorithm=split-chain&index=3");
    assert_eq!(
        (&color["hex"], &color["trit"], &color["hue_space"]),
        (&json!("#00D3FE"), &json!(-1), &json!("lch"))
    );
    assert_eq!((&color["seed"], &color["polarity_sigil"]), (&json!("6761795f636f6c6f"), &json!("−")));

    let color = found("/colors/hex?algorithm=color-at&seed=42");
    assert_eq!(
        (&color["hex"], &color["index"], &color["seed"]),
        (&json!("#03F166"), &json!(1), &json!("000000000000002a"))
    );
    assert_eq!(found("/colors/hex?algorithm=color-at&seed=0x2A&index=0")["hex"], "#956EEB");

    let color = found("/colors/hex?algorithm=genesis-1069&index=12");
    assert_eq!((&color["hex"], &color["source"]), (&json!("#DD7CB0"), &json!("data")));

    // A seed turns the spiral, and a name with its prefix works.
    assert_ne!(found("/colors/hex?seed=123")["hex"], "#EE2B2B");
    assert_eq!(found("/colors/hex?algorithm=gay-jl-golden-spiral&index=1")["hex"], "#2BEE64");
}

#[test]
fn far_indexes_are_cheap_or_refused() {
    assert_eq!(found("/colors/hex?algorithm=split-chain&index=1048575")["index"], 1_048_575);
    found("/colors/hex?algorithm=split-chain&index=1048575&seed=5");
    found("/colors/hex?algorithm=color-at&index=9007199254740991");
    for beyond in [
        "algorithm=split-chain&index=1048576",
        "algorithm=color-at&index=9007199254740992",
        "index=9007199254740992",
        "algorithm=genesis-1069&index=0",
        "algorithm=genesis-1069&index=13",
        "algorithm=genesis-1069&seed=42",
    ] {
        let reply = get(&format!("/colors/hex?{beyond}"));
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!("no-such-color")), "{beyond}");
    }
}

#[test]
fn a_palette_with_distance_and_contrast() {
    let palette = found("/colors/palette?n=17");
    let colors = palette["colors"].as_array().unwrap();
    assert_eq!((colors.len(), &palette["next_index"]), (17, &json!(17)));
    for color in colors {
        let hex = color["hex"].as_str().unwrap();
        assert!(hex.len() == 7 && hex.starts_with('#') && hex.to_uppercase() == hex);
        let [black, white] = ["black", "white"].map(|side| color["contrast"][side].as_f64().unwrap());
        assert_eq!(color["text"], if black >= white { "#000000" } else { "#FFFFFF" });
        assert!(black.max(white) >= 4.5, "{color}");
    }
    let spread = found("/colors/palette?n=8&algorithm=split-chain&min_delta_e=30&seed=1069");
    assert!(spread["delta_e"].as_f64().unwrap() >= 30.0);
    assert_eq!(spread["colors"].as_array().unwrap().len(), 8);

    let genesis = found("/colors/palette?algorithm=genesis-1069");
    assert_eq!((&genesis["source"], &genesis["next_index"]), (&json!("data"), &json!(null)));
    assert_eq!(genesis["colors"][0]["hex"], "#E67F86");

    let chain = found("/colors/palette?algorithm=split-chain&n=36");
    assert_eq!(chain["trit_sum"], 6);
    let tail = found("/colors/palette?algorithm=split-chain&n=2&start=34");
    assert_eq!((&tail["colors"][1], tail["next_index"].as_u64()), (&chain["colors"][35], Some(36)));
}

#[test]
fn a_sigil_for_any_spelling() {
    for spelling in ["%23A855F7", "a855f7", "%23a855f7"] {
        let color = found(&format!("/colors/sigil?color={spelling}"));
        assert_eq!((&color["sigil"], &color["hex"]), (&json!("🟣"), &json!("#A855F7")));
    }
    let white = found("/colors/sigil?color=fff");
    assert_eq!(
        (&white["hex"], &white["contrast"]["black"], &white["hue"]),
        (&json!("#FFFFFF"), &json!(21.0), &json!(null))
    );
}

#[test]
fn operators_and_forks() {
    let insert = found("/colors/operator?name=insert&seed=7");
    assert_eq!(
        (&insert["color"], &insert["rule"], &insert["priority"]),
        (&json!("RED"), &json!("table"), &json!(30))
    );
    assert_eq!(insert["may_contain"], json!(["RED", "GREEN"]));
    let other = found("/colors/operator?name=frobnicate");
    assert_eq!((&other["rule"], &other["color"]), (&json!("hash"), &other["hashed_color"]));
    let several = found("/colors/operator?names=insert,delete,verify");
    assert_eq!(several["harmony"], 0.5);
    let colors: Vec<_> =
        several["operators"].as_array().unwrap().iter().map(|o| o["color"].clone()).collect();
    assert_eq!(colors, ["RED", "BLUE", "GREEN"]);

    let fork = found("/colors/fork?seed=42&offset=1");
    assert_eq!(fork["forked_seed"], "0000000000000517"); // 31·42 + 1
    let child = found(&format!(
        "/colors/palette?algorithm=color-at&n=5&seed=0x{}",
        fork["forked_seed"].as_str().unwrap()
    ));
    let hexes: Vec<_> = child["colors"].as_array().unwrap().iter().map(|c| c["hex"].clone()).collect();
    assert_eq!(fork["preview"], json!(hexes));
    assert_ne!(found("/colors/fork?seed=42&offset=1&method=mixed")["forked_seed"], fork["forked_seed"]);
}

#[test]
fn verify_recomputes_the_vectors() {
    let report = found("/colors/verify");
    assert_eq!(
        (&report["verified"], &report["failed"], &report["skipped"]),
        (&json!(true), &json!(0), &json!(4))
    );
    let deeper = found("/colors/verify?limit=1000000");
    assert_eq!((&deeper["verified"], &deeper["skipped"]), (&json!(true), &json!(2)));
    assert_eq!(get("/colors/verify?limit=1000001").status, 422);
}

#[test]
fn bad_requests_are_problem_documents_that_name_the_trouble() {
    for (target, status, word) in [
        ("/colors/hex?seed=red", 422, "seed"),
        ("/colors/hex?seed=0x", 422, "seed"),
        ("/colors/hex?index=-1", 422, "index"),
        ("/colors/hex?index=1.5", 422, "index"),
        ("/colors/hex?algorithm=spiral", 422, "golden-spiral"),
        ("/colors/hex?sed=1", 422, "sed"),
        ("/colors/hex?seed=1&seed=2", 422, "seed"),
        ("/colors/palette?n=0", 422, "256"),
        ("/colors/palette?n=257", 422, "256"),
        ("/colors/palette?min_delta_e=NaN", 422, "min_delta_e"),
        ("/colors/palette?min_delta_e=-1", 422, "min_delta_e"),
        ("/colors/palette?min_delta_e=90", 422, "lower min_delta_e"),
        ("/colors/palette?algorithm=genesis-1069&n=13", 422, "12"),
        ("/colors/palette?algorithm=genesis-1069&start=13", 422, "13"),
        ("/colors/sigil", 422, "color"),
        ("/colors/sigil?color=purple", 422, "#RRGGBB"),
        ("/colors/sigil?color=%F0%9F%9F%A3", 422, "#RRGGBB"),
        ("/colors/operator", 422, "name"),
        ("/colors/operator?name=", 422, "name"),
        ("/colors/operator?name=a&names=b", 422, "name"),
        ("/colors/operator?name=%00", 422, "control"),
        ("/colors/fork?offset=9007199254740992", 422, "offset"),
        ("/colors/fork?method=spoon", 422, "linear"),
        ("/colors/nothing", 404, "/colors/nothing"),
    ] {
        let reply = get(target);
        assert_eq!((reply.status, media_type(&reply)), (status, "application/problem+json"), "{target}");
        assert!(reply.json["detail"].as_str().unwrap().contains(word), "{target}: {}", reply.json);
    }
    let reply = send(&service(), Method::POST, "/colors/hex", "{}");
    assert_eq!((reply.status, reply.headers["allow"].to_str().unwrap()), (405, "GET, HEAD, OPTIONS"));
}

#[test]
fn health_says_what_was_computed_again() {
    let health = found("/colors/health");
    assert!(health["verified_vectors"].as_u64().unwrap() > 200, "{health}");
}
