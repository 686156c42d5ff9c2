//! Times the search over 100,000 vectors of 512 components in memory, here or inside Wasm: `scripts/bench.sh
//! verification`. Prints milliseconds, medians of rounds. Another number of vectors may be given.

use std::hint::black_box;
use std::time::Instant;

use ramanujan_verification::knn::{self, Rows, Search};

const VECTORS: usize = 100_000;
const DIMENSION: usize = 512;
/// Vectors of a block of 1 MiB.
const BLOCK: usize = 512;
const ROUNDS: usize = 11;

fn main() {
    let given = std::env::args().nth(1).map(|count| count.parse().expect("a number of vectors"));
    let vectors = given.unwrap_or(VECTORS);
    let mut state = 1u64;
    let mut component = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let bytes: Vec<u8> = (0..vectors * DIMENSION).flat_map(|_| component().to_le_bytes()).collect();
    let query: Vec<f32> = (0..DIMENSION).map(|_| component()).collect();
    let norms = knn::norms(DIMENSION, &bytes);
    let kernel = median(|| {
        let mut dots = Vec::with_capacity(BLOCK);
        for block in bytes.chunks(BLOCK * DIMENSION * knn::COMPONENT_BYTES) {
            dots.clear();
            knn::dot_rows(&query, block, &mut dots);
            black_box(&dots);
        }
    });
    let mut found = 0;
    let search = median(|| {
        let mut search = Search::new(&query, 10).expect("a direction");
        for (at, (block, norms)) in
            bytes.chunks(BLOCK * DIMENSION * knn::COMPONENT_BYTES).zip(norms.chunks(BLOCK)).enumerate()
        {
            let rows = Rows::new(DIMENSION, block, norms).expect("whole rows");
            search.scan((at * BLOCK) as u64, &rows);
        }
        found = search.finish().first().map_or(0, |hit| hit.index);
    });
    let plain = median(|| {
        let best = bytes
            .chunks_exact(DIMENSION * knn::COMPONENT_BYTES)
            .zip(&norms)
            .enumerate()
            .map(|(index, (row, norm))| {
                let dot: f64 =
                    knn::components(row).zip(&query).map(|(x, q)| f64::from(x) * f64::from(*q)).sum();
                (dot / norm, index)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(best.map(|(_, index)| index as u64), Some(found));
    });
    println!("{kernel:.1} {search:.1} {plain:.1}");
}

fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}
