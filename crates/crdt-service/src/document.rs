//! `GET /crdt/{document}`: the merged value with its version, now or at an earlier one.

use std::rc::Rc;

use ramanujan_core::{Code, Digest, DocumentId, Dot, Fingerprint, Polarity, Problem, VectorClock, time};
use ramanujan_crdt::text::units::utf16_len;
use ramanujan_crdt::value::value_digest;
use ramanujan_crdt::{CrdtType, Json, PnCounter};
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, Store, ok};
use serde::Serialize;

use crate::materialise::{Content, DELTA_BYTES, Materialised, materialise};
use crate::memo::{self, Cached, Known};
use crate::negotiate::{self, Representation};
use crate::row::{SCHEMA, Stored};
use crate::version::{At, Version, find};
use crate::{deleted, encoded};

/// What is known of a version without merging it.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) document_id: String,
    pub(crate) crdt_type: CrdtType,
    pub(crate) operations: u64,
    pub(crate) heads: Vec<Dot>,
    pub(crate) vector_clock: VectorClock,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) digest: Digest,
    /// Log position of the newest delta.
    pub(crate) log_position: u64,
    pub(crate) updated: String,
    /// Code points; null while several heads await a merge on read, and for all but texts.
    pub(crate) length: Option<u64>,
}

impl Summary {
    pub(crate) fn of(document: &str, version: &Version) -> Self {
        let crdt_type = version.crdt_type();
        let single = match version.heads.as_slice() {
            [head] if crdt_type == CrdtType::Text => version.newest.iter().find(|row| row.dot == *head),
            _ => None,
        };
        Summary {
            document_id: document.to_owned(),
            crdt_type,
            operations: version.operations(),
            heads: version.heads.clone(),
            vector_clock: version.clock.clone(),
            fingerprint: version.state.fingerprint(),
            digest: version.digest,
            log_position: version.log,
            updated: time::format_rfc3339(version.newest.last().map_or(0, |row| row.received)),
            length: single.map(|row| row.size),
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    summary: Summary,
    value: &'a Json,
    /// UTF-16 code units of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    length_utf16: Option<u64>,
    /// Of a text in UTF-8, of a number in decimal, of anything else in its canonical bytes.
    value_digest: Digest,
    /// What the value alone does not tell: conflicts, other values, majorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Json>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["at"])?;
    let at = query.parse("at")?.unwrap_or(At::Now);
    let document: DocumentId = request.parse_param("document")?;
    let representation = negotiate::representation(&request)?;
    let store = Store::open(SCHEMA)?;
    let patience = negotiate::patience(&request)?;
    let version = loop {
        deleted::check(&store, &document)?;
        let version = find(&store, &document, &at)?;
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
        Representation::Delta => encoded::whole(&store, document.as_str(), &version)?,
        Representation::Json => as_json(&store, &document, &version)?,
    };
    let mut response = negotiate::finish(&request, response, &version.digest, representation);
    patience.mention(&mut response);
    Ok(response)
}

fn as_json(store: &Store, document: &DocumentId, version: &Version) -> Result<Response, Problem> {
    let id = document.as_str();
    let replays = !matches!(version.crdt_type(), CrdtType::PnCounter | CrdtType::GCounter);
    let bytes = usize::try_from(version.operations().saturating_mul(DELTA_BYTES)).unwrap_or(usize::MAX);
    if !replays || !memo::worth(bytes) {
        return render(document, version, value_at(store, id, version, None)?);
    }
    let key = memo::Key::of_reply(version.crdt_type(), id, &version.digest);
    let near = match memo::consult(id, &key, |near| version.builds_on(near)) {
        Known::Reply(body) => return Ok(typed("application/json", body.to_vec())),
        Known::Base(near) => Some(near),
        Known::Nothing => None,
    };
    let response = render(document, version, value_at(store, id, version, near)?)?;
    if let Some(body) = response.body().as_full() {
        memo::put(key, Cached::Reply(body.into()), body.len(), Polarity::Neutral);
    }
    Ok(response)
}

fn render(
    document: &DocumentId,
    version: &Version,
    (value, details): (Json, Option<Json>),
) -> Result<Response, Problem> {
    let mut summary = Summary::of(document.as_str(), version);
    let mut length_utf16 = None;
    if let (CrdtType::Text, Json::Text(text)) = (summary.crdt_type, &value) {
        summary.length = Some(text.chars().count() as u64);
        length_utf16 = Some(utf16_len(text));
    }
    let value_digest = value_digest(summary.crdt_type, &value);
    ok(&Document { summary, value: &value, length_utf16, value_digest, details })
}

/// The value of a version, and what there is to say beside it. `near` is a state that may be below it.
pub(crate) fn value_at(
    store: &Store,
    document: &str,
    version: &Version,
    near: Option<Rc<Materialised>>,
) -> Result<(Json, Option<Json>), Problem> {
    if matches!(version.crdt_type(), CrdtType::PnCounter | CrdtType::GCounter) {
        // Each row carries its agent's totals: there is nothing to replay.
        return Ok((counter_value(counter(&version.newest).value())?, None));
    }
    let state = materialise(store, document, version, near)?;
    Ok(match &state.content {
        Content::Text(text) => (Json::Text(text.clone()), None),
        Content::State(state) => (state.value(), state.details()),
    })
}

/// The counter that the newest delta of each agent adds up to.
pub(crate) fn counter(newest: &[Stored]) -> PnCounter {
    let mut counter = PnCounter::new();
    for row in newest {
        counter.observe(row.dot.agent.as_str(), row.totals);
    }
    counter
}

/// A counter's value as a JSON number.
///
/// # Errors
/// 422 `counter-overflow` past ±(2^53−1).
pub(crate) fn counter_value(value: i128) -> Result<Json, Problem> {
    Json::int(value)
        .ok_or_else(|| Problem::new(Code::CounterOverflow, format!("the value {value} exceeds 2^53-1")))
}
