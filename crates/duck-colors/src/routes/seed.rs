//! Seeds made of seeds.

use ramanujan_core::{Code, MAX_SAFE_INTEGER, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use super::refused;
use crate::algorithm::Algorithm;
use crate::operator::Fork;
use crate::seed::{GAY_SEED, Seed};

/// Colours that show what a forked seed looks like.
const FORK_PREVIEW: usize = 5;

/// A seed made of a seed, with colours that show it.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Forked {
    /// The seed that was forked.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Seed"))]
    seed: String,
    /// Which of its children was made.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = MAX_SAFE_INTEGER)))]
    offset: u64,
    /// How it was made.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Fork"))]
    method: &'static str,
    /// The child.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Seed"))]
    forked_seed: String,
    /// The algorithm of the preview.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Algorithm"))]
    algorithm: &'static str,
    /// The first colours of the child.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<crate::srgb::Rgb>"))]
    preview: Vec<String>,
}

/// `GET /colors/fork`.
pub(crate) async fn fork(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["seed", "offset", "method"])?;
    let seed = query.parse("seed")?.unwrap_or(Seed(GAY_SEED));
    let offset = query.parse("offset")?.unwrap_or(1);
    if offset > MAX_SAFE_INTEGER {
        return Err(Problem::new(Code::InvalidParameter, format!("offset must be 0 to {MAX_SAFE_INTEGER}")));
    }
    let method = query.parse("method")?.unwrap_or(Fork::Linear);
    let child = Seed(method.child(seed.0, offset));
    let preview: Vec<String> = Algorithm::ColorAt
        .samples(Some(child), Algorithm::ColorAt.first_index())
        .map_err(refused)?
        .take(FORK_PREVIEW)
        .map(|(_, sample)| sample.rgb.to_string())
        .collect();
    ok(&Forked {
        seed: seed.to_string(),
        offset,
        method: method.as_str(),
        forked_seed: child.to_string(),
        algorithm: Algorithm::ColorAt.as_str(),
        preview,
    })
}
