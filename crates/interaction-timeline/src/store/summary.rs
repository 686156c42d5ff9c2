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
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Summary {
    /// How many events, from the first, are archived.
    archived_until: u64,
    /// Events of each colour.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::state::ByColor"))]
    by_color: Map<String, Value>,
    /// Events of each type, at most 50 types, the most frequent ones.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "std::collections::BTreeMap<String, u64>"))]
    by_type: Map<String, Value>,
    /// How many events the log has had, archived ones among them.
    events: u64,
    /// The earliest `timestamp` of those that are not archived.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<ramanujan_timeline::schema::Moment>"))]
    first_timestamp: Option<String>,
    /// When the last event was stored.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<ramanujan_timeline::schema::Moment>"))]
    last_received: Option<String>,
    /// The greatest `seq`.
    last_seq: u64,
    /// The latest `timestamp`.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<ramanujan_timeline::schema::Moment>"))]
    last_timestamp: Option<String>,
    /// How many events were stored lately.
    recent: Recent,
    /// How many events, from the first, are sealed.
    sealed_size: u64,
    /// How many types there are.
    types: u64,
    /// Events without a colour.
    uncolored: u64,
}

/// How many events the timeline stored in its last seconds.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
struct Recent {
    /// Null where the log has a hole, so that it cannot be counted.
    events: Option<u64>,
    /// Of how many seconds.
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
