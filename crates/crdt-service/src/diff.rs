//! `GET /crdt/{document}/diff?since=`: the deltas that a replica at a version lacks.

use ramanujan_core::{Code, DocumentId, Problem, VectorClock};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::Serialize;

use crate::history::DEFAULT_MAX_LIMIT;
use crate::negotiate::{self, Representation};
use crate::row::{AGENTS, COLUMNS, SCHEMA, Stored, select};
use crate::version::{At, find};
use crate::{deleted, encoded};

/// Deltas in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;

#[derive(Serialize)]
struct Page {
    document_id: DocumentId,
    items: Vec<DeltaRecord>,
    /// The version that all pages together lead to, if nobody writes meanwhile.
    vector_clock: VectorClock,
    /// Pass as `cursor`, with the same `since`, for the next page; null at the end.
    next_cursor: Option<String>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["since", "limit", "cursor"])?;
    let document: DocumentId = request.parse_param("document")?;
    let representation = negotiate::representation(&request)?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let store = Store::open(SCHEMA)?;
    deleted::check(&store, &document)?;
    let since = match query.parse::<At>("since")? {
        None | Some(At::Now | At::Log(0)) => VectorClock::new(),
        // A replica may hold deltas that this site has not received: they are no reason to refuse it.
        Some(At::Clock(clock)) => clock,
        Some(at) => find(&store, &document, &at)?.clock,
    };
    let patience = negotiate::patience(&request)?;
    let version = loop {
        let version = find(&store, &document, &At::Now)?;
        if !since.includes(&version.clock) || !patience.pause() {
            break version;
        }
    };
    let mut response = match representation {
        Representation::Delta => encoded::since(&store, document.as_str(), &version, &since)?,
        Representation::Json => {
            let mut rows = rows_since(&store, document.as_str(), &since, after, version.log, limit + 1)?;
            let more = rows.len() as u64 > limit;
            rows.truncate(limit as usize);
            let next_cursor = rows.last().filter(|_| more).map(|row| row.log.to_string());
            let items = rows.into_iter().map(Stored::into_record).collect();
            let page = Page { document_id: document, items, vector_clock: version.clock, next_cursor };
            negotiate::compressed(&request, ok(&page)?)
        }
    };
    patience.mention(&mut response);
    Ok(response)
}

/// Deltas not in `since`, in log order, past log position `after` and up to `until`. Each agent's come from the index,
/// so the cost is that of the difference.
pub(crate) fn rows_since(
    store: &Store,
    document: &str,
    since: &VectorClock,
    after: u64,
    until: u64,
    limit: u64,
) -> Result<Vec<Stored>, Problem> {
    let since = serde_json::to_string(since).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    let sql = format!(
        "{AGENTS}
        SELECT {COLUMNS} FROM agents CROSS JOIN crdt_deltas d ON d.document_id = ?1 AND d.agent_id = agents.id
            AND d.seq > COALESCE((SELECT s.value FROM json_each(?2) s WHERE s.key = agents.id), 0)
        WHERE agents.id IS NOT NULL AND +d.log > ?3 AND +d.log <= ?4
        ORDER BY d.log LIMIT ?5"
    );
    select(store, &sql, [document.into(), since.into(), after.into(), until.into(), limit.into()])
}
