//! Display colours of operations, through the WIT interface that Spin composes in.

use serde::Serialize;

/// The colour an operation is shown in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct DisplayColor {
    /// Red, green and blue.
    #[cfg_attr(not(target_family = "wasm"), schemars(regex(pattern = "^#[0-9A-F]{6}$")))]
    pub(crate) hex: String,
    /// The emoji nearest to it.
    pub(crate) sigil: String,
    /// By its hue: 0 from 60 to below 180 degrees and for greys, -1 to below 300, +1 for the rest.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = -1, max = 1)))]
    pub(crate) trit: i8,
}

/// The colours of operations `seqs` of `agent`, in order.
#[cfg(target_family = "wasm")]
pub(crate) fn of_operations(agent: &str, seqs: &[u64]) -> Vec<DisplayColor> {
    let colors = binding::ramanujan::colors::colors::operation_colors(agent, seqs);
    colors.into_iter().map(|c| DisplayColor { hex: c.hex, sigil: c.sigil, trit: c.trit }).collect()
}

/// The colours of operations `seqs` of `agent`, in order.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn of_operations(agent: &str, seqs: &[u64]) -> Vec<DisplayColor> {
    use duck_colors::{algorithm::Sample, hue::sigil};
    let seed = ramanujan_core::fnv1a64(agent.as_bytes());
    let show = |seq: &u64| {
        let Sample { rgb, hue } = duck_colors::color_at(seed, *seq).into();
        DisplayColor { hex: rgb.to_string(), sigil: sigil(rgb).emoji.to_owned(), trit: hue.trit() }
    };
    seqs.iter().map(show).collect()
}

#[cfg(target_family = "wasm")]
#[allow(unsafe_code)] // generated: the canonical ABI cannot be called safely
mod binding {
    wit_bindgen::generate!({ path: "../../wit/colors.wit", world: "consumer" });
}
