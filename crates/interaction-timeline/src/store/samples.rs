//! What is measured of the events of a window of times.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Store, Value as Sql};
use ramanujan_timeline::measure::{Sample, is_end};

/// Events read at once.
const PAGE: u64 = 5000;

/// A `message_id` that is a number is compared by its digits: as a number of SQLite's it could be another.
const SELECT: &str = "
SELECT lower(hex(COALESCE(id, event_id))), timestamp, seq, type, body ->> '$.from', body ->> '$.to',
       iif(json_type(body, '$.payload.message_id') IN ('integer', 'real'), body -> '$.payload.message_id',
           CAST(body ->> '$.payload.message_id' AS TEXT)), body -> '$.depends_on', COALESCE(body ->> '$.payload_size', 0),
       body ->> '$.payload.error' IS NOT NULL
FROM timeline_events
WHERE timestamp >= ?1 AND (timestamp < ?2 OR ?2 IS NULL) AND (timestamp, seq) < (?3, ?4)
ORDER BY timestamp DESC, seq DESC LIMIT ?5";

/// The samples of the events from `from` on and before `to`, latest first, at most `most`, and whether they are all.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn samples(
    store: &Store,
    from: Option<u64>,
    to: Option<u64>,
    most: u64,
) -> Result<(Vec<Sample>, bool), Problem> {
    let mut samples = Vec::new();
    let mut last: (u64, u64) = (u64::MAX, u64::MAX);
    loop {
        let room = most - samples.len() as u64;
        // One more than there is room for tells whether that is all.
        let limit = PAGE.min(room + 1);
        let params: [Sql; 5] =
            [from.unwrap_or(0).into(), to.into(), last.0.into(), last.1.into(), limit.into()];
        let rows = store.execute(SELECT, params)?;
        let count = rows.len() as u64;
        for mut row in rows {
            if samples.len() as u64 == most {
                return Ok((samples, false));
            }
            last = (row.uint(1)?, row.uint(2)?);
            let mut optional =
                |column| if row.is_null(column) { Ok(None) } else { row.take_text(column).map(Some) };
            let (from, to, message, links) = (optional(4)?, optional(5)?, optional(6)?, optional(7)?);
            let kind = row.take_text(3)?;
            // Nearly every event names its causes, and few of them are ends.
            let depends_on = match links.filter(|_| is_end(&kind)) {
                None => Vec::new(),
                Some(links) => serde_json::from_slice(links.as_bytes())
                    .map_err(|error| Problem::new(Code::StoreShape, format!("depends_on: {error}")))?,
            };
            samples.push(Sample {
                event_id: row.take_text(0)?,
                timestamp: last.0,
                kind,
                from,
                to,
                message,
                depends_on,
                bytes: row.uint(8)?,
                error: row.uint(9)? != 0,
            });
        }
        if count < limit {
            return Ok((samples, true));
        }
    }
}
