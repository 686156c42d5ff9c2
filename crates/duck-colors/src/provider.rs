//! The WIT interface `ramanujan:colors/colors`, for components that colour their operations without a network hop.

use ramanujan_core::fnv1a64;

use crate::algorithm::Sample;
use crate::color_at;
use crate::hue::sigil;
use bindings::exports::ramanujan::colors::colors::{Color, Guest};

// Generated code: the component model's calling convention cannot be written safely.
#[allow(unsafe_code, unreachable_pub)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/colors.wit",
        world: "ramanujan:colors/provider",
    });
    use super::Provider;
    export!(Provider);
}

struct Provider;

impl Guest for Provider {
    fn color_at(seed: u64, index: u64) -> Color {
        color(seed, index)
    }

    fn operation_colors(agent: String, seqs: Vec<u64>) -> Vec<Color> {
        let seed = fnv1a64(agent.as_bytes());
        seqs.into_iter().map(|seq| color(seed, seq)).collect()
    }
}

fn color(seed: u64, index: u64) -> Color {
    let Sample { rgb, hue } = color_at(seed, index).into();
    Color {
        hex: rgb.to_string(),
        r: rgb.r,
        g: rgb.g,
        b: rgb.b,
        sigil: sigil(rgb).emoji.to_owned(),
        trit: hue.trit(),
    }
}
