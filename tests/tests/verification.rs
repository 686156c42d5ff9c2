//! skill-verification over HTTP: collections under concurrent writers and a killed host, batches as they come, and
//! votes that two sites exchange.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ramanujan_tests::Network;
use ramanujan_tests::http::Client;
use ramanujan_tests::skip::{self, CURL};
use serde_json::{Value, json};

const DIMENSION: usize = 64;

/// Reproducible numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// Components of which every f32 is exact in the JSON.
    fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| (self.next() % 2001) as f32 / 1024.0 - 1.0).collect()
    }
}

fn vectors(seed: u64, count: usize) -> Vec<Vec<f32>> {
    let mut numbers = Numbers(seed);
    (0..count).map(|_| numbers.vector(DIMENSION)).collect()
}

fn create(client: &Client, name: &str, dimension: usize) {
    client.post(&format!("/verify/collections/{name}"), &json!({"dimension": dimension})).ok();
}

/// All ids of a collection with their places, page by page.
fn ids(client: &Client, name: &str) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/verify/collections/{name}/embeddings?limit=1000{cursor}")).ok();
        for entry in page["embeddings"].as_array().expect("embeddings") {
            let id = entry["id"].as_str().expect("an id").to_owned();
            found.push((entry["index"].as_u64().expect("a place"), id));
        }
        match page["next_cursor"].as_u64() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// The nearest by a plain scan in f64, equal cosines by place.
fn nearest(query: &[f32], vectors: &[Vec<f32>], k: usize) -> Vec<(u64, f64)> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let cosine = |v: &[f32]| (dot(v, query) / (dot(v, v).sqrt() * dot(query, query).sqrt())).clamp(-1.0, 1.0);
    let mut all: Vec<(u64, f64)> = (0..).zip(vectors.iter().map(|vector| cosine(vector))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

#[test]
fn the_component_finds_what_a_plain_scan_finds_bit_for_bit() {
    let network = Network::shared();
    let client = network.client();
    create(&client, "exact", DIMENSION);
    let mut stored = vectors(1, 3000);
    // Ties, and twins within f32's resolution.
    for twin in 0..50 {
        stored[2000 + twin] = stored[twin].clone();
        stored[2500 + twin] = stored[twin].iter().map(|x| x * 3.0).collect();
    }
    for block in stored.chunks(700) {
        client.post("/verify/collections/exact/embeddings", &json!({"embeddings": block})).ok();
    }
    for (query, k) in
        vectors(2, 4).into_iter().chain(stored[..4].to_vec()).zip([1, 10, 100, 1000, 3, 5, 20, 50])
    {
        let found = client
            .post("/verify/similarity", &json!({"embedding": query, "collection": "exact", "k": k}))
            .ok();
        let found: Vec<(u64, f64)> = found["neighbours"]
            .as_array()
            .expect("neighbours")
            .iter()
            .map(|hit| (hit["index"].as_u64().expect("a place"), hit["cosine"].as_f64().expect("a cosine")))
            .collect();
        assert_eq!(found, nearest(&query, &stored, k));
    }
}

#[test]
fn writers_that_meet_lose_nothing_and_retries_add_nothing() {
    const WRITERS: usize = 8;
    const BLOCKS: usize = 12;
    let mut network = Network::start();
    let client = network.client();
    create(&client, "busy", DIMENSION);
    let (acknowledged, repeated) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let write = |client: &Client, writer: usize| {
        for block in 0..BLOCKS {
            let count = 1 + (writer + block) % 5;
            let body = json!({
                "embeddings": vectors((writer * 100 + block) as u64, count),
                "ids": (0..count).map(|n| format!("{writer}.{block}.{n}")).collect::<Vec<_>>(),
            });
            // Sent again until its fate is known: the host is killed in the middle.
            loop {
                match client.try_post(
                    "/verify/collections/busy/embeddings",
                    None,
                    &body,
                    Duration::from_secs(20),
                ) {
                    Ok(reply) if reply.status == 200 => {
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                    Ok(reply) => assert_eq!(reply.status, 503, "{}", reply.json()),
                    Err(_) => {
                        repeated.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(20));
                    }
                }
            }
            // And once more on purpose.
            if block % 4 == 0
                && let Ok(reply) = client.try_post(
                    "/verify/collections/busy/embeddings",
                    None,
                    &body,
                    Duration::from_secs(20),
                )
            {
                assert!(reply.status == 503 || reply.json()["duplicate"] == true, "{reply:?}");
            }
        }
    };
    network = thread::scope(|scope| {
        let (client, write) = (&client, &write);
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(client, writer))).collect();
        while acknowledged.load(Ordering::Relaxed) < WRITERS * BLOCKS / 3 {
            thread::sleep(Duration::from_millis(1));
        }
        let network = network.kill_and_restart();
        for writer in writers {
            writer.join().expect("a writer ends");
        }
        network
    });
    assert!(repeated.into_inner() > 0, "nobody had to ask twice: the test shows nothing");
    let client = network.client();
    let expected: BTreeSet<String> = (0..WRITERS)
        .flat_map(|writer| (0..BLOCKS).map(move |block| (writer, block)))
        .flat_map(|(writer, block)| {
            (0..1 + (writer + block) % 5).map(move |n| format!("{writer}.{block}.{n}"))
        })
        .collect();
    let found = ids(&client, "busy");
    assert_eq!(
        found.iter().map(|(place, _)| *place).collect::<Vec<_>>(),
        (0..expected.len() as u64).collect::<Vec<_>>()
    );
    assert_eq!(found.into_iter().map(|(_, id)| id).collect::<BTreeSet<_>>(), expected);
    let shown = client.get("/verify/collections/busy").ok();
    assert_eq!(
        (&shown["vectors"], &shown["statistics"]["count"]),
        (&json!(expected.len()), &json!(expected.len()))
    );
    assert_eq!(shown["blocks"], WRITERS * BLOCKS);
}

