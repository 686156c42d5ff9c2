//! What `GET /timeline/health` says beyond that the component answers.

use ramanujan_core::Problem;
use ramanujan_shell::Request;
use serde_json::{Map, Value};

use crate::store::{self, log, seals};

/// Whether the store can be written, and how much of the log it holds.
pub(crate) async fn check(_: Request) -> Result<Map<String, Value>, Problem> {
    let store = store::open()?;
    let mut members = store.check()?.members();
    members.insert("events".into(), log::bounds(&store)?.1.into());
    members.insert("sealed_size".into(), seals::sealed_size(&store)?.into());
    members.insert("archived_until".into(), log::archived_until(&store)?.into());
    Ok(members)
}
