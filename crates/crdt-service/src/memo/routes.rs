//! `/crdt/cache/…`: what the memo has done, what it holds, and the work that waits.

use http::{HeaderName, HeaderValue, StatusCode, header};
use ramanujan_core::{Code, Digest, DocumentId, Polarity, Problem, time};
use ramanujan_shell::{Request, Response, Store, now_millis, ok};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::counters::Counters;
use super::queue::{self, Claim, Kind, Task};
use super::{BREAK_EVEN, MEMO, flush, limits, tier2};
use crate::row::SCHEMA;
use crate::{laws, merge, snapshot};

/// Tasks that one drain does where the request does not say, and the most that it may ask for.
const DEFAULT_DRAIN: u64 = 100;
const MAX_DRAIN: u64 = 1000;
/// Milliseconds after which a drain begins no further task: far below what a request may last.
const DRAIN_MILLIS: u64 = 2000;

#[derive(Serialize)]
struct Stats {
    hit_rate: f64,
    #[serde(flatten)]
    counters: Counters,
    /// Entries in the memory of the instance that answers, and the most there may be.
    current_size: usize,
    max_size: usize,
    /// Share of the budget in bytes that they take.
    capacity_used: f64,
    bytes: usize,
    budget: usize,
    ttl_seconds: u64,
    break_even: usize,
    positive_cached: usize,
    negative_cached: usize,
    neutral_cached: usize,
    heads: usize,
    tier2: Tier2,
    /// Tasks that are not finished.
    lazy_queue_length: u64,
}

#[derive(Serialize)]
struct Tier2 {
    entries: u64,
    bytes: u64,
    max_bytes: u64,
    break_even: usize,
}

pub(crate) async fn stats(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    // A setting that cannot be used is said here; elsewhere the default stands in for it.
    limits()?;
    flush(true);
    let store = Store::open(SCHEMA)?;
    let counters = Counters::read(&store)?;
    let (entries, bytes) = tier2::size(&store)?;
    let lazy_queue_length = queue::length(&store)?;
    let tier2 = Tier2 { entries, bytes, max_bytes: tier2::MAX_BYTES, break_even: tier2::BREAK_EVEN };
    let stats = MEMO.with_borrow(|memo| {
        let (entries, limits) = (&memo.entries, memo.entries.limits());
        Stats {
            hit_rate: counters.hit_rate(),
            counters,
            current_size: entries.len(),
            max_size: limits.entries,
            capacity_used: entries.bytes() as f64 / limits.bytes.max(1) as f64,
            bytes: entries.bytes(),
            budget: limits.bytes,
            ttl_seconds: limits.ttl / 1000,
            break_even: BREAK_EVEN,
            positive_cached: entries.count(Polarity::Positive),
            negative_cached: entries.count(Polarity::Negative),
            neutral_cached: entries.count(Polarity::Neutral),
            heads: memo.heads.len(),
            tier2,
            lazy_queue_length,
        }
    });
    ok(&stats)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalidation {
    document_id: Option<DocumentId>,
    /// Every entry of both tiers, and every head.
    all: Option<bool>,
    polarity: Option<String>,
}

pub(crate) async fn invalidate(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let store = Store::open(SCHEMA)?;
    let (heads, entries, tier2) = match request.json()? {
        Invalidation { document_id: Some(document), all: None, polarity: None } => {
            (u64::from(super::invalidate(document.as_str())), 0, 0)
        }
        Invalidation { document_id: None, all: Some(true), polarity: None } => {
            let tier2 = tier2::clear(&store)?;
            let (heads, entries) = super::clear();
            (heads, entries, tier2)
        }
        Invalidation { document_id: None, all: None, polarity: Some(polarity) } => {
            (0, super::drop_polarity(polarity_named(&polarity)?), 0)
        }
        _ => {
            let detail = "give document_id, or polarity, or all: true";
            return Err(Problem::new(Code::InvalidInvalidation, detail));
        }
    };
    ok(&json!({"heads": heads, "entries": entries, "tier2_entries": tier2}))
}

fn polarity_named(name: &str) -> Result<Polarity, Problem> {
    [Polarity::Positive, Polarity::Negative, Polarity::Neutral]
        .into_iter()
        .find(|polarity| polarity.as_str().eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let detail = format!("polarity is positive, negative or neutral, not {name:.20?}");
            Problem::new(Code::InvalidInvalidation, detail)
        })
}

