//! D2: Gay.jl's `color_at` (`hash_color`), one hash per colour. Any order gives the same colours as sequential order,
//! which Gay.jl calls strong parallelism invariance.

use ramanujan_core::splitmix::{GOLDEN, step};

use crate::srgb::Rgb;

/// The colour of `index` (counted from 1; 0 is defined too) under `seed`.
pub fn color_at(seed: u64, index: u64) -> Rgb {
    let [r, g, b, ..] = step(seed ^ index.wrapping_mul(GOLDEN)).to_le_bytes();
    Rgb { r, g, b }
}

/// XOR over the IEEE 754 bits of the three `f32` channels (0 to 1) of the colours 1 to `n`: tells whether two
/// implementations agree on all of them, in whatever order they were computed.
pub fn xor_fingerprint(seed: u64, n: u64) -> u32 {
    let channel = |byte: u8| (f32::from(byte) / 255.0).to_bits();
    (1..=n).fold(0, |xor, index| {
        color_at(seed, index).channels().into_iter().map(channel).fold(xor, |a, b| a ^ b)
    })
}
