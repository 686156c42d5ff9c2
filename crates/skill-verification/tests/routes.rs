//! The routes against a store of their own: what they take, what they refuse, and what a wrong setting does.

use http::Method;
use ramanujan_core::Code;
use ramanujan_core::splitmix::SplitMix64;
use ramanujan_shell::Service;
use ramanujan_shell::native::{self, Guard, Reply, media_type, send, send_with};
use serde_json::{Value, json};

const PROBLEM: &str = "application/problem+json";

struct Fixture {
    service: Service,
    _database: Guard,
}

impl Fixture {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(settings: &'static [(&'static str, &'static str)]) -> Self {
        let database = native::fresh_database();
        native::mount("interaction-timeline", interaction_timeline::service());
        let service = skill_verification::service_with(|name| {
            settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        Fixture { service, _database: database }
    }

    fn post(&self, path: &str, body: &Value) -> Reply {
        send(&self.service, Method::POST, path, body.to_string())
    }

    fn get(&self, path: &str) -> Value {
        let reply = send(&self.service, Method::GET, path, "");
        assert_eq!(reply.status, 200, "{path}: {}", reply.json);
        reply.json
    }

    fn ok(&self, path: &str, body: &Value) -> Value {
        let reply = self.post(path, body);
        assert_eq!(reply.status, 200, "{path}: {}", reply.json);
        reply.json
    }

    fn refused(&self, path: &str, body: &str) -> (u16, String, String) {
        let reply = send(&self.service, Method::POST, path, body);
        assert_eq!(media_type(&reply), PROBLEM, "{path} {body}: {}", reply.json);
        let text = |member: &str| reply.json[member].as_str().expect("a text").to_owned();
        (reply.status, text("code"), text("detail"))
    }
}

/// A reproducible vector of ordinary components.
fn vector(dimension: usize, seed: u64) -> Vec<f32> {
    let mut random = SplitMix64::new(seed);
    (0..dimension).map(|_| (random.unit() - 0.5) as f32).collect()
}

#[test]
fn root_and_health_answer_below_both_bases() {
    let fixture = Fixture::new();
    for base in ["/verify", "/verify/", "/skills"] {
        let reply = fixture.get(base);
        assert_eq!((&reply["status"], &reply["agents_total"]), (&json!("ok"), &json!(17)));
        let groups = ["negative_agents", "neutral_agents", "positive_agents"].map(|group| &reply[group]);
        assert_eq!(groups, [&json!(6), &json!(5), &json!(6)]);
    }
    for path in ["/verify/health", "/skills/health"] {
        assert_eq!(fixture.get(path)["component"], "skill-verification");
    }
    let agents = fixture.get("/skills/agents");
    assert_eq!(agents["agents"].as_array().map(Vec::len), Some(17));
    assert_eq!(
        (&agents["agents"][6]["id"], &agents["agents"][6]["polarity"]),
        (&json!("neutral_canonical"), &json!("NEUTRAL"))
    );
}

#[test]
fn health_fails_with_the_timeline_and_names_it() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("/verify/health")["components"], json!({"interaction-timeline": "ok"}));
    for code in [Code::InvalidSetting, Code::StoreUnavailable] {
        native::mount_unwell("interaction-timeline", "/timeline", code, "SEAL_EVENTS is wrong");
        for path in ["/verify/health", "/skills/health"] {
            let reply = send(&fixture.service, Method::GET, path, "");
            assert_eq!((reply.status, &reply.json["code"]), (503, &json!("unhealthy")), "{}", reply.json);
            assert_eq!(reply.json["failing"], json!(["interaction-timeline"]));
            let detail = reply.json["detail"].as_str().unwrap();
            assert!(detail.contains("interaction-timeline") && detail.contains("SEAL_EVENTS"), "{detail}");
        }
    }
    // The roster does not hang on the timeline.
    assert_eq!(fixture.get("/verify/agents")["agents_total"], 17);
}

