//! `GET /timeline/verify`: whether the log is what was sealed.
//!
//! One request checks at most `VERIFY_MAX_EVENTS` and then gives a cursor. Someone who can rewrite both rows and seals is
//! found only by a root kept elsewhere: keep the reply's.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde_json::{Value, json};

use crate::settings::VERIFY_MAX_EVENTS;
use crate::store::verify::{check, damage, extent, gaps};
use crate::store::{self, log, seals};

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let from = query.only(&["cursor"])?.parse::<u64>("cursor")?.unwrap_or(0);
    let budget = VERIFY_MAX_EVENTS.read()?;
    let store = store::open()?;
    let start = seals::at(&store, from)?;
    if start.size() != from {
        return Err(Problem::new(Code::InvalidParameter, "cursor: not a next_cursor of /timeline/verify"));
    }
    let report = check(&store, start, budget)?;
    let (events, origins) = extent(&store)?;
    let sealed_size = seals::sealed_size(&store)?;
    let damage = damage(&store, &report, events)?;
    let gaps: Vec<Value> = gaps(&store)?
        .into_iter()
        .map(|origin| {
            json!({"agent_id": origin.agent, "events": origin.events, "last": origin.last,
                   "missing": origin.last - origin.events})
        })
        .collect();
    ok(&json!({
        "verified": damage.is_none(),
        "complete": report.complete && damage.is_none(),
        "events": events,
        "checked": report.checked,
        "verified_size": report.state.size(),
        "sealed_size": sealed_size,
        "archived_until": log::archived_until(&store)?,
        "chain_head": report.state.chain_head(),
        "merkle_root": report.state.root(),
        "first_bad_seq": damage.as_ref().map(|damage| damage.first_bad_seq),
        "reason": damage.as_ref().map(|damage| damage.reason),
        "original_seq": damage.as_ref().and_then(|damage| damage.original_seq),
        "origins": origins,
        "gaps": gaps,
        "next_cursor": (damage.is_none() && !report.complete).then(|| report.state.size().to_string()),
    }))
}
