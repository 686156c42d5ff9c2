//! The published values, computed again.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::vectors;

/// Colours that a fingerprint may cover in `/colors/verify`, and how many it covers where none is said.
const MAX_FINGERPRINT: u64 = 1_000_000;
const DEFAULT_FINGERPRINT: u64 = 10_000;
/// Colours that a fingerprint covers in a health check, which must be quick.
const HEALTH_FINGERPRINT: u64 = 100;

/// What the health reply says: the component keeps nothing, so it is well if it computes what was published.
pub(crate) async fn health(_: Request) -> Result<Map<String, Value>, Problem> {
    found(&vectors::verify(&vectors::PUBLISHED, HEALTH_FINGERPRINT))
}

fn found(groups: &[vectors::Group]) -> Result<Map<String, Value>, Problem> {
    if let Some(group) = groups.iter().find(|group| group.failed > 0 || group.checked + group.skipped == 0) {
        let first = group.mismatches.first().map_or("nothing to compare with", String::as_str);
        let detail = format!("{} published values of {} are not met: {first}", group.failed, group.name);
        return Err(Problem::new(Code::Unhealthy, detail));
    }
    let mut members = Map::new();
    members.insert("verified_vectors".into(), groups.iter().map(|group| group.checked).sum::<usize>().into());
    Ok(members)
}

/// What recomputing the published values gave.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Verified {
    /// Whether no value failed, and none of the groups is empty.
    verified: bool,
    /// Values that were compared.
    checked: usize,
    /// Those of them that differ.
    failed: usize,
    /// Values that were left out because they are beyond the limit.
    skipped: usize,
    /// The limit: colours that a fingerprint may cover.
    fingerprint_limit: u64,
    /// The values by what they are of.
    groups: Vec<vectors::Group>,
}

/// `GET /colors/verify`.
pub(crate) async fn verify(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit"])?;
    let limit = query.limit(DEFAULT_FINGERPRINT, MAX_FINGERPRINT)?;
    let groups = vectors::verify(&vectors::PUBLISHED, limit);
    let sum = |count: fn(&vectors::Group) -> usize| groups.iter().map(count).sum::<usize>();
    ok(&Verified {
        verified: groups.iter().all(|group| group.failed == 0 && group.checked > 0),
        checked: sum(|group| group.checked),
        failed: sum(|group| group.failed),
        skipped: sum(|group| group.skipped),
        fingerprint_limit: limit,
        groups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_fails_where_a_published_value_is_not_met() {
        let good = vectors::verify(&vectors::PUBLISHED, HEALTH_FINGERPRINT);
        assert!(found(&good).unwrap()["verified_vectors"].as_u64().unwrap() > 200);
        let mut wrong = vectors::PUBLISHED;
        wrong.golden_spiral.first_index = 1;
        let problem = found(&vectors::verify(&wrong, HEALTH_FINGERPRINT)).unwrap_err();
        assert!(problem.code == Code::Unhealthy && problem.detail.contains("golden-spiral"), "{problem}");
    }
}
