//! `GET /crdt/{document}/history`: the deltas in the order they arrived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ramanujan_core::{Code, Digest, DocumentId, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::claims::{Claims, put_delta};
use ramanujan_shell::{Pager, Request, Response, ok};
use serde::Serialize;

use super::records::Records;
use crate::record::Recorded;
use crate::store::{Database, missing};

/// Deltas in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;

/// Deltas in an encoded page where the request does not say.
const ENCODED_LIMIT: u64 = 2048;

/// A page of a document's deltas, for who recomputes them: encoded, with what their records say beside them as a digest.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct EncodedHistory {
    document_id: DocumentId,
    /// The canonical bytes of each delta behind their length, in base64, in the order of their arrival.
    encoded: String,
    /// SHA-256 of what the records say of the deltas: of each its digest, its clock and the length of a text.
    claims: Digest,
    /// Runs of records by turns with a clock and without.
    clocks: Vec<u64>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

impl EncodedHistory {
    fn of(document_id: DocumentId, records: Vec<Recorded>, next_cursor: Option<String>) -> Self {
        let mut claims = Claims::default();
        let mut clocks = vec![0];
        let mut encoded = Vec::new();
        for record in records {
            put_delta(&mut encoded, &record.delta);
            let length = (record.crdt_type() == CrdtType::Text).then_some(record.size);
            claims.push(&record.digest, record.clock.as_ref(), length);
            if record.clock.is_some() != (clocks.len() % 2 == 1) {
                clocks.push(0);
            }
            clocks.last_mut().into_iter().for_each(|run| *run += 1);
        }
        let encoded = STANDARD.encode(encoded);
        EncodedHistory { document_id, encoded, claims: claims.digest(), clocks, next_cursor }
    }
}

/// A page of a document's deltas.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct History {
    document_id: DocumentId,
    /// In the order of their arrival.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<ramanujan_crdt::wire::DeltaRecord>"))]
    items: Records,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor", "until", "items"])?;
    let document: DocumentId = request.parse_param("document")?;
    let encoded = match query.get("items") {
        None => false,
        Some("encoded") => true,
        Some(other) => {
            let detail = format!("items: {other:.40?} is not known; known: encoded");
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
    };
    let pager = match query.get("limit") {
        None if encoded => Pager::of(ENCODED_LIMIT),
        _ => query.pager(DEFAULT_LIMIT)?,
    };
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let until: u64 = query.parse("until")?.unwrap_or(i64::MAX as u64);
    let database = Database::open()?;
    database.refuse_deleted(&document)?;
    database.prepare(document.as_str())?;
    let page = database.deltas(document.as_str(), after, until, pager.limit())?;
    if page.items.is_empty() && after == 0 {
        return Err(missing(&document));
    }
    if encoded {
        let next_cursor = page.next(|last| last.log.to_string());
        return ok(&EncodedHistory::of(document, page.items, next_cursor));
    }
    let mut history = History { document_id: document, items: Records::default(), next_cursor: None };
    (history.items, history.next_cursor) = Records::of(page, &history)?;
    ok(&history)
}