#[test]
fn a_batch_comes_line_by_line_and_each_analysis_is_on_the_timeline() {
    let network = Network::shared();
    let client = network.client();
    create(&client, "batch", DIMENSION);
    client.post("/verify/collections/batch/embeddings", &json!({"embeddings": vectors(3, 100)})).ok();
    let mut items: Vec<Value> = vectors(4, 20)
        .into_iter()
        .enumerate()
        .map(|(n, embedding)| json!({"image_id": format!("batch-{n}"), "embedding": embedding, "agent_id": "batcher"}))
        .collect();
    items[5] = json!({"embedding": [1e39, 2, 3, 4, 5, 6, 7, 8]});
    items[6] = json!({"embedding": vec![0.5; DIMENSION + 1]});
    items[7] = json!({"embedding": vec![0.5; DIMENSION], "collection": "no-such"});
    let body = json!({"items": items, "collection": "batch"});
    let reply = client.post("/verify/batch", &body);
    assert_eq!((reply.status, reply.media_type.as_str()), (200, "application/x-ndjson"));
    let lines: Vec<Value> =
        reply.body.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(lines.len(), 20);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["index"], index);
        let expected = match index {
            5 => json!([422, "invalid-embedding"]),
            6 => json!([422, "dimension-mismatch"]),
            7 => json!([404, "no-such-collection"]),
            _ => json!(["ok", Value::Null]),
        };
        assert_eq!(json!([line["status"], line["code"]]), expected, "{line}");
        if line["status"] == "ok" {
            assert_eq!((&line["self_verified"], &line["reference_vectors"]), (&json!(true), &json!(100)));
        }
    }
    let events = client.get("/timeline/query?agent=batcher&limit=100").ok();
    let events = events["events"].as_array().expect("events");
    assert_eq!(events.len(), 17);
    let told: BTreeSet<&str> =
        events.iter().filter_map(|event| event["payload"]["image_id"].as_str()).collect();
    assert_eq!(told.len(), 17);
}

#[test]
fn bodies_and_blocks_have_bounds() {
    let network = Network::shared();
    let client = network.client();
    create(&client, "bounds", 4096);
    let path = "/verify/collections/bounds/embeddings";
    // 64 vectors of 16 KiB are a block; base64 of 65 is still within the body's limit.
    let full = format!("{{\"block\":\"{}\"}}", "A".repeat((1 << 20) / 3 * 4 + 2) + "==");
    client.post_bytes(path, full.as_bytes()).ok();
    let more = format!("{{\"block\":\"{}\"}}", "A".repeat(65 * 16384 / 3 * 4 + 4));
    client.post_bytes(path, more.as_bytes()).problem(422, "too-many-vectors");
    let huge = format!("{{\"block\":\"{}\"}}", "A".repeat(5 << 20));
    let reply = client.post_any(path, huge.as_bytes());
    reply.problem(413, "body-too-large");
    assert_eq!(client.get("/verify/collections/bounds").ok()["vectors"], 64);
}

