//! `GET /crdt/{document}`: the merged value with its version, now or at an earlier one; and `DELETE`, which marks the
//! document as deleted and keeps its deltas.

use ramanujan_core::{Code, Digest, DocumentId, Polarity, Problem, VectorClock};
use ramanujan_crdt::text::units::utf16_len;
use ramanujan_crdt::types::value_digest;
use ramanujan_crdt::{CrdtType, Json};
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;
use serde_json::json;

use super::encoded;
use super::negotiate::{self, Representation};
use super::summary::Summary;
use crate::content::DELTA_BYTES;
use crate::memo::key::Key;
use crate::memo::tier1::{self, Cached, Remembered};
use crate::store::{Database, tiers};
use crate::version::{At, Version};

/// A document at a version.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Document<'a> {
    #[serde(flatten)]
    summary: Summary,
    /// What the document shows, by its type.
    value: &'a Json,
    /// UTF-16 code units of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "u64"))]
    length_utf16: Option<u64>,
    /// SHA-256 of the value: of a text in UTF-8, of a number in decimal, of anything else in its canonical bytes.
    value_digest: Digest,
    /// What the value alone does not tell: conflicts, other values, majorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Json", extend("$ref" = "#/components/schemas/Details")))]
    details: Option<Json>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["at", "clock"])?;
    let at = query.parse("at")?.unwrap_or(At::Now);
    let full_clock = match query.get("clock") {
        None => false,
        Some("full") => true,
        Some(other) => {
            let detail = format!("clock: {other:.40?} is not known; known: full");
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
    };
    let document: DocumentId = request.parse_param("document")?;
    let representation = negotiate::representation(&request)?;
    let database = Database::open()?;
    let patience = negotiate::patience(&request)?;
    let version = loop {
        database.refuse_deleted(&document)?;
        let version = database.version(&document, &at)?;
        if !negotiate::unchanged(&request, &version.digest, representation) {
            break version;
        }
        // An earlier version never changes.
        if at != At::Now || !patience.pause() {
            let mut response = negotiate::not_modified(&version.digest, representation);
            patience.mention(&mut response);
            return Ok(response);
        }
    };
    let response = match representation {
        Representation::Delta => encoded::whole(&database, document.as_str(), &version)?,
        Representation::Json if full_clock => {
            let clock = database.clock_of(document.as_str(), &version)?;
            render(&document, &version, Some(clock), database.value_at(document.as_str(), &version, None)?)?
        }
        Representation::Json => as_json(&database, &document, &version)?,
    };
    let mut response = negotiate::finish(&request, response, &version.digest, representation);
    patience.mention(&mut response);
    Ok(response)
}

fn as_json(database: &Database, document: &DocumentId, version: &Version) -> Result<Response, Problem> {
    let id = document.as_str();
    let replays = !version.crdt_type.is_counter();
    let bytes = usize::try_from(version.operations.saturating_mul(DELTA_BYTES)).unwrap_or(usize::MAX);
    if !replays || !tier1::worth(bytes) {
        return render(document, version, version.small_clock(), database.value_at(id, version, None)?);
    }
    let key = Key::of_reply(version.crdt_type, id, &version.digest);
    let near = match tiers::consult(id, &key, |near| near.is_below(version)) {
        Remembered::Reply(body) => return Ok(typed("application/json", body.to_vec())),
        Remembered::Base(near) => Some(near),
        Remembered::Nothing => None,
    };
    let response = render(document, version, version.small_clock(), database.value_at(id, version, near)?)?;
    if let Some(body) = response.body().as_full().filter(|body| tier1::has_room_for(body.len())) {
        tier1::put(key, Cached::Reply(body.into()), body.len(), Polarity::Neutral);
    }
    Ok(response)
}

fn render(
    document: &DocumentId,
    version: &Version,
    clock: Option<VectorClock>,
    (value, details): (Json, Option<Json>),
) -> Result<Response, Problem> {
    let mut summary = Summary::of(document.as_str(), version, clock);
    let mut length_utf16 = None;
    if let (CrdtType::Text, Json::Text(text)) = (summary.crdt_type, &value) {
        summary.length = Some(text.chars().count() as u64);
        length_utf16 = Some(utf16_len(text));
    }
    let value_digest = value_digest(summary.crdt_type, &value);
    ok(&Document { summary, value: &value, length_utf16, value_digest, details })
}

pub(crate) async fn delete(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let document: DocumentId = request.parse_param("document")?;
    let database = Database::open()?;
    let operations = database.version(&document, &At::Now)?.operations;
    let changed = database.mark_deleted(&document, true)?;
    ok(&json!({
        "document_id": document,
        "deleted": true,
        "changed": changed,
        "operations_kept": operations,
    }))
}
