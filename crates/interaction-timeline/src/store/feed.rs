//! Reading on in the log, a bounded part at a time.
//!
//! Whatever a filter leaves out, one read looks at no more than [`SCAN_EVENTS`] places and says how far it came.

use ramanujan_core::Problem;
use ramanujan_shell::{Store, Value as Sql};
use ramanujan_timeline::row::color_code;

use crate::feed::{Feed, Read, SCAN_EVENTS};
use crate::store::log::{self, COLUMNS};

/// The columns that a feed chooses by, with the values that it wants.
pub(super) fn wanted(feed: &Feed) -> [(&'static str, Option<Sql>); 4] {
    [
        ("agent", feed.agent.as_ref().map(|agent| Sql::from(agent.as_str()))),
        ("type", feed.kind.as_deref().map(Sql::from)),
        ("document", feed.document.as_ref().map(|document| Sql::from(document.as_str()))),
        ("color", feed.color.map(|color| Sql::from(color_code(color)))),
    ]
}

/// At most `limit` events after `position`.
///
/// # Errors
/// 410 `archived` if the event after `position` is no longer in the log, 503 if the store does not answer.
pub fn read(store: &Store, feed: &Feed, position: u64, limit: u64) -> Result<Read, Problem> {
    let (first, last) = log::bounds(store)?;
    if position.saturating_add(1) < first {
        return Err(log::archived(first));
    }
    if last <= position {
        return Ok(Read { events: Vec::new(), position, more: false });
    }
    let upper = last.min(position.saturating_add(SCAN_EVENTS));
    let mut params: Vec<Sql> = vec![position.into(), upper.into(), limit.into()];
    let mut condition = String::new();
    for (column, value) in wanted(feed) {
        if let Some(value) = value {
            params.push(value);
            condition.push_str(&format!(" AND {column} = ?{}", params.len()));
        }
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM timeline_events WHERE seq > ?1 AND seq <= ?2{condition} ORDER BY seq LIMIT ?3"
    );
    let events = log::read_all(store, &sql, params)?;
    let position = match events.last() {
        Some(event) if events.len() as u64 >= limit => event.seq,
        _ => upper,
    };
    Ok(Read { events, position, more: position < last })
}
