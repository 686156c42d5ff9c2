//! `GET /timeline/recover?at=`: the state of the log as it was, from the last snapshot and a replay.
//!
//! `at` is a seq or a time; a time means what the timeline had stored by then (`received`), because that is the one
//! clock that never runs backwards along the log.

use ramanujan_core::Problem;
use ramanujan_core::time::{format_rfc3339, parse_rfc3339};
use ramanujan_shell::{Request, Response, Store, ok, setting};

use crate::checkpoint::{self, CHECKPOINT_EVENTS};
use crate::feed::{bounds, gone};
use crate::freeze::{self, DEFAULT_FREEZE_MAX_EVENTS, behind, hashes};
use crate::schema;
use crate::state::{self, Page};

/// The greatest seq received before ?1, the place before the first if there is none; no row if the log has a hole
/// where it looks.
const BISECT: &str = "
WITH RECURSIVE bisect(low, high) AS (
    SELECT COALESCE((SELECT MIN(seq) FROM timeline_events), 1) - 1,
           COALESCE((SELECT MAX(seq) FROM timeline_events), 0)
    UNION ALL
    SELECT iif(e.received < ?1, e.seq, low), iif(e.received < ?1, high, e.seq - 1)
    FROM bisect JOIN timeline_events AS e ON e.seq = (low + high + 1) / 2
    WHERE low < high)
SELECT low FROM bisect WHERE low = high";

/// How many events the log had at `at`.
fn size_at(store: &Store, at: Option<&str>) -> Result<u64, Problem> {
    let (first, last) = bounds(store)?;
    let Some(at) = at else { return Ok(last) };
    if let Ok(seq) = at.parse::<u64>() {
        if seq > last {
            let detail = format!("at: the log ends with seq {last}");
            return Err(Problem::invalid("invalid-parameter", detail).with("last_seq", last));
        }
        // What was before the first row is known as far as snapshots tell.
        return if seq.saturating_add(1) < first { Err(gone(first)) } else { Ok(seq) };
    }
    let time = parse_rfc3339(at).ok_or_else(|| {
        Problem::invalid("invalid-parameter", "at: neither a seq nor an RFC 3339 time in UTC")
    })?;
    let rows = store.execute(BISECT, [(time + 1).into()])?;
    let row = rows.first().ok_or_else(|| {
        Problem::new(500, "log-damaged", "the log has a hole; GET /timeline/verify names it")
    })?;
    let size = row.uint(0)?;
    // Whether it was earlier still is known to the archive only.
    if size + 1 == first && first > 1 { Err(gone(first)) } else { Ok(size) }
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    freeze::enabled()?;
    let query = request.query();
    let [list, limit, cursor] = state::PARAMETERS;
    query.only(&["at", list, limit, cursor])?;
    let page = Page::read(&query)?;
    let store = Store::open(schema::SCHEMA)?;
    let size = size_at(&store, query.get("at"))?;
    let budget = setting::number("FREEZE_MAX_EVENTS", DEFAULT_FREEZE_MAX_EVENTS)?;
    // Checkpoints at the multiples alone: asking for a state must not grow the store without end.
    let whole = size / CHECKPOINT_EVENTS * CHECKPOINT_EVENTS;
    let reached = checkpoint::up_to(&store, whole, CHECKPOINT_EVENTS, budget)?;
    if reached < whole {
        return Err(behind(reached, size));
    }
    let hashes = hashes(&store, size, budget, false)?;
    let mut members = state::at(&store, size, page.as_ref())?;
    let received = store.execute("SELECT received FROM timeline_events WHERE seq = ?1", [size.into()])?;
    let received = received.first().map(|row| row.uint(0)).transpose()?;
    members.insert("last_received".into(), received.map(format_rfc3339).into());
    members.insert("chain_head".into(), hashes.chain_head().to_string().into());
    members.insert("merkle_root".into(), hashes.root().to_string().into());
    members.insert("snapshot".into(), freeze::latest(&store, size)?.into());
    ok(&members)
}
