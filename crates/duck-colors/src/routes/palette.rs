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

/// `GET /colors/palette`.
pub(crate) async fn palette(request: Request) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Reply {
        algorithm: &'static str,
        source: &'static str,
        seed: Option<String>,
        n: usize,
        start: u64,
        /// Where to go on for more; null at the end.
        next_index: Option<u64>,
        min_delta_e: f64,
        /// The smallest ΔE2000 between any two of the colours.
        delta_e: Option<f64>,
        trit_sum: i64,
        colors: Vec<Look>,
    }
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
    ok(&Reply {
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
