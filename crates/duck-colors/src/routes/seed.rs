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

/// `GET /colors/fork`.
pub(crate) async fn fork(request: Request) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Reply {
        seed: String,
        offset: u64,
        method: &'static str,
        forked_seed: String,
        algorithm: &'static str,
        preview: Vec<String>,
    }
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
    ok(&Reply {
        seed: seed.to_string(),
        offset,
        method: method.as_str(),
        forked_seed: child.to_string(),
        algorithm: Algorithm::ColorAt.as_str(),
        preview,
    })
}
