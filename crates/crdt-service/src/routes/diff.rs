//! `GET /crdt/{document}/diff?since=`: the deltas that a replica at a version lacks.

use ramanujan_core::{Digest, DocumentId, Dot, Problem, VectorClock};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use super::encoded;
use super::negotiate::{self, Representation};
use super::records::Records;
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
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<ramanujan_crdt::wire::DeltaRecord>"))]
    items: Records,
    /// The heads of the version that all pages together lead to, if nobody writes meanwhile.
    heads: Vec<Dot>,
    /// Digest of that version.
    digest: Digest,
    /// Its clock, while that has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<VectorClock>,
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
        Some(at) => {
            let version = database.version(&document, &at)?;
            database.clock_of(document.as_str(), &version)?
        }
    };
    let patience = negotiate::patience(&request)?;
    let version = loop {
        let version = database.version(&document, &At::Now)?;
        if !database.is_included(document.as_str(), &version, &since)? || !patience.pause() {
            break version;
        }
    };
    let mut response = match representation {
        Representation::Delta if since.is_empty() => encoded::whole(&database, document.as_str(), &version)?,
        Representation::Delta => encoded::since(&database, document.as_str(), &version, &since)?,
        Representation::Json => {
            let page = database.deltas_since(document.as_str(), &since, after, version.log, pager.limit())?;
            let mut difference = Difference {
                document_id: document,
                items: Records::default(),
                heads: version.heads(),
                digest: version.digest,
                vector_clock: version.small_clock(),
                next_cursor: None,
            };
            (difference.items, difference.next_cursor) = Records::of(page, &difference)?;
            negotiate::compressed(&request, ok(&difference)?)
        }
    };
    patience.mention(&mut response);
    Ok(response)
}
