//! Colours per second by algorithm: `cargo bench -p duck-colors`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use duck_colors::algorithm::{Algorithm, split_chain};
use duck_colors::hue::sigil;
use duck_colors::seed::{LEGACY_SEED, Seed};
use duck_colors::{swatches, vectors};

fn main() {
    divan::main();
}

const COLORS: usize = 10_000;

#[divan::bench(args = [Algorithm::GoldenSpiral, Algorithm::SplitChain, Algorithm::ColorAt])]
fn in_sequence(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    bencher.counter(ItemsCount::new(COLORS)).bench(|| {
        let samples = algorithm.samples(Some(Seed(1069)), algorithm.first_index());
        samples.map(|samples| samples.take(COLORS).fold(0, |sum, (_, s)| sum ^ u32::from(s.rgb.r)))
    });
}

#[divan::bench]
fn sigils(bencher: Bencher<'_, '_>) {
    let colors: Vec<_> = (1..=1000).map(|index| duck_colors::color_at(1069, index)).collect();
    bencher
        .counter(ItemsCount::new(colors.len()))
        .bench(|| colors.iter().map(|rgb| sigil(*rgb).name.len()).sum::<usize>());
}

/// The worst index: just before a checkpoint.
#[divan::bench]
fn split_chain_by_far_index() -> u64 {
    split_chain::state(black_box(LEGACY_SEED), split_chain::MAX_INDEX)
}

#[divan::bench]
fn palette_of_twelve_apart_by_twenty() -> bool {
    swatches::palette(Algorithm::ColorAt, Some(Seed(1069)), 1, 12, black_box(20.0)).is_ok()
}

#[divan::bench]
fn verify_to_ten_thousand() -> usize {
    vectors::verify(&vectors::PUBLISHED, black_box(10_000)).len()
}
