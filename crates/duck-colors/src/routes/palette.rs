//! Several colours of one procedure, apart from each other.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use super::look::Look;
use super::{algorithm_and_seed, source};
use crate::distance::Distance;
use crate::swatches::{self, MAX_COLORS};

/// Colours in a palette where `n` is not given: the length of the published lists.
const DEFAULT_COLORS: usize = 12;

/// Colours of one algorithm in the order of their indexes.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Palette {
    /// The algorithm that gave them.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::algorithm::Algorithm"))]
    algorithm: &'static str,
    /// Whether the algorithm computes its colours or has them stored.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = super::SOURCES)))]
    source: &'static str,
    /// The seed; null where the algorithm has none.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::seed::Seed>"))]
    seed: Option<String>,
    /// How many colours there are.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1, max = MAX_COLORS)))]
    n: usize,
    /// The index that the search began at.
    start: u64,
    /// Where to go on for more; null at the end.
    next_index: Option<u64>,
    /// The distance (ΔE2000) that was asked for.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 100.0)))]
    min_delta_e: f64,
    /// The smallest ΔE2000 between any two of the colours; null where there is only one.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0)))]
    delta_e: Option<f64>,
    /// The sum of their trits.
    trit_sum: i64,
    /// The colours.
    colors: Vec<Look>,
}

/// `GET /colors/palette`.
pub(crate) async fn palette(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["n", "seed", "algorithm", "start", "min_delta_e"])?;
    let (algorithm, seed) = algorithm_and_seed(&query)?;
    let n = query.parse("n")?.unwrap_or(DEFAULT_COLORS);
    if !(1..=MAX_COLORS).contains(&n) {
        return Err(Problem::new(Code::InvalidParameter, format!("n must be 1 to {MAX_COLORS}")));
    }
    let min = query.parse::<Distance>("min_delta_e")?.map_or(0.0, |Distance(min)| min);
    let start = query.parse("start")?.unwrap_or(algorithm.first_index());
    let palette = swatches::palette(algorithm, seed, start, n, min)
        .map_err(|error| Problem::new(Code::NoSuchPalette, error.to_string()))?;
    let colors: Vec<Look> = palette
        .swatches
        .iter()
        .map(|swatch| Look { index: Some(swatch.index), ..Look::from(swatch.sample) })
        .collect();
    ok(&Palette {
        algorithm: algorithm.as_str(),
        source: source(algorithm),
        seed: seed.map(|seed| seed.to_string()),
        n,
        start,
        next_index: palette.next,
        min_delta_e: min,
        delta_e: palette.delta_e,
        trit_sum: colors.iter().map(|color| i64::from(color.trit)).sum(),
        colors,
    })
}
