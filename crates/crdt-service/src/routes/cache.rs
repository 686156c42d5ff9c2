//! `/crdt/cache/…`: what the memo has done and what it holds.

use ramanujan_core::{Code, DocumentId, Polarity, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::memo::counts::Counters;
use crate::memo::tier1::{self, Occupancy};
use crate::store::{Database, TIER2_BREAK_EVEN, TIER2_MAX_BYTES, tiers};

/// What the memo has done and what it holds.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "CacheStats"))]
pub(crate) struct Stats {
    /// Hits per consultation, 0 before the first.
    hit_rate: f64,
    #[serde(flatten)]
    counters: Counters,
    /// Of the instance that answers.
    #[serde(flatten)]
    occupancy: Occupancy,
    tier2: Tier2,
    /// Tasks that are not finished.
    lazy_queue_length: u64,
}

/// The tier of the memo that all instances share, in the store.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
struct Tier2 {
    /// Replies that it holds.
    entries: u64,
    /// Bytes of them.
    bytes: u64,
    /// Most bytes that it holds.
    max_bytes: u64,
    /// Smallest inputs, in bytes, for which it is asked.
    break_even: usize,
}

pub(crate) async fn stats(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    // A setting that cannot be used is said here; elsewhere the default stands in for it.
    tier1::limits()?;
    tiers::flush(true);
    let database = Database::open()?;
    let counters = database.counters()?;
    let (entries, bytes) = database.remembered()?;
    ok(&Stats {
        hit_rate: counters.hit_rate(),
        counters,
        lazy_queue_length: database.tasks_waiting()?,
        tier2: Tier2 { entries, bytes, max_bytes: TIER2_MAX_BYTES, break_even: TIER2_BREAK_EVEN },
        occupancy: tier1::occupancy(),
    })
}

/// What is to be forgotten: exactly one of the members.
#[derive(Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(extend("minProperties" = 1, "maxProperties" = 1))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invalidation {
    /// The head of this document: the next read of it begins at a snapshot.
    document_id: Option<DocumentId>,
    /// Every entry of both tiers, and every head.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("const" = true)))]
    all: Option<bool>,
    /// Entries that were merged from operations of one direction only: `positive`, `negative` or `neutral`.
    polarity: Option<String>,
}

pub(crate) async fn invalidate(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let database = Database::open()?;
    let (heads, entries, tier2) = match request.json()? {
        Invalidation { document_id: Some(document), all: None, polarity: None } => {
            (u64::from(tier1::invalidate(document.as_str())), 0, 0)
        }
        Invalidation { document_id: None, all: Some(true), polarity: None } => {
            let tier2 = database.forget()?;
            let (heads, entries) = tier1::clear();
            (heads, entries, tier2)
        }
        Invalidation { document_id: None, all: None, polarity: Some(polarity) } => {
            (0, tier1::drop_polarity(polarity_named(&polarity)?), 0)
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
