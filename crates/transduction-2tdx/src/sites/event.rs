//! What else the timeline is told of sites: quarantines, evidence, releases, withdrawals, rollbacks. Ids follow from what happened.

use ramanujan_core::{Digest, DocumentId, Dot};
use ramanujan_sync::engine::Quarantine;
use ramanujan_sync::evidence::Evidence;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Whose events they are.
const AGENT: &str = "transduction-2tdx";

/// Most dots that the event of a rollback names: its payload may have 4 KiB.
const MAX_DOTS: usize = 16;

/// An event as the timeline takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SiteEvent {
    event_id: Digest,
    r#type: String,
    agent_id: String,
    operation: String,
    document_id: DocumentId,
    payload: Value,
}

fn event(kind: &str, document: &DocumentId, parts: &[&str], payload: Value) -> SiteEvent {
    let subject = [&["sync-event", kind, document.as_str()], parts].concat().join("\0");
    SiteEvent {
        event_id: Digest::of(subject.as_bytes()),
        r#type: format!("sync-{kind}"),
        agent_id: AGENT.to_owned(),
        operation: "sync".to_owned(),
        document_id: document.clone(),
        payload,
    }
}

/// Deltas of an agent are not taken from a peer any more.
pub(crate) fn quarantined(own: &str, quarantine: &Quarantine) -> SiteEvent {
    let Quarantine { site, document, agent, from } = quarantine;
    let payload = json!({"site": own, "peer": site, "agent": agent, "from": from});
    event("quarantined", document, &[own, site.as_str(), agent.as_str(), &from.to_string()], payload)
}

/// Somebody made sure that a peer holds what it should.
pub(crate) fn released(own: &str, quarantine: &Quarantine, at: u64) -> SiteEvent {
    let Quarantine { site, document, agent, from } = quarantine;
    let payload = json!({"site": own, "peer": site, "agent": agent, "from": from});
    let parts = [own, site.as_str(), agent.as_str(), &from.to_string(), &at.to_string()];
    event("released", document, &parts, payload)
}

/// Two contents under one dot, or a hash that follows from nothing.
pub(crate) fn evidence(own: &str, evidence: &Evidence, digest: &Digest, told_by: Option<&str>) -> SiteEvent {
    let kind = match evidence {
        Evidence::Equivocation { .. } => "equivocation",
        Evidence::Unfounded { .. } => "unfounded",
    };
    let payload = json!({
        "site": own, "kind": kind, "accused": evidence.accused(), "evidence": digest,
        "operation_id": evidence.check().ok(), "told_by": told_by,
    });
    event("evidence", evidence.document(), &[own, &digest.to_string()], payload)
}

/// Operations were taken out of a document, because a peer holds others under their dots.
pub(crate) fn withdrawn(
    own: &str,
    document: &DocumentId,
    peer: &str,
    first: &[(Dot, Digest)],
    operations: u64,
) -> SiteEvent {
    let named: Vec<&Dot> = first.iter().map(|(dot, _)| dot).take(MAX_DOTS).collect();
    let payload = json!({"site": own, "peer": peer, "operations": operations, "first": named});
    let digests: Vec<String> = first.iter().map(|(_, digest)| digest.to_string()).collect();
    event("withdrawn", document, &[own, &digests.join(" ")], payload)
}

/// A document shows again what it showed.
pub(crate) fn rolled_back(own: &str, document: &DocumentId, agent: &str, dots: &[Dot]) -> SiteEvent {
    let named = &dots[..dots.len().min(MAX_DOTS)];
    let payload = json!({"site": own, "agent": agent, "operations": dots.len(), "operation_ids": named});
    let last = dots.last().map(ToString::to_string).unwrap_or_default();
    event("rolled-back", document, &[own, agent, &last], payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_once_is_one_event() {
        let quarantine = |from| Quarantine {
            site: "porto".parse().unwrap(),
            document: "d".parse().unwrap(),
            agent: "ann".parse().unwrap(),
            from,
        };
        let id = |own: &str, from| quarantined(own, &quarantine(from)).event_id;
        assert_eq!(id("vienna", 1), id("vienna", 1));
        assert_ne!(id("vienna", 1), id("vienna", 2));
        assert_ne!(id("vienna", 1), id("lisbon", 1), "each site has its own");
    }
}
