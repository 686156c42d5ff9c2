//! The description of the API, `/openapi.json`: made of each component's table of routes, the schemas of its types, and
//! its `api.json`, which has the words, the parameters and the examples.
//!
//! Nothing in it is taken on trust. A route that is not described, or described and not there, is a failure; so is a
//! query parameter that the route takes and the description lacks, an example that the running network answers in another
//! way, and a reply with a member that its schema does not have.

pub mod document;
pub mod examples;
pub mod fragment;
pub mod parts;
pub mod recorded;
pub mod schemas;
pub mod text;

use std::path::PathBuf;

use ramanujan_tests::network::root;

/// The document in the repository, which the dashboard serves.
pub fn file() -> PathBuf {
    root().join("crates/dashboard/assets/openapi.json")
}
