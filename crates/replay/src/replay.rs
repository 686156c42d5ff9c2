//! A replay: register the agents, send what is not stored yet, let GREEN verify, compare the text.

use std::collections::BTreeMap;
use std::time::Instant;

use ramanujan_client::{Client, Progress};
use ramanujan_core::AgentId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::difference::Difference;
use crate::dispatch::{Dispatch, depth};
use crate::error::ReplayError;
use crate::recording::Recording;
use crate::report::Report;
use crate::send::Sender;
use crate::session::Session;

/// Most operations in one request: what the streams take by default.
pub(crate) const MAX_BATCH: usize = 1000;

/// What to replay, and where.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) recording: &'a Recording,
    /// The recording's name in the report.
    pub(crate) source: String,
    pub(crate) document: String,
    pub(crate) agents_prefix: String,
    /// Most operations per request, 1 to [`MAX_BATCH`].
    pub(crate) batch: usize,
    pub(crate) quiet: bool,
}

#[derive(Deserialize)]
struct DocumentReply {
    crdt_type: String,
    value: Value,
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    digest: String,
    vector_clock: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct VerifyReply {
    verified: bool,
    #[serde(default)]
    witness: Value,
}

/// Replays a recording.
///
/// What the network holds already is not sent again, with one exception: the last [`MAX_BATCH`] stored operations of
/// each replica are. They are what an earlier attempt may have had under way when it was cut off, so that the network
/// repairs what it had not finished of them, and they show whether the document holds this recording: other content
/// under the same names is refused.
///
/// # Errors
/// The network cannot be reached, stays unavailable, or refuses an operation. A document that differs in the end is
/// not an error but a [`Report`] that says so.
pub(crate) fn replay(client: &Client, plan: &Plan<'_>) -> Result<Report, ReplayError> {
    let session = Session::from_recording(plan.recording)?;
    let names = session.names(&plan.agents_prefix)?;
    let name_bytes =
        names.iter().map(|name| name.as_str().len()).chain([plan.document.len()]).max().unwrap_or(0);
    let operations = session.operations.len();
    let path = format!("/crdt/{}?clock=full", plan.document);

    let stored = match client.get(&path).first().optional::<DocumentReply>()? {
        Some(document) => stored_lengths(plan, &session, &names, &document)?,
        None => vec![0; names.len()],
    };
    let batch = plan.batch.clamp(1, MAX_BATCH);
    let dispatch = Dispatch::new(&session, &stored, MAX_BATCH, batch, name_bytes);
    let skipped = operations - dispatch.remaining();

    let agents = agent_names(&session, &names);
    let unregistered = register(client, &agents);
    let progress = Progress::new("operations", Some(operations as u64), skipped as u64, plan.quiet);
    progress.say(format_args!(
        "{}: {operations} operations of {} agents into document {}",
        plan.source, plan.recording.agents, plan.document
    ));
    let sender = Sender { client, document: &plan.document, names: &names, agents: &agents };
    let started = Instant::now();
    let (measurements, duplicates) = sender.send(dispatch, progress)?;
    let seconds = started.elapsed().as_secs_f64();

    // A recording without any operation leaves no document behind.
    let (verified, document) = if operations == 0 {
        (VerifyReply { verified: true, witness: Value::Null }, None)
    } else {
        let body = json!({"operation": "verify", "document_id": plan.document}).to_string();
        let verified: VerifyReply =
            client.post("/stream/green/verify", body.as_bytes()).idempotent().json()?;
        (verified, Some(client.get(&path).json::<DocumentReply>()?))
    };
    let text = document.as_ref().and_then(|document| document.value.as_str()).unwrap_or("");
    let difference = Difference::between(&plan.recording.end_content, text);

    let text_equal = difference.is_none();
    let tenths = measurements.tenths();
    Ok(Report {
        status: if verified.verified && text_equal { "ok" } else { "different" },
        recording: plan.source.clone(),
        document_id: plan.document.clone(),
        agents: plan.recording.agents,
        replicas: names.len(),
        unregistered,
        operations,
        skipped,
        duplicates,
        batches: measurements.requests(),
        depth: depth(&session),
        seconds,
        operations_per_second: (operations - skipped) as f64 / seconds.max(f64::MIN_POSITIVE),
        latency_ms: measurements.latency(),
        first_tenth: tenths.map(|(first, _)| first),
        last_tenth: tenths.map(|(_, last)| last),
        cost_ratio: tenths.map(|(first, last)| last.us_per_operation / first.us_per_operation),
        verified: verified.verified,
        witness: verified.witness,
        text_equal,
        difference,
        length: text.chars().count(),
        fingerprint: document.as_ref().map(|document| document.fingerprint.clone()).unwrap_or_default(),
        digest: document.as_ref().map(|document| document.digest.clone()).unwrap_or_default(),
    })
}

/// How many operations of each replica the document holds.
fn stored_lengths(
    plan: &Plan<'_>,
    session: &Session,
    names: &[AgentId],
    document: &DocumentReply,
) -> Result<Vec<u32>, ReplayError> {
    let occupied = |reason: String| ReplayError::Occupied { document: plan.document.clone(), reason };
    if document.crdt_type != "text" {
        return Err(occupied(format!("a {}, not a text", document.crdt_type)));
    }
    let index: BTreeMap<&str, usize> =
        names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let lengths = session.lengths();
    let mut stored = vec![0; names.len()];
    for (agent, seq) in &document.vector_clock {
        let replica = index.get(agent.as_str()).ok_or_else(|| {
            occupied(format!("operations of {agent:?}, which is not an agent of this recording"))
        })?;
        stored[*replica] =
            u32::try_from(*seq).ok().filter(|seq| *seq <= lengths[*replica]).ok_or_else(|| {
                occupied(format!("{seq} operations of {agent:?}, more than this recording has"))
            })?;
    }
    Ok(stored)
}

/// One name per agent that has operations: that of its first replica.
fn agent_names<'a>(session: &Session, names: &'a [AgentId]) -> Vec<&'a AgentId> {
    session
        .replicas
        .iter()
        .zip(names)
        .filter_map(|(replica, name)| (replica.number == 0).then_some(name))
        .collect()
}

/// Registers the agents; returns what did not work. The document does not depend on it, so a network that is full
/// (`MAX_AGENTS`) does not stop a replay.
fn register(client: &Client, agents: &[&AgentId]) -> Vec<String> {
    agents
        .iter()
        .filter_map(|agent| {
            let body = json!({"agent_id": agent}).to_string();
            match client.post("/agents/register", body.as_bytes()).done() {
                Ok(()) => None,
                // Registered before with other data: it is there.
                Err(error) if error.status() == 409 => None,
                Err(error) => Some(format!("{agent}: {}", error.summary())),
            }
        })
        .collect()
}
