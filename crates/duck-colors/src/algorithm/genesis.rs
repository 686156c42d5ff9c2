//! The palette that Gay.jl 0.4 publishes as the colours of seed 1069. No procedure in it gives them, so they are
//! data, and replies say so.

use crate::srgb::Rgb;

const fn rgb(hex: u32) -> Rgb {
    let [_, r, g, b] = hex.to_be_bytes();
    Rgb { r, g, b }
}

/// `GENESIS_COLORS`, counted from 1 in Gay.jl.
pub const COLORS: [Rgb; 12] = [
    rgb(0xE6_7F86),
    rgb(0xD0_6546),
    rgb(0x13_16BB),
    rgb(0xBA_2645),
    rgb(0x49_EE54),
    rgb(0x11_C710),
    rgb(0x76_B0F0),
    rgb(0xE5_9798),
    rgb(0x53_33D9),
    rgb(0x7E_90EB),
    rgb(0x1D_9E7E),
    rgb(0xDD_7CB0),
];
