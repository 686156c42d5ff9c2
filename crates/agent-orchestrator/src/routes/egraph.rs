//! `/agent/{id}/egraph`.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response};

use super::path_agent;
use crate::settings::Context;
use crate::store::Database;

pub(crate) async fn egraph(_: Context, request: Request) -> Result<Response, Problem> {
    Database::open()?.known_agent(path_agent(&request)?.as_str())?;
    Err(Problem::not_implemented("the e-graph of an agent's operations is not built yet"))
}
