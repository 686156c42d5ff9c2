//! Deltas in their compact encoding.

use ramanujan_core::{Problem, VectorClock};
use ramanujan_shell::{Request, Response, Store};

use crate::version::Version;

pub(crate) fn whole(_: &Store, _: &str, _: &Version) -> Result<Response, Problem> {
    Err(Problem::not_implemented("the compact encoding is not built yet"))
}

pub(crate) fn since(_: &Store, _: &str, _: &Version, _: &VectorClock) -> Result<Response, Problem> {
    Err(Problem::not_implemented("the compact encoding is not built yet"))
}

pub(crate) fn apply(_: &Request) -> Result<Response, Problem> {
    Err(Problem::not_implemented("the compact encoding is not built yet"))
}
