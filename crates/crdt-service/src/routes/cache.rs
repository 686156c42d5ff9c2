//! `/crdt/cache/…`: what the memo has done and what it holds.

use ramanujan_core::{Code, DocumentId, Polarity, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::memo::counts::Counters;
use crate::memo::tier1::{self, Occupancy};
use crate::store::{Database, TIER2_BREAK_EVEN, TIER2_MAX_BYTES, tiers};

#[derive(Serialize)]
struct Stats {
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
