//! `POST /stream/red|blue/apply`, and GREEN's transitions: colour check, delta first, then the event, then the acknowledgement.
//!
//! An event names those of its delta's parents. crdt-service is asked what these are, and what it says of them is left out
//! of what the caller sees.

use http::{HeaderName, HeaderValue, Method};
use ramanujan_core::{Code, Color, Digest, Dot, Polarity, Problem, VectorClock, json};
use ramanujan_crdt::Json;
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_shell::fetch::{call_with, read_reply};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_timeline::operation::{KIND, MAX_NAMED, OperationEvent, event_id};
use serde::{Deserialize, Serialize};

use super::neighbours::{CRDT_SERVICE, record};
use crate::acknowledged::{Stored, is_what_was_asked};
use crate::colors::{self, DisplayColor};
use crate::members::Members;
use crate::operations::{check_color, colored_name};

#[derive(Deserialize)]
struct StoredBatch {
    results: Vec<Stored>,
    applied: usize,
    duplicates: usize,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Single<'a> {
    /// Name of the operation.
    operation: &'a str,
    /// The stream's.
    color: Color,
    /// The stream's.
    polarity: Polarity,
    /// What the operation is shown in: a function of its agent and its seq.
    display_color: &'a DisplayColor,
    /// crdt-service's reply.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::shapes::StoredOperation"))]
    result: Members<'a>,
    /// The document's version after the operation, while it has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<&'a VectorClock>,
    /// Whether crdt-service's reply is about this operation: its dot, its clock and its fingerprint fit the request.
    // See `is_what_was_asked`.
    verified: bool,
    /// The operation's event on the timeline: a function of document, dot, digest and colour, the same after a retry; only
    /// where that id is taken by something else another, of the timeline's, also the same after a retry.
    event_id: Digest,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Batch<'a> {
    /// The stream's.
    color: Color,
    /// The stream's.
    polarity: Polarity,
    /// One for each operation, in the order of the request.
    results: Vec<BatchItem<'a>>,
    /// Operations that this request stored.
    applied: usize,
    /// Operations that were stored before.
    duplicates: usize,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "StreamBatchItem"))]
struct BatchItem<'a> {
    /// The operation's dot.
    operation_id: &'a Dot,
    /// Code points of a text after the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "u64"))]
    length: Option<u64>,
    /// Of the delta's canonical bytes.
    digest: Digest,
    /// The document's version after the operation, while it has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<&'a VectorClock>,
    /// Whether the operation was stored before.
    duplicate: bool,
    /// What the operation is shown in.
    #[cfg_attr(not(target_family = "wasm"), schemars(regex(pattern = "^#[0-9A-F]{6}$")))]
    display_color: &'a str,
    /// The operation's event on the timeline.
    event_id: Digest,
}

/// What a client needs to go on, for one that asks for no more (`Prefer: return=minimal`, RFC 7240 §4.2).
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "StreamMinimal"))]
pub(crate) struct Minimal<'a> {
    /// The operation's dot: what the next one is made on.
    operation_id: &'a Dot,
    /// Whether the operation was stored before.
    duplicate: bool,
    /// The operation's event on the timeline.
    event_id: Digest,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "StreamMinimalBatch"))]
pub(crate) struct MinimalBatch<'a> {
    /// One for each operation, in the order of the request.
    results: Vec<Minimal<'a>>,
    /// Operations that this request stored.
    applied: usize,
    /// Operations that were stored before.
    duplicates: usize,
}