#[test]
fn another_number_of_verifiers_is_refused_at_every_request() {
    for settings in
        [&[("NUM_AGENTS", "16")], &[("NEG_AGENTS", "5")], &[("NEUTRAL_AGENTS", "6")], &[("POS_AGENTS", "0")]]
    {
        let fixture = Fixture::with(settings);
        for (method, path) in [
            (Method::GET, "/verify"),
            (Method::GET, "/verify/health"),
            (Method::GET, "/verify/agents"),
            (Method::POST, "/verify/analyze"),
            (Method::PUT, "/verify/collections/c"),
        ] {
            let reply = send(&fixture.service, method, path, "");
            assert_eq!((reply.status, media_type(&reply)), (500, PROBLEM), "{path}");
            assert_eq!(reply.json["code"], json!("invalid-setting"));
            assert!(reply.json["detail"].as_str().unwrap().contains(settings[0].0));
        }
    }
}

#[test]
fn an_analysis_has_both_shapes_and_follows_from_its_votes() {
    let fixture = Fixture::new();
    let body = json!({"image_id": "img-1", "embedding": vector(64, 1), "embedding_model": "resnet50",
        "reference": (2..40).map(|seed| vector(64, seed)).collect::<Vec<_>>()});
    let reply = fixture.ok("/verify/analyze", &body);
    assert_eq!(
        (&reply["status"], &reply["kind"], &reply["image_id"]),
        (&json!("ok"), &json!("embedding"), &json!("img-1"))
    );
    assert_eq!((&reply["self_verified"], &reply["differing"]), (&json!(true), &json!([])));
    assert_eq!((&reply["reference_vectors"], &reply["dimension"]), (&json!(38), &json!(64)));
    let verifiers = reply["verifiers"].as_array().expect("verifiers");
    let scores = reply["per_agent_scores"].as_array().expect("scores");
    assert_eq!((verifiers.len(), scores.len(), reply["votes"].as_array().map(Vec::len)), (17, 17, Some(17)));
    let mut agreeing = 0;
    let mut means = Vec::new();
    for (group, members) in [("negative", 0..6), ("neutral", 6..11), ("positive", 11..17)] {
        let count = |vote: &str| verifiers[members.clone()].iter().filter(|v| v["vote"] == vote).count();
        let tally = &reply["groups"][group];
        for vote in ["yes", "no", "abstain"] {
            assert_eq!(tally[vote], count(vote), "{group} {vote}");
        }
        assert_eq!(tally["agrees"], count("yes") > count("no"));
        agreeing += usize::from(tally["agrees"] == true);
        let given: Vec<f64> = verifiers[members].iter().filter_map(|v| v["score"].as_f64()).collect();
        let mean = given.iter().sum::<f64>() / given.len() as f64;
        assert!((reply[format!("{group}_consensus")].as_f64().unwrap() - mean).abs() < 1e-12);
        means.push(mean);
    }
    let verdict = ["REJECTED", "REJECTED", "TENTATIVE", "ACCEPTED"][agreeing];
    assert_eq!(reply["verdict"], verdict);
    let overall = means.iter().sum::<f64>() / 3.0;
    assert!((reply["overall_consensus"].as_f64().unwrap() - overall).abs() < 1e-12);
    assert_eq!(reply["polarity_balanced"], true);
    for (verifier, score) in verifiers.iter().zip(scores) {
        assert_eq!((&verifier["score"], &verifier["agent_id"]), (&score["score"], &score["agent_id"]));
    }
}

#[test]
fn every_analysis_advances_all_clocks_once_and_is_one_event() {
    let fixture = Fixture::new();
    let sum = |reply: &Value| -> u64 {
        reply["vector_clock"].as_object().expect("a clock").values().filter_map(Value::as_u64).sum()
    };
    let body = |seed| json!({"image_id": format!("img-{seed}"), "embedding": vector(32, seed)});
    let sums: Vec<u64> = (1..=5).map(|seed| sum(&fixture.ok("/verify/analyze", &body(seed)))).collect();
    assert_eq!(sums, [17, 34, 51, 68, 85]);
    // Asked for again, it is the same analysis.
    assert_eq!(sum(&fixture.ok("/skills/analyze", &body(2))), 34);
    let timeline = interaction_timeline::service();
    let events = send(&timeline, Method::GET, "/timeline/query?type=verify", "").json;
    let events = events["events"].as_array().expect("events");
    assert_eq!(events.len(), 5);
    let event = &events[0];
    assert_eq!((&event["color"], &event["operation"]), (&json!("GREEN"), &json!("verify")));
    assert_eq!(event["vector_clock"]["pos_creative"], 1);
}

