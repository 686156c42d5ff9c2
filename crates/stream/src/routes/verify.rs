//! `POST /stream/green/verify`: recomputes a document from its deltas and compares.

use http::Method;
use ramanujan_core::{
    AgentId, Code, Color, Digest, DocumentId, Fingerprint, Polarity, Problem, VectorClock, json,
};
use ramanujan_crdt::CrdtType;
use ramanujan_shell::{Request, Response, call_json, ok};
use ramanujan_timeline::operation::{Causes, OperationEvent, event_id};
use serde::{Deserialize, Serialize};

use super::history::History;
use super::neighbours::{CRDT_SERVICE, record};
use crate::convergence::{Convergence, Kept};
use crate::operations::check_color;
use crate::recompute::{Outcome, Recomputed};
use crate::settings;
use crate::verified::{self, Verified};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct VerifyRequest {
    /// What a caller calls it.
    #[serde(default = "verify")]
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["verify", "check"])))]
    operation: String,
    /// The document.
    document_id: DocumentId,
    /// In whose name the finding is recorded; left out, `stream-green`.
    agent_id: Option<AgentId>,
    /// Whether what this instance recomputed for an earlier verification need not be read again.
    #[serde(default)]
    incremental: bool,
    /// `GREEN` or `neutral`, in letters of either case.
    // Checked with `Claim`.
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
    /// Left out where it is large; the digest names the version all the same.
    #[serde(default)]
    vector_clock: Option<VectorClock>,
    fingerprint: Fingerprint,
    digest: Digest,
    value_digest: Digest,
    log_position: u64,
    operations: u64,
}

impl Reported {
    /// Whether the deltas come to what is reported.
    fn agrees(&self, outcome: &Outcome) -> bool {
        outcome.digest == self.digest
            && outcome.fingerprint == self.fingerprint
            && self.vector_clock.as_ref().is_none_or(|clock| *clock == outcome.clock)
            && outcome.value_digest == Some(self.value_digest)
    }
}

/// What was compared, so that anybody can do it again.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "DocumentWitness"))]
struct Witness {
    /// Type of the document.
    crdt_type: CrdtType,
    /// How many were recomputed.
    deltas: u64,
    /// As many of them, the first of the log, were read and recomputed for an earlier verification; with `incremental` only.
    recomputed_before: u64,
    /// Place in crdt-service's log up to which both go.
    log_position: u64,
    /// What the deltas come to.
    recomputed_digest: Digest,
    /// What crdt-service says of the document.
    reported_digest: Digest,
    /// What the deltas come to.
    recomputed_fingerprint: Fingerprint,
    /// What crdt-service says of the document.
    reported_fingerprint: Fingerprint,
    /// What the deltas come to, if crdt-service says something of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    recomputed_clock: Option<VectorClock>,
    /// What crdt-service says of the document, while it has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    reported_clock: Option<VectorClock>,
    /// What the deltas come to; null if they make no document.
    recomputed_value_digest: Option<Digest>,
    /// What crdt-service says of the document.
    reported_value_digest: Digest,
    /// The deltas joined in another order as well.
    convergence: Convergence,
    /// What does not fit, in words; the first ten.
    mismatches: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Reply {
    /// As the request has it.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["verify", "check"])))]
    operation: String,
    /// GREEN.
    color: Color,
    /// Of GREEN.
    polarity: Polarity,
    /// The document.
    document_id: DocumentId,
    /// Whether everything that was recomputed is as crdt-service reports it.
    verified: bool,
    /// What was compared.
    witness: Witness,
    /// The version that was recomputed, while it has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<VectorClock>,
    /// The finding's event on the timeline: the same finding of one agent on the same state is one event.
    event_id: Digest,
}

/// What was recomputed.
struct Found {
    outcome: Outcome,
    mismatches: Vec<String>,
    deltas: u64,
    before: u64,
}

fn history<'a>(request: &'a VerifyRequest, reported: &Reported) -> History<'a> {
    let document = request.document_id.as_str();
    History { document, crdt_type: reported.crdt_type, until: reported.log_position }
}

