//! One colour: by index, and what it looks like.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};

use super::look::Look;
use super::{algorithm_and_seed, missing, refused, source};
use crate::algorithm::Sample;
use crate::srgb::Rgb;

/// `GET /colors/hex`.
pub(crate) async fn hex(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["seed", "index", "algorithm"])?;
    let (algorithm, seed) = algorithm_and_seed(&query)?;
    let index = query.parse("index")?.unwrap_or(algorithm.first_index());
    let look = Look::from(algorithm.sample(seed, index).map_err(refused)?);
    ok(&Look {
        index: Some(index),
        algorithm: Some(algorithm.as_str()),
        source: Some(source(algorithm)),
        seed: Some(seed.map(|seed| seed.to_string())),
        ..look
    })
}

/// `GET /colors/sigil`.
pub(crate) async fn sigil(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["color"])?;
    let color: Rgb =
        query.parse("color")?.ok_or_else(|| missing("color", "/colors/sigil?color=%23A855F7"))?;
    ok(&Look::from(Sample::from(color)))
}
