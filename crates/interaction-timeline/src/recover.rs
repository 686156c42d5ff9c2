//! `GET /timeline/recover?at=`: the state of the log as it was, from the last snapshot and a replay.
//!
//! `at` is a seq or a time; a time means what the timeline had stored by then (`received`), because that is the one
//! clock that never runs backwards along the log.

use ramanujan_core::time::{format_rfc3339, parse_rfc3339};
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, Store, ok};

use crate::checkpoint::{self, CHECKPOINT_EVENTS};
use crate::feed::{bounds, gone};
use crate::freeze::{self, behind, hashes};
use crate::state::{self, Page};
use crate::{archive, schema, summary};

/// How many events the log had at `at`.
fn size_at(store: &Store, at: Option<&str>) -> Result<u64, Problem> {
    let (_, last) = bounds(store)?;
    let Some(at) = at else { return Ok(last) };
    if let Ok(seq) = at.parse::<u64>() {
        if seq > last {
            let detail = format!("at: the log ends with seq {last}");
            return Err(Problem::new(Code::InvalidParameter, detail).with("last_seq", last));
        }
        return Ok(seq);
    }
    let time = parse_rfc3339(at).ok_or_else(|| {
        Problem::new(Code::InvalidParameter, "at: neither a seq nor an RFC 3339 time in UTC")
    })?;
    let rows = store.execute(summary::BISECT, [(time + 1).into()])?;
    let row = rows
        .first()
        .ok_or_else(|| Problem::new(Code::LogDamaged, "the log has a hole; GET /timeline/verify names it"))?;
    let size = row.uint(0)?;
    // Before the time of the last archived event the size was less, which the files alone know.
    let earlier =
        size > 0 && size == archive::until(store)? && received(store, size)?.is_none_or(|last| last > time);
    if earlier { Err(gone(size + 1)) } else { Ok(size) }
}

/// When event `seq` was stored, as long as its row or a checkpoint there tells it.
fn received(store: &Store, seq: u64) -> Result<Option<u64>, Problem> {
    let sql = "SELECT received FROM timeline_events WHERE seq = ?1
               UNION ALL SELECT received FROM timeline_checkpoints WHERE size = ?1 LIMIT 1";
    store.execute(sql, [seq.into()])?.first().map(|row| row.uint(0)).transpose()
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    freeze::enabled()?;
    let query = request.query();
    let [list, limit, cursor] = state::PARAMETERS;
    query.only(&["at", list, limit, cursor])?;
    let page = Page::read(&query)?;
    let store = Store::open(schema::SCHEMA)?;
    let size = size_at(&store, query.get("at"))?;
    let budget = freeze::budget()?;
    // Checkpoints at the multiples alone: asking for a state must not grow the store without end.
    let whole = size / CHECKPOINT_EVENTS * CHECKPOINT_EVENTS;
    let reached = checkpoint::up_to(&store, whole, CHECKPOINT_EVENTS, budget)?;
    if reached < whole {
        return Err(behind(reached, size));
    }
    let hashes = hashes(&store, size, budget, false)?;
    let mut members = state::at(&store, size, page.as_ref())?;
    members.insert("last_received".into(), received(&store, size)?.map(format_rfc3339).into());
    members.insert("chain_head".into(), hashes.chain_head().to_string().into());
    members.insert("merkle_root".into(), hashes.root().to_string().into());
    members.insert("snapshot".into(), freeze::latest(&store, size)?.into());
    ok(&members)
}
