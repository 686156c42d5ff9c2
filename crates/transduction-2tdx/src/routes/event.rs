//! What the timeline is told: a pattern that was stored, a term that was rewritten.
//!
//! A rewriting comes after the storing of the patterns that it used, and its event names theirs.
//!
//! An event follows its effect, and its id from what happened: the same request again repairs an event that is missing
//! and never doubles one. What has happened is not undone by a timeline that does not answer, so the request does not
//! fail: its reply says that it is not recorded.

use std::collections::BTreeSet;

use ramanujan_core::Digest;
use ramanujan_shell::{history, log};
use serde::Serialize;
use serde_json::{Value, json};

use crate::skill::version::Version;

/// Whose events they are.
const AGENT: &str = "transduction-2tdx";

/// What became of an event.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Recorded {
    /// The id of the event: the same for the same request.
    event_id: Digest,
    /// Whether the timeline has it; where it has not, the same request again repairs it.
    recorded: bool,
}

/// What decides the event of a rewriting, besides its result.
pub(super) struct Rewriting<'a> {
    /// The rules as text, in the order in which they were tried.
    pub(super) rules: &'a [String],
    /// Those of them that are stored.
    pub(super) pattern_ids: Vec<&'a str>,
    pub(super) strategy: &'static str,
    pub(super) before: String,
    pub(super) after: &'a str,
    pub(super) steps: u64,
    pub(super) stop_reason: &'static str,
}

/// Most ids in an event's payload, where the timeline takes 4 KiB, and in what it depends on.
const MAX_IDS: usize = 40;

/// A version of a pattern is stored.
pub(super) async fn stored(pattern: &Version) -> Recorded {
    let payload =
        json!({"pattern_id": pattern.id, "pattern_name": pattern.pattern_name, "version": pattern.version});
    record(stored_id(&pattern.id), "pattern-stored", "store", &BTreeSet::new(), payload).await
}

/// A term was rewritten. The same rewriting with the same outcome is one event.
pub(super) async fn applied(rewriting: &Rewriting<'_>) -> Recorded {
    let Rewriting { rules, pattern_ids, strategy, before, after, steps, stop_reason } = rewriting;
    let event_id = id(["pattern-applied", &rules.join("\n"), strategy, before, after, stop_reason]);
    let named = &pattern_ids[..pattern_ids.len().min(MAX_IDS)];
    let causes: BTreeSet<Digest> = named.iter().map(|id| stored_id(id)).collect();
    let payload = json!({
        "pattern_ids": named,
        "rules": rules.len(),
        "strategy": strategy,
        "steps": steps,
        "stop_reason": stop_reason,
        "before": Digest::of(before.as_bytes()),
        "after": Digest::of(after.as_bytes()),
    });
    record(event_id, "pattern-applied", "apply", &causes, payload).await
}

/// The id of the event of a version that was stored.
fn stored_id(pattern: &str) -> Digest {
    id(["pattern-stored", pattern])
}

fn id<const N: usize>(parts: [&str; N]) -> Digest {
    Digest::of(format!("skill-event\0{}", parts.join("\0")).as_bytes())
}

async fn record(
    event_id: Digest,
    kind: &str,
    operation: &str,
    causes: &BTreeSet<Digest>,
    payload: Value,
) -> Recorded {
    let event = json!({
        "event_id": event_id, "type": kind, "agent_id": AGENT, "operation": operation,
        "depends_on": causes, "payload": payload,
    });
    let reply = history::append(&[event]).await;
    if let Err(problem) = &reply {
        log::warn(AGENT, &format!("{kind} {event_id} is not on the timeline: {problem}"));
    }
    let stored = reply.as_ref().ok().and_then(|ids| ids.first());
    Recorded { event_id: stored.copied().unwrap_or(event_id), recorded: reply.is_ok() }
}
