//! Reading on in the log, a bounded part at a time.
//!
//! Whatever a filter leaves out, one read looks at no more than [`SCAN_EVENTS`] places and says how far it came.

use ramanujan_core::{AgentId, Code, Color, DocumentId, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::{Store, Value as Sql};

use crate::event::MAX_NAME_CHARS;
use crate::row::{COLUMNS, Stored, color_code};

/// Places of the log that one read may look at: some milliseconds of work.
pub const SCAN_EVENTS: u64 = 16_384;

/// Which events a reader wants.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    pub agent: Option<AgentId>,
    pub kind: Option<String>,
    pub document: Option<DocumentId>,
    pub color: Option<Color>,
}

/// What one read found.
#[derive(Debug)]
pub struct Read {
    /// In the order of the log.
    pub events: Vec<Stored>,
    /// Everything up to here was looked at.
    pub position: u64,
    /// Whether the log goes on.
    pub more: bool,
}

/// The first seq that is in the log (or, of an empty one, that would be next) and the greatest ever given.
///
/// # Errors
/// 503 if the store does not answer.
pub fn bounds(store: &Store) -> Result<(u64, u64), Problem> {
    let sql = "SELECT (SELECT MIN(seq) FROM timeline_events),
                      COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline_events'), 0)";
    let rows = store.execute(sql, [])?;
    let row = rows.first().ok_or_else(|| Problem::new(Code::StoreShape, "no bounds"))?;
    let last = row.uint(1)?;
    Ok((if row.is_null(0) { last + 1 } else { row.uint(0)? }, last))
}

/// What was asked for is no longer in the log.
pub(crate) fn gone(first: u64) -> Problem {
    let detail = format!("the log begins at seq {first}; what was before is archived");
    Problem::new(Code::Archived, detail).with("first_seq", first)
}

impl Feed {
    /// The filters of a query string: `agent`, `type`, `document`, `color`.
    ///
    /// # Errors
    /// 422 naming the parameter.
    pub fn read_filters(query: &Query<'_>) -> Result<Self, Problem> {
        let kind = query.get("type").map(str::to_owned);
        if kind.as_ref().is_some_and(|kind| kind.chars().count() > MAX_NAME_CHARS) {
            let detail = format!("type: at most {MAX_NAME_CHARS} characters");
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
        Ok(Feed {
            agent: query.parse("agent")?,
            kind,
            document: query.parse("document")?,
            color: query.parse("color")?,
        })
    }

    /// At most `limit` events after `position`.
    ///
    /// # Errors
    /// 410 `archived` if the event after `position` is no longer in the log, 503 if the store does not answer.
    pub fn read(&self, store: &Store, position: u64, limit: u64) -> Result<Read, Problem> {
        let (first, last) = bounds(store)?;
        if position.saturating_add(1) < first {
            return Err(gone(first));
        }
        if last <= position {
            return Ok(Read { events: Vec::new(), position, more: false });
        }
        let upper = last.min(position.saturating_add(SCAN_EVENTS));
        let mut params: Vec<Sql> = vec![position.into(), upper.into(), limit.into()];
        let mut condition = String::new();
        let filters = [
            ("agent", self.agent.as_ref().map(|agent| Sql::from(agent.as_str()))),
            ("type", self.kind.as_deref().map(Sql::from)),
            ("document", self.document.as_ref().map(|document| Sql::from(document.as_str()))),
            ("color", self.color.map(|color| Sql::from(color_code(color)))),
        ];
        for (column, value) in filters {
            if let Some(value) = value {
                params.push(value);
                condition.push_str(&format!(" AND {column} = ?{}", params.len()));
            }
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM timeline_events WHERE seq > ?1 AND seq <= ?2{condition} ORDER BY seq LIMIT ?3"
        );
        let events: Vec<Stored> =
            store.execute(&sql, params)?.into_iter().map(Stored::read).collect::<Result<_, _>>()?;
        let position = match events.last() {
            Some(event) if events.len() as u64 >= limit => event.seq,
            _ => upper,
        };
        Ok(Read { events, position, more: position < last })
    }
}
