//! The causal graph of an event: `GET /timeline/event/{id}/causes`, `/effects` and `/concurrent`.
//!
//! `causes` and `effects` are paged by (distance, seq). Each page walks from the event again, at most
//! `TRAVERSE_MAX_EVENTS` events far. `concurrent` compares vector clocks, which count the operations of one document:
//! only events of the same document are comparable.

use std::collections::BTreeSet;

use ramanujan_core::clock::Causality;
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_timeline::row::Shown;
use serde::Serialize;

use crate::order::read_pair;
use crate::routes::query::DEFAULT_LIMIT;
use crate::settings::{CONCURRENT_MAX_SCAN, TRAVERSE_MAX_EVENTS};
use crate::shown::shown;
use crate::store::causal::Reach;
use crate::store::replicas::clock_of;
use crate::store::{self, causal, graph, log};
use crate::walk::{Bounds, Relation};

/// Events that stand in a relation to one.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(transform = ramanujan_timeline::schema::never_null))]
pub(crate) struct Related {
    /// Whether the event has a clock: without one nothing is known to be concurrent.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparable: Option<bool>,
    /// Whether there is nothing beyond: neither `depth` nor `TRAVERSE_MAX_EVENTS` was the end of the walk; of causes, every
    /// event on the way names all of its own; of effects, every event of the log was looked at.
    complete: bool,
    /// The event asked about.
    event_id: Digest,
    /// The events, each with its `distance` where there is one.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<RelatedEvent>"))]
    events: Vec<Shown>,
    /// Of effects: how many events, from the first, are in the causal index, which alone knows what names an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    indexed_until: Option<u64>,
    /// Of effects: the greatest `seq` in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seq: Option<u64>,
    /// Ids that events on the way name as their causes and no stored event has; at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<BTreeSet<Digest>>"))]
    missing: Option<BTreeSet<String>>,
    /// What to give as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// How the events stand to it.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["causes", "effects", "concurrent"])))]
    relation: &'static str,
}

/// An event that stands in a relation to another, as the description of the API has it.
#[cfg(not(target_family = "wasm"))]
struct RelatedEvent;

#[cfg(not(target_family = "wasm"))]
impl schemars::JsonSchema for RelatedEvent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RelatedEvent".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let distance = "Steps on the shortest way from the event asked about; of causes and effects.";
        let distance = serde_json::json!({"type": "integer", "minimum": 1, "description": distance});
        schemars::json_schema!({
            "allOf": [generator.subschema_for::<Shown>(), {"type": "object", "properties": {"distance": distance}}],
        })
    }
}

pub(crate) async fn causes(request: Request) -> Result<Response, Problem> {
    walk(&request, Relation::Causes)
}

pub(crate) async fn effects(request: Request) -> Result<Response, Problem> {
    walk(&request, Relation::Effects)
}

fn walk(request: &Request, relation: Relation) -> Result<Response, Problem> {
    let query = request.query();
    let pager = query.only(&["depth", "limit", "cursor"])?.pager(DEFAULT_LIMIT)?;
    let most = TRAVERSE_MAX_EVENTS.read()?;
    let depth = query.parse::<u64>("depth")?.unwrap_or(most);
    if depth == 0 {
        return Err(Problem::new(Code::InvalidParameter, "depth: at least 1"));
    }
    let after = query.get("cursor").map(|text| {
        read_pair(text)
            .ok_or_else(|| Problem::new(Code::InvalidParameter, "cursor: not a next_cursor of this query"))
    });
    let after = after.transpose()?.unwrap_or((0, 0));
    let causes = relation == Relation::Causes;
    // The edges from causes to effects are part of the index.
    let (store, reach) = if causes {
        (store::open()?, None)
    } else {
        let (store, reach) = causal::open()?;
        (store, Some(reach))
    };
    let id: Digest = request.parse_param("id")?;
    let Some(event) = log::find(&store, &id)? else { return Err(log::gone(&store, &id)?) };
    let (walked, missing) = graph::reach(&store, event.seq, relation, Bounds { depth, events: most })?;
    let rest = walked.events.into_iter().filter(|place| *place > after);
    let page = pager.cut(rest.take(usize::try_from(pager.fetch()).unwrap_or(usize::MAX)).collect());
    let seqs: Vec<u64> = page.items.iter().map(|(_, seq)| *seq).collect();
    let mut events = Vec::with_capacity(seqs.len());
    for (event, (distance, _)) in graph::events(&store, &seqs)?.iter().zip(&page.items) {
        let mut event = shown(event)?;
        event.insert("distance", distance)?;
        events.push(event);
    }
    ok(&Related {
        comparable: None,
        complete: walked.complete && reach.is_none_or(Reach::is_complete),
        event_id: id,
        events,
        indexed_until: reach.map(|reach| reach.indexed_until),
        last_seq: reach.map(|reach| reach.last_seq),
        missing: causes.then_some(missing),
        next_cursor: page.next(|(distance, seq)| format!("{distance}.{seq}")),
        relation: if causes { "causes" } else { "effects" },
    })
}

pub(crate) async fn concurrent(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let limit = query.only(&["limit", "cursor"])?.pager(DEFAULT_LIMIT)?.limit();
    let scan = CONCURRENT_MAX_SCAN.read()?;
    let after = query.parse::<u64>("cursor")?.unwrap_or(0);
    let store = store::open()?;
    let id: Digest = request.parse_param("id")?;
    let Some(event) = log::find(&store, &id)? else { return Err(log::gone(&store, &id)?) };
    let clock = clock_of(&event)?;
    let mut events = Vec::new();
    let mut next_cursor = None;
    if !clock.is_empty() {
        let others = graph::of_document(&store, event.document.as_deref(), after, scan)?;
        let full = others.len() as u64 == scan;
        for other in &others {
            // A page ends where it is full or where the scan ends, and the next goes on there.
            if events.len() as u64 == limit {
                break;
            }
            let theirs = clock_of(other)?;
            if !theirs.is_empty() && clock.compare(&theirs) == Causality::Concurrent {
                events.push(shown(other)?);
            }
            next_cursor = Some(other.seq);
        }
        if !full && (events.len() as u64) < limit {
            next_cursor = None;
        }
    }
    ok(&Related {
        comparable: Some(!clock.is_empty()),
        complete: true,
        event_id: id,
        events,
        indexed_until: None,
        last_seq: None,
        missing: None,
        next_cursor: next_cursor.map(|seq| seq.to_string()),
        relation: "concurrent",
    })
}
