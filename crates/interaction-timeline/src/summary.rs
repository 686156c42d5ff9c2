//! `GET /timeline/summary`: counts for the dashboard, at a cost independent of the length of the log.
//!
//! Totals come from the tallies, times from the ends of the index of times, and the number of events of the last
//! seconds from a bisection over `received`, which the timeline's own clock makes non-decreasing in `seq`.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Color, Problem};
use ramanujan_shell::{Request, Response, Store, ok};
use serde_json::{Map, Value, json};

use crate::row::color_of;
use crate::{archive, now, schema, seal};

/// Seconds looked back for the rate where `window` is not given.
pub const DEFAULT_WINDOW_S: u64 = 10;
/// Most seconds to look back: an hour.
pub const MAX_WINDOW_S: u64 = 3600;
/// Most event types listed, the most frequent first; `types` counts them all.
const MAX_TYPES: u64 = 50;

const BOUNDS: &str = "
SELECT COALESCE((SELECT MAX(seq) FROM timeline_events), 0),
       (SELECT MIN(timestamp) FROM timeline_events),
       (SELECT MAX(timestamp) FROM timeline_events),
       (SELECT received FROM timeline_events ORDER BY seq DESC LIMIT 1)";

/// The greatest seq received before ?1, 0 if there is none; no row if the log has a hole where it looks.
pub(crate) const BISECT: &str = "
WITH RECURSIVE bisect(low, high) AS (
    SELECT COALESCE((SELECT MAX(last) FROM timeline_segments), 0), COALESCE((SELECT MAX(seq) FROM timeline_events), 0)
    UNION ALL
    SELECT iif(e.received < ?1, e.seq, low), iif(e.received < ?1, high, e.seq - 1)
    FROM bisect JOIN timeline_events AS e ON e.seq = (low + high + 1) / 2
    WHERE low < high)
SELECT low FROM bisect WHERE low = high";

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let window = query.only(&["window"])?.parse::<u64>("window")?.unwrap_or(DEFAULT_WINDOW_S);
    if !(1..=MAX_WINDOW_S).contains(&window) {
        let detail = format!("window must be 1 to {MAX_WINDOW_S} seconds");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    ok(&summary(&Store::open(schema::SCHEMA)?, window, now())?)
}

/// The counts at the time `now` (Unix milliseconds), the rate over the last `window` seconds.
///
/// # Errors
/// 503 if the store does not answer.
pub fn summary(store: &Store, window: u64, now: u64) -> Result<Value, Problem> {
    let rows = store.execute(BOUNDS, [])?;
    let bounds = rows.first().ok_or_else(|| Problem::new(Code::StoreShape, "no bounds"))?;
    let time = |column| -> Result<Value, Problem> {
        if bounds.is_null(column) {
            return Ok(Value::Null);
        }
        Ok(format_rfc3339(bounds.uint(column)?).into())
    };
    let last_seq = bounds.uint(0)?;
    let before = store.execute(BISECT, [now.saturating_sub(window * 1000).into()])?;
    let before = before.first().map(|row| row.uint(0)).transpose()?;
    let recent = before.map(|seq| last_seq.saturating_sub(seq));
    let mut by_color: Map<String, Value> =
        Color::ALL.iter().map(|color| (color.as_str().to_owned(), 0.into())).collect();
    let mut uncolored = 0;
    for row in store.execute("SELECT color, SUM(events) FROM timeline_tally GROUP BY color", [])? {
        match color_of(row.int(0)?) {
            Some(color) => {
                by_color.insert(color.as_str().into(), row.uint(1)?.into());
            }
            None => uncolored += row.uint(1)?,
        }
    }
    let types = store.execute("SELECT COUNT(DISTINCT type) FROM timeline_tally", [])?;
    let by_type: Map<String, Value> = store
        .execute(
            "SELECT type, SUM(events) AS n FROM timeline_tally GROUP BY type ORDER BY n DESC, type LIMIT ?1",
            [MAX_TYPES.into()],
        )?
        .iter()
        .map(|row| Ok((row.text(0)?.to_owned(), row.uint(1)?.into())))
        .collect::<Result<_, Problem>>()?;
    Ok(json!({
        "events": last_seq,
        "last_seq": last_seq,
        "by_color": by_color,
        "uncolored": uncolored,
        "types": types.first().map_or(Ok(0), |row| row.uint(0))?,
        "by_type": by_type,
        "first_timestamp": time(1)?,
        "last_timestamp": time(2)?,
        "last_received": time(3)?,
        "recent": {"window_s": window, "events": recent},
        "archived_until": archive::until(store)?,
        "sealed_size": seal::sealed_size(store)?,
    }))
}
