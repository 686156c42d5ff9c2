//! `GET /crdt/{document}/diff?since=`: the deltas that a replica at a version lacks.

use ramanujan_core::{DocumentId, Problem, VectorClock};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use super::encoded;
use super::negotiate::{self, Representation};
use crate::record::Recorded;
use crate::store::Database;
use crate::version::At;

/// Deltas in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;

/// A page of the deltas that a replica lacks.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Difference {
    document_id: DocumentId,
    /// In the order of their arrival.
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
    let pager = query.pager(DEFAULT_LIMIT)?;
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let database = Database::open()?;
    database.refuse_deleted(&document)?;
    let since = match query.parse::<At>("since")? {
        None | Some(At::Now | At::Log(0)) => VectorClock::new(),
        // A replica may hold deltas that this site has not received: they are no reason to refuse it.
        Some(At::Clock(clock)) => clock,
        Some(at) => database.version(&document, &at)?.clock,
    };
    let patience = negotiate::patience(&request)?;
    let version = loop {
        let version = database.version(&document, &At::Now)?;
        if !since.includes(&version.clock) || !patience.pause() {
            break version;
        }
    };
    let mut response = match representation {
        // A whole text has an encoding in columns, several times shorter; the end of one cannot be read without the rest.
        Representation::Delta if since.is_empty() => encoded::whole(&database, document.as_str(), &version)?,
        Representation::Delta => encoded::since(&database, document.as_str(), &version, &since)?,
        Representation::Json => {
            let deltas =
                database.deltas_since(document.as_str(), &since, after, version.log, pager.fetch())?;
            let page = pager.cut(deltas);
            let next_cursor = page.next(|last| last.log.to_string());
            let items = page.map(Recorded::into_wire).items;
            let difference =
                Difference { document_id: document, items, vector_clock: version.clock, next_cursor };
            negotiate::compressed(&request, ok(&difference)?)
        }
    };
    patience.mention(&mut response);
    Ok(response)
}
