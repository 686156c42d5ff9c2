//! What a judgement costs: `cargo bench -p ramanujan-verification`.

use divan::{Bencher, black_box};
use ramanujan_verification::embedding::{
    Accumulator, Context, Embedding, NEIGHBOURS, Neighbour, Reference, sample_size,
};
use ramanujan_verification::skill::{Limits, Skill};
use ramanujan_verification::{embedding, skill};
use serde_json::json;

fn main() {
    divan::main();
}

/// Numbers without a pattern, the same every time.
fn vectors(dimension: usize, count: usize) -> Vec<Vec<f32>> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    (0..count).map(|_| (0..dimension).map(|_| next()).collect()).collect()
}

fn reference(vectors: &[Vec<f32>]) -> Reference {
    let mut sums = Accumulator::new(vectors[0].len());
    vectors.iter().for_each(|vector| assert!(sums.add(vector)));
    sums.finish().expect("not empty")
}

#[divan::bench(args = [384, 512, 2048, 4096])]
fn one_embedding(bencher: Bencher<'_, '_>, dimension: usize) {
    let vectors = vectors(dimension, 40);
    let reference = reference(&vectors);
    let near = |(index, vector): (usize, &Vec<f32>)| Neighbour {
        index: index as u64,
        id: None,
        cosine: 0.0,
        vector: vector.clone(),
    };
    let neighbours: Vec<Neighbour> = vectors.iter().enumerate().take(NEIGHBOURS).map(near).collect();
    let judged = Embedding::new(vectors[39].clone()).expect("finite");
    let context = Context { reference: Some(&reference), neighbours: &neighbours, peers: &[] };
    bencher.bench(|| embedding::judge(black_box(&judged), &context));
}

#[divan::bench(args = [512, 2048, 4096], sample_count = 5)]
fn sample_of_a_collection(bencher: Bencher<'_, '_>, dimension: usize) {
    let vectors = vectors(dimension, sample_size(dimension));
    let mut reference = reference(&vectors);
    bencher.bench_local(|| reference.measure_sample(vectors.iter().map(Vec::as_slice)));
}

#[divan::bench]
fn one_skill(bencher: Bencher<'_, '_>) {
    let text = json!({ "type": "string", "maxLength": 80, "description": "Some text" });
    let schema = json!({ "type": "object", "properties": { "a": text, "b": text }, "required": ["a"], "additionalProperties": false });
    let example = |i: usize| json!({ "input": { "a": format!("{i}"), "b": "x" }, "output": { "a": format!("{}", i * 7) } });
    let examples: Vec<_> = (0..6).map(example).collect();
    let value = json!({ "name": "join_texts", "description": "Joins two texts to one text.", "input_schema": schema, "output_schema": schema, "examples": examples });
    let judged = Skill::from_json(value, &Limits::DEFAULT).expect("within the limits");
    bencher.bench(|| skill::judge(black_box(&judged)));
}