pub(crate) async fn drain(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["max"])?;
    let max = match query.parse("max")? {
        None => DEFAULT_DRAIN,
        Some(max @ 1..=MAX_DRAIN) => max,
        Some(_) => {
            return Err(Problem::new(Code::InvalidParameter, format!("max must be 1 to {MAX_DRAIN}")));
        }
    };
    let store = Store::open(SCHEMA)?;
    let began = now_millis();
    queue::prune(&store, began.saturating_sub(limits()?.ttl))?;
    let (mut processed, mut failed) = (0, 0);
    while processed < max && now_millis().saturating_sub(began) < DRAIN_MILLIS {
        let Some(claim) = queue::claim(&store, now_millis())? else { break };
        let outcome = run(&store, &claim);
        failed += u64::from(outcome.is_err());
        queue::finish(&store, &claim, &outcome, now_millis())?;
        processed += 1;
    }
    let elapsed = now_millis().saturating_sub(began);
    let remaining = queue::length(&store)?;
    ok(&json!({"processed": processed, "failed": failed, "remaining": remaining, "elapsed_ms": elapsed}))
}

/// Whether the client would rather have the answer later (RFC 7240 §4.1).
pub(crate) fn is_deferred(request: &Request) -> bool {
    let preferences = request.preference("prefer").unwrap_or_default();
    preferences.split([',', ';']).any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
}

/// A request's work as the queue keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Deferred {
    /// Whether the encoded state is wanted too.
    pub(crate) encoded: bool,
    pub(crate) body: Box<RawValue>,
}

impl Deferred {
    /// The work that the request asks for. Whether it can be done shows when it is.
    ///
    /// # Errors
    /// 400 if the body is not JSON, 422 if it is not an object.
    pub(crate) fn of(request: &Request, encoded: bool) -> Result<Self, Problem> {
        let body: Box<RawValue> = request.json()?;
        if !body.get().starts_with('{') {
            return Err(Problem::new(Code::InvalidJson, "an object is wanted"));
        }
        Ok(Deferred { encoded, body })
    }
}

/// Puts a request's work into the queue: 202 with the task's id and where its state can be read.
pub(crate) fn defer(kind: Kind, work: &Deferred) -> Result<Response, Problem> {
    let payload = serde_json::to_string(work).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    let subject = Digest::of(payload.as_bytes()).to_string();
    let store = Store::open(SCHEMA)?;
    let task_id = queue::enqueue(&store, kind, kind.priority(), &subject, &payload, now_millis())?;
    let location = format!("/crdt/cache/task/{task_id}");
    let mut response = ok(&json!({"task_id": task_id, "state": "pending", "location": location}))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("preference-applied"), HeaderValue::from_static("respond-async"));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    Ok(response)
}

fn payload(claim: &Claim) -> Result<Deferred, Problem> {
    serde_json::from_str(&claim.payload)
        .map_err(|_| Problem::new(Code::StoreCorrupt, "a queued task has a bad payload"))
}

/// What the task's request would have answered.
fn run(store: &Store, claim: &Claim) -> Result<String, Problem> {
    let body = match claim.kind {
        Kind::Snapshot => return snapshot(store, &claim.subject),
        Kind::Merge => merge::perform(&payload(claim)?)?,
        Kind::Verify => laws::perform(&payload(claim)?)?,
    };
    String::from_utf8(body).map_err(|error| Problem::new(Code::Encoding, error.to_string()))
}

/// Writes the snapshot of a document's current version.
fn snapshot(store: &Store, document: &str) -> Result<String, Problem> {
    let log_position = snapshot::refresh(store, document)?;
    Ok(json!({"document_id": document, "log_position": log_position}).to_string())
}

pub(crate) async fn task(request: Request) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Reply {
        #[serde(flatten)]
        task: Task,
        created: String,
        started: Option<String>,
        completed: Option<String>,
    }
    request.query().only(&[])?;
    let id: u64 = request.parse_param("id")?;
    let Some(task) = queue::find(&Store::open(SCHEMA)?, id)? else {
        let detail = format!("no task {id}: it never was, or it ended too long ago");
        return Err(Problem::new(Code::NoSuchTask, detail));
    };
    ok(&Reply {
        created: time::format_rfc3339(task.created),
        started: task.started.map(time::format_rfc3339),
        completed: task.completed.map(time::format_rfc3339),
        task,
    })
}