fn votes(client: &Client, agent: &str, seed: u64) -> (String, Vec<Value>) {
    let body = json!({"embedding": vectors(seed, 1)[0], "agent_id": agent});
    let reply = client.post("/verify/analyze", &body).ok();
    let subject = reply["subject"].as_str().expect("a subject").to_owned();
    (subject, reply["votes"].as_array().expect("votes").clone())
}

#[test]
fn two_sites_that_exchange_votes_in_any_order_agree() {
    let (left, right) = (Network::start(), Network::start());
    let (left, right) = (left.client(), right.client());
    // The verifiers run on both sites; the item is the same, so the subject is.
    let (subject, of_left) = votes(&left, "left", 7);
    let (other, of_right) = votes(&right, "right", 7);
    assert_eq!(subject, other);
    let mut lie = of_right[3].clone();
    lie["vote"] = json!(if lie["vote"] == "yes" { "no" } else { "yes" });
    lie["score"] = json!(0.75);
    let path = format!("/verify/votes/{subject}");
    left.post("/verify/votes", &json!(of_left[..11])).ok();
    right.post("/verify/votes", &json!(of_right[..8])).ok();
    let missing = left.get(&path).ok()["missing"].clone();
    assert_eq!(missing.as_array().map(Vec::len), Some(6));
    // Each order of the same records, one by one here and all at once there, some of them twice.
    let mut all: Vec<Value> = of_left.iter().chain(&of_right).chain([&lie]).cloned().collect();
    left.post("/verify/votes/merge", &json!(all)).ok();
    all.reverse();
    thread::scope(|scope| {
        for part in all.chunks(5) {
            let right = &right;
            scope.spawn(move || part.iter().for_each(|vote| drop(right.post("/verify/votes", vote).ok())));
            scope.spawn(move || right.post("/verify/votes", &json!(part)).ok());
        }
    });
    let (one, two) = (left.get(&path).ok(), right.get(&path).ok());
    assert_eq!(one, two);
    assert_eq!((&one["count"], &one["missing"]), (&json!(35), &json!([])));
    assert_eq!(one["conflicts"][0]["agent_id"], "right");
    assert_eq!(one["conflicts"][0]["verifier"], of_right[3]["verifier"]);
}

#[test]
fn an_acknowledged_vote_survives_a_killed_host() {
    let network = Network::start();
    let client = network.client();
    let (subject, votes) = votes(&client, "mortal", 8);
    client.post("/verify/votes", &json!(votes[..9])).ok();
    let before = client.get(&format!("/verify/votes/{subject}")).ok();
    let network = network.kill_and_restart();
    let client = network.client();
    assert_eq!(client.get(&format!("/verify/votes/{subject}")).ok(), before);
    let reply = client.post("/verify/votes", &json!(votes)).ok();
    assert_eq!((&reply["added"], &reply["duplicates"]), (&json!(8), &json!(9)));
}

/// The examples of the component's README, run as they stand.
#[test]
fn the_readme_says_what_happens() {
    if !skip::has(CURL, &["curl"]) {
        return;
    }
    let network = Network::start();
    let readme = include_str!("../../crates/skill-verification/README.md");
    let shown = readme.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let mut examples = 0;
    for commands in shown {
        let commands = commands.replace("http://127.0.0.1:3000", &network.url());
        let output =
            std::process::Command::new("bash").args(["-euc", &commands]).output().expect("bash runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{commands}\n{printed}{}", String::from_utf8_lossy(&output.stderr));
        // Each curl is followed by a comment with what its reply contains.
        for expected in commands.lines().filter_map(|line| line.strip_prefix("# => ")) {
            assert!(printed.contains(expected), "{commands}\nprinted {printed}\nand not {expected}");
            examples += 1;
        }
    }
    assert!(examples >= 6, "only {examples} examples found");
}
