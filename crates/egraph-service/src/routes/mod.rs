//! The routes, a file for each noun: a request is read, something pure is called, the reply is shaped.

pub(crate) mod cache;
pub(crate) mod graphs;
pub(crate) mod page;
pub(crate) mod proofs;
pub(crate) mod rules;
pub(crate) mod saturate;

use ramanujan_core::{Code, Problem};

use crate::bounds::Most;
use crate::settings::{GADGETS_ENABLED, MAX_NODES, MAX_TERM_DEPTH, SATURATION_TIMEOUT_MS};
use crate::theory::Allowed;

/// What a run may take.
fn most() -> Result<Most, Problem> {
    Ok(Most { time_ms: SATURATION_TIMEOUT_MS.read()?, nodes: MAX_NODES.read()? })
}

/// What a request may speak of.
fn allowed() -> Result<Allowed, Problem> {
    Ok(Allowed { gadgets: GADGETS_ENABLED.read()?.0, max_depth: MAX_TERM_DEPTH.read()? })
}

/// Refuses a request that names another operation than its route's.
fn check_operation(given: Option<&str>, expected: &str) -> Result<(), Problem> {
    match given {
        Some(operation) if operation != expected => {
            let detail = format!(
                "the operation of this route must be {expected}; saturate, verify, explain and merge have a route each"
            );
            Err(Problem::new(Code::InvalidOperation, detail))
        }
        _ => Ok(()),
    }
}
