//! `POST /stream/green/verify`: recomputes a document from its deltas and compares.

use http::Method;
use ramanujan_core::{
    AgentId, Code, Color, Digest, DocumentId, Fingerprint, Polarity, Problem, VectorClock, json,
};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::{Request, Response, call_json, ok};
use serde::{Deserialize, Serialize};

use super::neighbours::{CRDT_SERVICE, record};
use crate::convergence::{Convergence, Kept};
use crate::event::{Event, event_id};
use crate::operations::check_color;
use crate::recompute::Recomputed;
use crate::settings;

/// Deltas asked for at a time; crdt-service may give fewer.
const PAGE: u64 = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifyRequest {
    #[serde(default = "verify")]
    operation: String,
    document_id: DocumentId,
    agent_id: Option<AgentId>,
    /// Checked with [`Claim`].
    #[serde(rename = "polarity")]
    _polarity: Option<String>,
}

/// What decides an operation's colour, whatever else it carries.
#[derive(Deserialize)]
struct Claim {
    #[serde(default = "verify")]
    operation: String,
    polarity: Option<String>,
}

fn verify() -> String {
    "verify".to_owned()
}

/// What crdt-service reports of the document.
#[derive(Deserialize)]
struct Reported {
    crdt_type: CrdtType,
    vector_clock: VectorClock,
    fingerprint: Fingerprint,
    digest: Digest,
    value_digest: Digest,
    log_position: u64,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<DeltaRecord>,
    next_cursor: Option<String>,
}

/// What was compared, so that anybody can do it again.
#[derive(Serialize)]
struct Witness {
    crdt_type: CrdtType,
    deltas: u64,
    log_position: u64,
    recomputed_digest: Digest,
    reported_digest: Digest,
    recomputed_fingerprint: Fingerprint,
    reported_fingerprint: Fingerprint,
    recomputed_clock: VectorClock,
    reported_clock: VectorClock,
    recomputed_value_digest: Option<Digest>,
    reported_value_digest: Digest,
    /// The deltas joined in another order as well.
    convergence: Convergence,
    mismatches: Vec<String>,
}

#[derive(Serialize)]
struct Reply {
    operation: String,
    color: Color,
    polarity: Polarity,
    document_id: DocumentId,
    verified: bool,
    witness: Witness,
    vector_clock: VectorClock,
    event_id: Digest,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    if request.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        let requests: Vec<VerifyRequest> = request.json()?;
        let detail = format!("GREEN verifies one document at a time; this asks for {}", requests.len());
        return Err(Problem::new(Code::OneAtATime, detail));
    }
    // Colour first: an operation of another colour has fields that GREEN does not know, and they are not its fault.
    let claim: Claim = json::from_slice(&request.body)?;
    check_color(Color::Green, &claim.operation, claim.polarity.as_deref())?;
    let request: VerifyRequest = json::from_slice(&request.body)?;
    if !matches!(request.operation.as_str(), "verify" | "check") {
        let detail = format!("a document is verified; {} does not take one", request.operation);
        return Err(Problem::new(Code::InvalidOperation, detail));
    }
    let document = request.document_id.as_str();
    let reported: Reported =
        call_json(CRDT_SERVICE, Method::GET, &format!("/crdt/{document}"), None::<&()>).await?;
    let mut recomputed = Recomputed::new(reported.crdt_type);
    let mut kept = Kept::at_most(settings::WITNESS_MAX_DELTAS.read()?);
    let mut cursor = String::from("0");
    loop {
        let path =
            format!("/crdt/{document}/history?limit={PAGE}&cursor={cursor}&until={}", reported.log_position);
        let page: Page = call_json(CRDT_SERVICE, Method::GET, &path, None::<&()>).await?;
        for record in page.items {
            recomputed.push(&record);
            kept.push(record);
        }
        match page.next_cursor {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let deltas = recomputed.deltas;
    let (outcome, mut mismatches) = recomputed.finish();
    let (convergence, diverged) = kept.witness(reported.crdt_type, &outcome, settings::gadget_limits()?)?;
    mismatches.extend(diverged);
    let witness = Witness {
        crdt_type: reported.crdt_type,
        deltas,
        log_position: reported.log_position,
        recomputed_digest: outcome.digest,
        reported_digest: reported.digest,
        recomputed_fingerprint: outcome.fingerprint,
        reported_fingerprint: reported.fingerprint,
        recomputed_clock: outcome.clock,
        reported_clock: reported.vector_clock,
        recomputed_value_digest: outcome.value_digest,
        reported_value_digest: reported.value_digest,
        convergence,
        mismatches,
    };
    let verified = witness.mismatches.is_empty()
        && witness.recomputed_digest == witness.reported_digest
        && witness.recomputed_fingerprint == witness.reported_fingerprint
        && witness.recomputed_clock == witness.reported_clock
        && witness.recomputed_value_digest == Some(witness.reported_value_digest);
    let agent = request.agent_id.as_ref().map_or("stream-green", AgentId::as_str);
    let outcome = if verified { "verified" } else { "verification-failed" };
    // The same finding of the same agent on the same state is one event, however often it is made; what was
    // recomputed is part of the finding.
    let recomputed = format!("{} {}", witness.recomputed_digest, serde_json::json!(witness.recomputed_clock));
    let subject = [agent, &request.operation, outcome, &recomputed].join(" ");
    let event_id = event_id(document, &subject, &witness.reported_digest, Color::Green);
    let event = Event {
        event_id,
        r#type: outcome,
        agent_id: agent,
        operation: &request.operation,
        document_id: document,
        vector_clock: &witness.recomputed_clock,
        fingerprint: witness.recomputed_fingerprint,
        color: Color::Green,
        payload_size: 0,
    };
    record(&[event]).await?;
    ok(&Reply {
        color: Color::Green,
        polarity: Polarity::Neutral,
        verified,
        vector_clock: witness.recomputed_clock.clone(),
        witness,
        event_id,
        operation: request.operation,
        document_id: request.document_id,
    })
}