#[test]
fn refuses_what_is_no_item() {
    let fixture = Fixture::new();
    let numbers = |n: usize| json!({"embedding": vec![0.5; n]}).to_string();
    let with = |number: &str| format!("{{\"embedding\":[1,2,3,4,5,6,7,{number}]}}");
    let reference = json!({"embedding": vector(8, 1), "reference": [vector(9, 2)]}).to_string();
    for (body, status, code, said) in [
        ("{".to_owned(), 400, "malformed-json", ""),
        ("{}".to_owned(), 422, "invalid-item", "an embedding or a skill"),
        (json!([null, vector(8, 1)]).to_string(), 422, "invalid-json", ""),
        (numbers(7), 422, "invalid-embedding", "8 to 4096"),
        (numbers(4097), 422, "invalid-embedding", "4097"),
        (with("NaN"), 400, "malformed-json", ""),
        (with("Infinity"), 400, "malformed-json", ""),
        (with("1e999"), 422, "invalid-json", ""),
        (with("1e39"), 422, "invalid-embedding", "component 7"),
        (with("\"1\""), 422, "invalid-json", ""),
        (with("null"), 422, "invalid-json", ""),
        (
            json!({"embedding": "AADAfwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}).to_string(),
            422,
            "invalid-embedding",
            "component 0",
        ),
        (json!({"embedding": "AAA"}).to_string(), 422, "invalid-embedding", "base64"),
        (json!({"embedding": 7}).to_string(), 422, "invalid-json", ""),
        (reference, 422, "dimension-mismatch", "reference[0]"),
        (
            json!({"embedding": vector(8, 1), "collection": "none"}).to_string(),
            404,
            "no-such-collection",
            "none",
        ),
        (json!({"embedding": vector(8, 1), "skill": {}}).to_string(), 422, "invalid-item", ""),
        (json!({"skill": {"name": 1}}).to_string(), 422, "invalid-skill", ""),
        (json!({"embedding": vector(8, 1), "colour": 1}).to_string(), 422, "invalid-json", "colour"),
        (
            json!({"embedding": vector(8, 1), "image_id": "x".repeat(257)}).to_string(),
            422,
            "invalid-item",
            "image_id",
        ),
    ] {
        let (found, named, detail) = fixture.refused("/verify/analyze", &body);
        let shown = &body[..body.len().min(80)];
        assert_eq!((found, named.as_str()), (status, code), "{shown}: {detail}");
        assert!(detail.contains(said), "{shown}: {detail}");
    }
    let timeline = send(&interaction_timeline::service(), Method::GET, "/timeline/query", "").json;
    assert_eq!(timeline["events"], json!([]), "nothing happened");
}

#[test]
fn a_batch_answers_in_place_of_each_item() {
    let fixture = Fixture::with(&[("BATCH_SIZE", "3")]);
    let twin = vector(32, 1);
    let items = json!([{"embedding": twin}, {"embedding": [1]}, {"image_id": "twin", "embedding": twin}]);
    let accept = [("accept", "application/json")];
    let reply = send_with(&fixture.service, Method::POST, "/verify/batch", &accept, items.to_string());
    assert_eq!((reply.status, media_type(&reply)), (200, "application/json"));
    let [first, bad, last] = reply.json.as_array().expect("an array").as_slice() else { panic!("three") };
    assert_eq!(
        (&bad["status"], &bad["code"], &bad["index"]),
        (&json!(422), &json!("invalid-embedding"), &json!(1))
    );
    for (item, other) in [(first, 2), (last, 0)] {
        let contrast = &item["verifiers"][4];
        assert_eq!((&item["status"], &contrast["vote"]), (&json!("ok"), &json!("no")), "{contrast}");
        assert_eq!(contrast["evidence"]["nearest"], json!({"source": "request", "index": other}));
    }
    for (body, said) in
        [("[]", "this one has 0"), ("[1,2,3,4]", "1 to 3"), (r#"{"items":[]}"#, "0"), ("[{},[]]", "item 1")]
    {
        let (status, code, detail) = fixture.refused("/verify/batch", body);
        assert_eq!((status, code.as_str()), (422, "invalid-batch"));
        assert!(detail.contains(said), "{detail}");
    }
    assert_eq!(fixture.refused("/verify/batch", r#"{"items":[{}],"collection":"x"}"#).0, 404);
}

fn create(fixture: &Fixture, name: &str, dimension: usize) -> Reply {
    let path = format!("/verify/collections/{name}");
    send(&fixture.service, Method::PUT, &path, json!({"dimension": dimension}).to_string())
}

#[test]
fn a_collection_grows_by_blocks_that_are_added_once() {
    let fixture = Fixture::new();
    assert_eq!(create(&fixture, "faces", 16).json["created"], true);
    assert_eq!(create(&fixture, "faces", 16).json["created"], false);
    assert_eq!(create(&fixture, "faces", 17).json["code"], "dimension-conflict");
    let path = "/verify/collections/faces/embeddings";
    let block = json!({"embeddings": [vector(16, 1), vector(16, 2)], "ids": ["one", "two"]});
    let first = fixture.ok(path, &block);
    assert_eq!(
        (&first["first"], &first["appended"], &first["duplicate"]),
        (&json!(0), &json!(2), &json!(false))
    );
    let again = fixture.ok(path, &block);
    assert_eq!(
        (&again["first"], &again["appended"], &again["duplicate"]),
        (&json!(0), &json!(0), &json!(true))
    );
    assert_eq!(again["digest"], first["digest"]);
    let clash = json!({"embeddings": [vector(16, 3), vector(16, 4)], "ids": ["three", "two"]});
    let (status, code, detail) = fixture.refused(path, &clash.to_string());
    assert_eq!((status, code.as_str()), (409, "id-conflict"));
    assert!(detail.contains("id 1") && detail.contains("two"), "{detail}");
    assert_eq!(fixture.ok(path, &json!({"embeddings": [vector(16, 5)]}))["first"], 2);
    let shown = fixture.get("/verify/collections/faces?components=true");
    assert_eq!((&shown["vectors"], &shown["blocks"], &shown["bytes"]), (&json!(3), &json!(2), &json!(192)));
    assert_eq!(shown["statistics"]["count"], 3);
    assert_eq!(shown["statistics"]["centroid"].as_array().map(Vec::len), Some(16));
    let page = fixture.get("/verify/collections/faces/embeddings?limit=2");
    assert_eq!((&page["embeddings"][1]["id"], &page["next_cursor"]), (&json!("two"), &json!(2)));
    let rest = fixture.get("/verify/collections/faces/embeddings?limit=2&cursor=2");
    assert_eq!((&rest["embeddings"][0]["index"], &rest["next_cursor"]), (&json!(2), &Value::Null));
    let reply = send(&fixture.service, Method::DELETE, "/verify/collections/faces", "");
    assert_eq!(
        (reply.status, &reply.headers["allow"]),
        (405, &http::HeaderValue::from_static("PUT, POST, GET, HEAD, OPTIONS"))
    );
}

#[test]
fn refuses_what_is_no_block_and_stores_nothing() {
    let fixture = Fixture::with(&[("MAX_COLLECTIONS", "1"), ("MAX_COLLECTION_VECTORS", "3")]);
    create(&fixture, "c", 16);
    assert_eq!(create(&fixture, "d", 16).json["code"], "too-many-collections");
    assert_eq!(create(&fixture, "c%20d", 16).status, 422);
    assert_eq!(create(&fixture, "e", 7).json["code"], "invalid-dimension");
    let path = "/verify/collections/c/embeddings";
    let some = |n: u64| json!((0..n).map(|seed| vector(16, seed)).collect::<Vec<_>>());
    for (body, status, code) in [
        (json!({}), 422, "invalid-block"),
        (json!({"embeddings": []}), 422, "invalid-block"),
        (json!({"embeddings": [vector(17, 1)]}), 422, "dimension-mismatch"),
        (json!({"embeddings": some(1), "block": "AAAA"}), 422, "invalid-block"),
        (json!({"block": "AAAA"}), 422, "invalid-block"),
        (json!({"block": "////"}), 422, "invalid-block"),
        (json!({"embeddings": some(2), "ids": ["a"]}), 422, "invalid-ids"),
        (json!({"embeddings": some(2), "ids": ["a", "a"]}), 422, "invalid-ids"),
        (json!({"embeddings": some(4)}), 429, "collection-full"),
    ] {
        let (found, named, detail) = fixture.refused(path, &body.to_string());
        assert_eq!((found, named.as_str()), (status, code), "{detail}");
    }
    assert_eq!(fixture.refused("/verify/collections/none/embeddings", "{}").0, 404);
    assert_eq!(fixture.get("/verify/collections/c")["vectors"], 0);
    assert_eq!(fixture.get("/verify/collections/c")["statistics"], Value::Null);
    fixture.ok(path, &json!({"embeddings": some(3)}));
    assert_eq!(
        fixture.refused(path, &json!({"embeddings": [vector(16, 9)]}).to_string()).1,
        "collection-full"
    );
}

#[test]
fn kept_statistics_are_those_of_all_vectors_however_they_came() {
    let fixture = Fixture::new();
    let vectors: Vec<Vec<f32>> = (0..700).map(|seed| vector(16, seed)).collect();
    for (name, size) in [("large", 700), ("middle", 90), ("small", 7)] {
        create(&fixture, name, 16);
        for block in vectors.chunks(size) {
            fixture.ok(&format!("/verify/collections/{name}/embeddings"), &json!({"embeddings": block}));
        }
    }
    let of = |name: &str| {
        fixture.get(&format!("/verify/collections/{name}?components=true"))["statistics"].clone()
    };
    let large = of("large");
    assert_eq!(large["count"], 700);
    assert_eq!((of("middle"), of("small")), (large.clone(), large));
    // The sums over the same vectors without a store.
    let body = json!({"embedding": vector(16, 9999), "reference": vectors});
    let inline = fixture.ok("/verify/analyze", &body);
    for name in ["large", "small"] {
        let stored =
            fixture.ok("/verify/analyze", &json!({"embedding": vector(16, 9999), "collection": name}));
        for member in ["verdict", "confidence", "groups"] {
            assert_eq!(stored[member], inline[member], "{name} {member}");
        }
        assert_eq!((&stored["self_verified"], &stored["reference_vectors"]), (&json!(true), &json!(700)));
    }
}

#[test]
fn nearest_neighbours_come_in_order_and_the_item_itself_is_not_its_neighbour() {
    let fixture = Fixture::new();
    create(&fixture, "c", 16);
    let vectors: Vec<Vec<f32>> = (0..30).map(|seed| vector(16, seed)).collect();
    let ids: Vec<String> = (0..30).map(|n| format!("v{n}")).collect();
    fixture.ok("/verify/collections/c/embeddings", &json!({"embeddings": vectors, "ids": ids}));
    let found =
        fixture.ok("/verify/similarity", &json!({"embedding": vectors[7], "collection": "c", "k": 30}));
    let neighbours = found["neighbours"].as_array().expect("neighbours");
    assert_eq!(
        (neighbours.len(), &neighbours[0]["id"], &neighbours[0]["index"]),
        (30, &json!("v7"), &json!(7))
    );
    assert!(neighbours.is_sorted_by(|a, b| a["cosine"].as_f64() >= b["cosine"].as_f64()));
    let inline =
        fixture.ok("/verify/similarity", &json!({"embedding": vectors[7], "reference": vectors, "k": 30}));
    for (stored, inline) in neighbours.iter().zip(inline["neighbours"].as_array().expect("neighbours")) {
        assert_eq!((&stored["index"], &stored["cosine"]), (&inline["index"], &inline["cosine"]));
    }
    let vote = |id: &str| {
        let body = json!({"image_id": id, "embedding": vectors[7], "collection": "c"});
        fixture.ok("/verify/analyze", &body)["verifiers"][4].clone()
    };
    assert_eq!((&vote("v7")["vote"], &vote("other")["vote"]), (&json!("yes"), &json!("no")));
    assert_eq!(vote("other")["evidence"]["nearest"]["id"], "v7");
}

#[test]
fn the_cosine_of_two() {
    let fixture = Fixture::new();
    let one = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let other = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let reply = fixture.ok("/skills/similarity", &json!({"embedding": one, "other": other}));
    assert!((reply["cosine"].as_f64().unwrap() - 0.5f64.sqrt()).abs() < 1e-15);
    assert!((reply["angle"].as_f64().unwrap() - std::f64::consts::FRAC_PI_4).abs() < 1e-12);
    assert_eq!(reply["euclidean_distance"], 1.0);
    for (body, code) in [
        (json!({"embedding": one, "other": vector(9, 1)}), "dimension-mismatch"),
        (json!({"embedding": one, "other": [0, 0, 0, 0, 0, 0, 0, 0]}), "invalid-similarity"),
        (json!({"embedding": [0, 0, 0, 0, 0, 0, 0, 0], "other": one}), "invalid-similarity"),
        (json!({"embedding": one}), "invalid-similarity"),
        (json!({"embedding": one, "reference": [one], "k": 0}), "invalid-similarity"),
        (json!({"embedding": one, "reference": [one], "k": 1001}), "invalid-similarity"),
        (json!({"embedding": one, "reference": [vector(9, 1)]}), "dimension-mismatch"),
    ] {
        let (status, named, detail) = fixture.refused("/verify/similarity", &body.to_string());
        assert_eq!((status, named.as_str()), (422, code), "{detail}");
    }
}

#[test]
fn votes_are_added_once_and_conflicts_are_named() {
    let fixture = Fixture::with(&[("MAX_VOTES", "19")]);
    let body = json!({"embedding": vector(64, 1), "agent_id": "a"});
    let analysis = fixture.ok("/verify/analyze", &body);
    let votes = analysis["votes"].clone();
    let subject = analysis["subject"].as_str().expect("a subject");
    let path = format!("/verify/votes/{subject}");
    assert_eq!(send(&fixture.service, Method::GET, &path, "").status, 404);
    assert_eq!(fixture.ok("/verify/votes", &votes)["added"], 17);
    let again = fixture.ok("/skills/votes/merge", &votes);
    assert_eq!((&again["added"], &again["duplicates"]), (&json!(0), &json!(17)));
    let set = fixture.get(&path);
    for member in ["verdict", "confidence", "groups"] {
        assert_eq!(set[member], analysis[member], "{member}");
    }
    assert_eq!((&set["missing"], &set["conflicts"], &set["count"]), (&json!([]), &json!([]), &json!(17)));
    let page = fixture.get(&format!("{path}?limit=10"));
    let rest =
        fixture.get(&format!("{path}?limit=10&cursor={}", page["next_cursor"].as_str().expect("more")));
    assert_eq!(
        (page["votes"].as_array().map(Vec::len), rest["votes"].as_array().map(Vec::len)),
        (Some(10), Some(7))
    );
    let mut lie = votes[0].clone();
    lie["vote"] = if lie["vote"] == "yes" { json!("no") } else { json!("yes") };
    lie["score"] = json!(0.25);
    let told = fixture.ok("/verify/votes", &lie);
    let conflict = &told["subjects"][0]["conflicts"][0];
    assert_eq!((&conflict["verifier"], &conflict["agent_id"]), (&json!("neg_critic"), &json!("a")));
    assert_eq!(told["subjects"][0]["missing"], json!(["neg_critic"]));
    assert_eq!(fixture.get("/verify/votes")["subjects"], json!([{"subject": subject, "count": 18}]));
    // Two more would be one too many: neither is added.
    let more: Vec<Value> = ["b", "c"]
        .map(|agent| {
            let mut vote = votes[1].clone();
            vote["agent_id"] = json!(agent);
            vote
        })
        .into();
    let (status, code, _) = fixture.refused("/verify/votes", &json!(more).to_string());
    assert_eq!((status, code.as_str(), &fixture.get(&path)["count"]), (429, "too-many-votes", &json!(18)));
    for (member, value) in [
        ("subject", json!("embedding:xyz")),
        ("verifier", json!("nobody")),
        ("agent_id", json!("a b")),
        ("vote", json!("perhaps")),
        ("score", json!(2)),
        ("evidence", json!("12")),
        ("signature", json!("")),
        ("extra", json!(1)),
    ] {
        let mut vote = votes[0].clone();
        vote[member] = value;
        assert_eq!(fixture.refused("/verify/votes", &vote.to_string()).0, 422, "{member}");
    }
    assert_eq!(fixture.refused("/verify/votes", "[]").1, "invalid-votes");
    let reply = send(&fixture.service, Method::GET, "/verify/votes/nonsense", "");
    assert_eq!(reply.status, 422);
}