pub(crate) async fn post(color: Color, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let (mut operations, is_batch) = json::one_or_many::<OperationRequest>(&request.body)?;
    for (index, operation) in operations.iter_mut().enumerate() {
        let problem = |problem: Problem| if is_batch { problem.with("index", index) } else { problem };
        check_color(color, &colored_name(operation), operation.polarity.as_deref()).map_err(problem)?;
        // Checked here; crdt-service knows no streams.
        operation.polarity = None;
    }
    let body = if is_batch { serde_json::to_vec(&operations)? } else { serde_json::to_vec(&operations[0])? };
    let key = request.idempotency_key()?.map(|key| ("idempotency-key", key));
    let path = format!("/crdt/apply?causes={MAX_NAMED}");
    let reply = call_with(CRDT_SERVICE, Method::POST, &path, key.as_slice(), body).await?;
    let stored = if is_batch {
        read_reply(CRDT_SERVICE, &reply)?
    } else {
        let single: Stored = read_reply(CRDT_SERVICE, &reply)?;
        let duplicates = usize::from(single.duplicate);
        StoredBatch { results: vec![single], applied: 1 - duplicates, duplicates }
    };
    if stored.results.len() != operations.len() {
        return Err(Problem::new(Code::ComponentReply, "crdt-service answered another number of operations"));
    }
    let events = events(color, &operations, &stored.results)?;
    let event_ids = record(&events).await.map_err(|problem| not_recorded(problem, &stored.results))?;
    if request.prefers("return") == Some("minimal") {
        return minimal(&stored, &event_ids, is_batch);
    }
    let colors = display_colors(&stored.results);
    if !is_batch {
        let (operation, stored) = (&operations[0], &stored.results[0]);
        let result: Members<'_> = serde_json::from_slice(reply.body())
            .map_err(|error| Problem::new(Code::ComponentReply, error.to_string()))?;
        return ok(&Single {
            operation: &operation.operation,
            color,
            polarity: color.polarity(),
            display_color: &colors[0],
            result: result.without("causes"),
            vector_clock: stored.vector_clock.as_ref(),
            verified: is_what_was_asked(operation, stored),
            event_id: event_ids[0],
        });
    }
    let items = stored.results.iter().zip(&colors).zip(event_ids);
    ok(&Batch {
        color,
        polarity: color.polarity(),
        results: items
            .map(|((stored, display), event_id)| BatchItem {
                operation_id: &stored.operation_id,
                length: stored.length,
                digest: stored.digest,
                vector_clock: stored.vector_clock.as_ref(),
                duplicate: stored.duplicate,
                display_color: &display.hex,
                event_id,
            })
            .collect(),
        applied: stored.applied,
        duplicates: stored.duplicates,
    })
}

fn minimal(stored: &StoredBatch, event_ids: &[Digest], is_batch: bool) -> Result<Response, Problem> {
    let results = stored.results.iter().zip(event_ids).map(|(stored, event_id)| Minimal {
        operation_id: &stored.operation_id,
        duplicate: stored.duplicate,
        event_id: *event_id,
    });
    let mut results: Vec<_> = results.collect();
    let mut response = match results.pop() {
        Some(single) if !is_batch => ok(&single)?,
        last => {
            results.extend(last);
            ok(&MinimalBatch { results, applied: stored.applied, duplicates: stored.duplicates })?
        }
    };
    let applied = (HeaderName::from_static("preference-applied"), HeaderValue::from_static("return=minimal"));
    response.headers_mut().extend([applied]);
    Ok(response)
}

fn events<'a>(
    color: Color,
    operations: &'a [OperationRequest],
    stored: &'a [Stored],
) -> Result<Vec<OperationEvent<'a>>, Problem> {
    let event = |(operation, stored): (&'a OperationRequest, &'a Stored)| {
        Some(OperationEvent {
            event_id: event_id(
                operation.document_id.as_str(),
                &stored.operation_id.to_string(),
                &stored.digest,
                color,
            ),
            r#type: KIND,
            agent_id: operation.agent_id.as_str(),
            operation: &operation.operation,
            document_id: operation.document_id.as_str(),
            vector_clock: stored.vector_clock.as_ref(),
            causes: stored.event_causes(operation.document_id.as_str())?,
            fingerprint: stored.fingerprint,
            color,
            payload_size: match &operation.value {
                Some(Json::Text(text)) => text.len(),
                _ => 0,
            },
        })
    };
    let events: Option<Vec<_>> = operations.iter().zip(stored).map(event).collect();
    events.ok_or_else(|| {
        let detail = "crdt-service does not say what the parents of an operation are; send the request again";
        Problem::new(Code::ComponentReply, detail)
    })
}

/// The colour of each operation; one call of the composed component per run of one agent's operations.
fn display_colors(stored: &[Stored]) -> Vec<DisplayColor> {
    stored
        .chunk_by(|a, b| a.operation_id.agent == b.operation_id.agent)
        .flat_map(|run| {
            let seqs: Vec<u64> = run.iter().map(|stored| stored.operation_id.seq).collect();
            colors::of_operations(run[0].operation_id.agent.as_str(), &seqs)
        })
        .collect()
}

/// The deltas are stored, their events are not: the same request again, with the dots named here, repairs that.
fn not_recorded(problem: Problem, stored: &[Stored]) -> Problem {
    let dots: Vec<String> = stored.iter().map(|stored| stored.operation_id.to_string()).collect();
    let detail = format!(
        "the operations are stored but not yet on the timeline ({}); send the request again with the seq of each \
         operation_id to repair that",
        problem.detail
    );
    Problem::new(Code::NotRecorded, detail).with("operation_ids", dots)
}
