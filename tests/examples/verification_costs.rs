//! What requests to skill-verification cost end to end, on a network of its own: `scripts/bench.sh verification`.
//!
//! A collection of 100,000 vectors of 512 components, or of as many as the argument says, is stored, then searched and
//! judged against.

use std::time::{Duration, Instant};

use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::http::Client;
use serde_json::{Value, json};

const VECTORS: usize = 100_000;
const DIMENSION: usize = 512;
/// Vectors of a block of 1 MiB.
const BLOCK: usize = 512;
const ROUNDS: usize = 15;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Numbers(u64);

impl Numbers {
    fn component(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    }

    fn bytes(&mut self, vectors: usize) -> Vec<u8> {
        (0..vectors * DIMENSION).flat_map(|_| self.component().to_le_bytes()).collect()
    }
}

/// Padded base64 (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let at = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit > chunk.len() { '=' } else { char::from(ALPHABET[at as usize]) });
        }
    }
    text
}

fn time(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    for percent in [50, 10, 90] {
        let time = times[times.len() * percent / 100].as_nanos() as f64;
        Figure::new(what, &format!("p{percent}"), time, "ns").print();
    }
}

fn rounds(what: &str, mut run: impl FnMut(usize)) {
    row(what, (0..ROUNDS).map(|round| time(|| run(round))).collect());
}

fn main() {
    let given = std::env::args().nth(1).map(|count| count.parse().expect("a number of vectors"));
    let vectors: usize = given.unwrap_or(VECTORS);
    let network = Network::start();
    let client = network.client();
    let mut numbers = Numbers(1);
    client.post("/verify/collections/bench", &json!({"dimension": DIMENSION})).ok();
    let blocks: Vec<usize> = (0..vectors.div_ceil(BLOCK)).map(|at| BLOCK.min(vectors - at * BLOCK)).collect();
    let bodies = blocks.iter().map(|vectors| json!({"block": base64(&numbers.bytes(*vectors))}));
    let appends =
        bodies.map(|body| time(|| drop(client.post("/verify/collections/bench/embeddings", &body).ok())));
    row("append a block of 512 vectors, base64", appends.collect());
    let mut query = || json!(base64(&numbers.bytes(1)));
    let queries: Vec<Value> = (0..ROUNDS + 1).map(|_| query()).collect();
    let stored = |client: &Client, body: &Value, path: &str| drop(client.post(path, body).ok());
    rounds(&format!("the 10 nearest of {vectors} over HTTP"), |round| {
        stored(&client, &json!({"embedding": queries[round], "collection": "bench"}), "/verify/similarity");
    });
    row(
        "the first analysis against them, which finds the reference",
        vec![time(|| {
            stored(&client, &json!({"embedding": queries[ROUNDS], "collection": "bench"}), "/verify/analyze");
        })],
    );
    rounds("an analysis against them", |round| {
        stored(&client, &json!({"embedding": queries[round], "collection": "bench"}), "/verify/analyze");
    });
    rounds("an analysis against nothing", |round| {
        stored(&client, &json!({"embedding": queries[round]}), "/verify/analyze");
    });
    let batch: Vec<Value> = (0..100).map(|_| json!({"embedding": base64(&numbers.bytes(1))})).collect();
    let body = json!({"items": batch, "collection": "bench"});
    row(
        "a batch of 100 against them",
        vec![time(|| {
            let reply = client.post("/verify/batch", &body);
            assert_eq!(
                reply.body.lines().filter(|line| line.contains("\"self_verified\":true")).count(),
                100
            );
        })],
    );
    rounds("the collection with its statistics", |_| drop(client.get("/verify/collections/bench").ok()));
}