/// Recomputes a large document from encoded deltas; `None` if it does not come to what is reported.
async fn encoded(request: &VerifyRequest, reported: &Reported) -> Result<Option<Found>, Problem> {
    let History { document, crdt_type, until } = history(request, reported);
    let kept = if request.incremental { verified::take(document, crdt_type, until) } else { None };
    let (after, mut recomputed) =
        kept.map_or_else(|| (0, Recomputed::new(crdt_type)), |kept| (kept.until, kept.recomputed));
    let before = recomputed.deltas;
    let agrees = history(request, reported).encoded(after, &mut recomputed).await?;
    let outcome = recomputed.finish();
    if !agrees || !recomputed.mismatches.is_empty() || !reported.agrees(&outcome) {
        return Ok(None);
    }
    let deltas = recomputed.deltas;
    if request.incremental && deltas <= settings::VERIFIED_MAX_DELTAS.read()? {
        verified::keep(Verified { document: document.to_owned(), crdt_type, until, recomputed });
    }
    Ok(Some(Found { outcome, mismatches: Vec::new(), deltas, before }))
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
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
    let most = settings::WITNESS_MAX_DELTAS.read()?;
    let large = if reported.operations > most as u64 { encoded(&request, &reported).await? } else { None };
    let (found, kept) = match large {
        Some(found) => (found, Kept::none(most)),
        None => {
            let mut kept = Kept::at_most(most);
            let mut whole = history(&request, &reported).records(&mut kept).await?;
            let outcome = whole.finish();
            (Found { outcome, mismatches: whole.mismatches, deltas: whole.deltas, before: 0 }, kept)
        }
    };
    let Found { outcome, mut mismatches, deltas, before } = found;
    let (convergence, diverged) = kept.witness(reported.crdt_type, &outcome, settings::gadget_limits()?)?;
    mismatches.extend(diverged);
    let agrees = reported.agrees(&outcome);
    let witness = Witness {
        crdt_type: reported.crdt_type,
        deltas,
        recomputed_before: before,
        log_position: reported.log_position,
        recomputed_digest: outcome.digest,
        reported_digest: reported.digest,
        recomputed_fingerprint: outcome.fingerprint,
        reported_fingerprint: reported.fingerprint,
        recomputed_clock: reported.vector_clock.is_some().then_some(outcome.clock),
        reported_clock: reported.vector_clock,
        recomputed_value_digest: outcome.value_digest,
        reported_value_digest: reported.value_digest,
        convergence,
        mismatches,
    };
    let verified = witness.mismatches.is_empty() && agrees;
    let agent = request.agent_id.as_ref().map_or("stream-green", AgentId::as_str);
    let finding = if verified { "verified" } else { "verification-failed" };
    // The same finding of the same agent on the same state is one event, however often it is made; what was
    // recomputed is part of the finding.
    let recomputed = witness.recomputed_digest.to_string();
    let subject = [agent, &request.operation, finding, &recomputed].join(" ");
    let event_id = event_id(document, &subject, &witness.reported_digest, Color::Green);
    let heads = outcome.heads;
    let verified_heads = heads.iter().map(|(dot, (digest, color))| (dot, digest, *color));
    let event = OperationEvent {
        event_id,
        r#type: finding,
        agent_id: agent,
        operation: &request.operation,
        document_id: document,
        vector_clock: witness.recomputed_clock.as_ref(),
        // What it verified, and no verification before it.
        causes: Causes::of(document, heads.len(), verified_heads),
        fingerprint: witness.recomputed_fingerprint,
        color: Color::Green,
        payload_size: 0,
    };
    let event_id = record(&[event]).await?.first().copied().unwrap_or(event_id);
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
