//! Counts for the dashboard, at a cost independent of the length of the log.
//!
//! Totals come from the tallies, times from the ends of the index of times, and the number of events of the last
//! seconds from a bisection over `received`, which the timeline's own clock makes non-decreasing in `seq`.

use ramanujan_core::{Code, Color, Problem};
use ramanujan_shell::Store;
use ramanujan_timeline::row::color_of;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::store::log::{self, BISECT, time};
use crate::store::seals;

/// Most event types listed, the most frequent first; `types` counts them all.
const MAX_TYPES: u64 = 50;

const BOUNDS: &str = "
SELECT COALESCE((SELECT MAX(seq) FROM timeline_events), 0),
       (SELECT MIN(timestamp) FROM timeline_events),
       (SELECT MAX(timestamp) FROM timeline_events),
       (SELECT received FROM timeline_events ORDER BY seq DESC LIMIT 1)";

/// What the log holds, as `/timeline/summary` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    archived_until: u64,
    by_color: Map<String, Value>,
    by_type: Map<String, Value>,
    events: u64,
    first_timestamp: Option<String>,
    last_received: Option<String>,
    last_seq: u64,
    last_timestamp: Option<String>,
    recent: Recent,
    sealed_size: u64,
    types: u64,
    uncolored: u64,
}

/// How many events the timeline stored in its last seconds.
#[derive(Clone, Debug, Serialize)]
struct Recent {
    /// `None` where the log has a hole, so that it cannot be counted.
    events: Option<u64>,
    window_s: u64,
}

/// The counts at the time `now` (Unix milliseconds), the rate over the last `window` seconds.
///
/// # Errors
/// 503 if the store does not answer.
pub fn summary(store: &Store, window: u64, now: u64) -> Result<Summary, Problem> {
    let rows = store.execute(BOUNDS, [])?;
    let bounds = rows.first().ok_or_else(|| Problem::new(Code::StoreShape, "no bounds"))?;
    let optional_time =
        |column| if bounds.is_null(column) { Ok(None) } else { time(bounds, column).map(Some) };
    let last_seq = bounds.uint(0)?;
    let before = store.execute(BISECT, [now.saturating_sub(window * 1000).into()])?;
    let before = before.first().map(|row| row.uint(0)).transpose()?;
    let mut by_color = Map::new();
    for color in Color::ALL {
        by_color.insert(color.as_str().to_owned(), 0.into());
    }
    let mut uncolored = 0;
    for row in store.execute("SELECT color, SUM(events) FROM timeline_tally GROUP BY color", [])? {
        match color_of(row.int(0)?) {
            Some(color) => by_color.insert(color.as_str().to_owned(), row.uint(1)?.into()),
            None => {
                uncolored += row.uint(1)?;
                None
            }
        };
    }
    let mut by_type = Map::new();
    for row in store.execute(
        "SELECT type, SUM(events) AS n FROM timeline_tally GROUP BY type ORDER BY n DESC, type LIMIT ?1",
        [MAX_TYPES.into()],
    )? {
        by_type.insert(row.text(0)?.to_owned(), row.uint(1)?.into());
    }
    Ok(Summary {
        archived_until: log::archived_until(store)?,
        by_color,
        by_type,
        events: last_seq,
        first_timestamp: optional_time(1)?,
        last_received: optional_time(3)?,
        last_seq,
        last_timestamp: optional_time(2)?,
        recent: Recent { events: before.map(|seq| last_seq.saturating_sub(seq)), window_s: window },
        sealed_size: seals::sealed_size(store)?,
        types: log::number(store, "SELECT COUNT(DISTINCT type) FROM timeline_tally", [])?,
        uncolored,
    })
}
