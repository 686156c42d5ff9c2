//! `GET /timeline/recover?at=`: the state of the log as it was, from the last checkpoint and a replay.
//!
//! `at` is a seq or a time; a time means what the timeline had stored by then (`received`), because that is the one
//! clock that never runs backwards along the log.

use ramanujan_core::time::{format_rfc3339, parse_rfc3339};
use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};

use crate::routes::freezes::{brief, enabled};
use crate::routes::state::{PARAMETERS, read_part};
use crate::settings::FREEZE_MAX_EVENTS;
use crate::store::checkpoints::{self, CHECKPOINT_EVENTS};
use crate::store::{self, freezes, leaves, log, states};

/// A moment of the log.
enum At {
    /// After so many events.
    Size(u64),
    /// At this time, Unix milliseconds.
    Time(u64),
}

fn read_at(at: Option<&str>, last: u64) -> Result<At, Problem> {
    let Some(at) = at else { return Ok(At::Size(last)) };
    match at.parse::<u64>() {
        Ok(seq) if seq > last => {
            let detail = format!("at: the log ends with seq {last}");
            Err(Problem::new(Code::InvalidParameter, detail).with("last_seq", last))
        }
        Ok(seq) => Ok(At::Size(seq)),
        Err(_) => parse_rfc3339(at)
            .map(At::Time)
            .ok_or_else(|| Problem::new(Code::InvalidParameter, "at: neither a seq nor an RFC 3339 time")),
    }
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    enabled()?;
    let query = request.query();
    let [list, limit, cursor] = PARAMETERS;
    let part = read_part(query.only(&["at", list, limit, cursor])?)?;
    let store = store::open()?;
    let size = match read_at(query.get("at"), log::bounds(&store)?.1)? {
        At::Size(size) => size,
        At::Time(time) => states::size_by(&store, time)?,
    };
    let budget = FREEZE_MAX_EVENTS.read()?;
    // Checkpoints at the multiples alone: asking for a state must not grow the store without end.
    let whole = size / CHECKPOINT_EVENTS * CHECKPOINT_EVENTS;
    let reached = checkpoints::up_to(&store, whole, CHECKPOINT_EVENTS, budget)?;
    if reached < whole {
        return Err(checkpoints::not_ready(reached, size));
    }
    let hashes = leaves::sealed_state(&store, size, budget, false)?;
    let mut members = states::at(&store, size, part.as_ref())?;
    members.insert("last_received".into(), states::received(&store, size)?.map(format_rfc3339).into());
    members.insert("chain_head".into(), hashes.chain_head().to_string().into());
    members.insert("merkle_root".into(), hashes.root().to_string().into());
    // The name is that of the first replies: a freeze was called a snapshot.
    members.insert("snapshot".into(), freezes::latest(&store, size)?.as_ref().map(brief).into());
    ok(&members)
}
