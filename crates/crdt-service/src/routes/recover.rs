//! `POST /crdt/{document}/recover`: takes a deletion back, shows an earlier version, or brings it back.
//!
//! Bringing back appends operations that lead from what is shown now to what was shown then. Nothing is undone in the
//! log: the way there and back stays visible, and concurrent writers merge with it as with any other edit.

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, Problem, VectorClock};
use ramanujan_crdt::types::value_digest;
use ramanujan_crdt::{Delta, Json, Op};
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};

use crate::apply::operation::Operation;
use crate::freeze::Freeze;
use crate::store::Database;
use crate::version::{At, AtMember, Version};

/// How often bringing back begins anew because somebody wrote meanwhile under the same agent.
const MAX_ROUNDS: usize = 20;

/// What is to be shown or brought back.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoverRequest {
    /// A freeze of the document. Neither this nor `at`: the newest freeze, or the current version of a deleted document.
    snapshot_id: Option<Digest>,
    /// A version, in place of `snapshot_id`.
    at: Option<AtMember>,
    /// Whether to bring the version back, not only show it.
    #[serde(default)]
    restore: bool,
    /// In whose name; needed with `restore`.
    agent_id: Option<AgentId>,
}

/// The version that was asked for.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Recovered {
    document_id: DocumentId,
    /// The document was deleted and is not any more.
    undeleted: bool,
    /// The freeze that names the version, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "snapshot")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Freeze"))]
    freeze: Option<Freeze>,
    /// The operations that no other of the version has seen.
    heads: Vec<Dot>,
    /// The version vector, while that has 64 entries at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "VectorClock"))]
    vector_clock: Option<VectorClock>,
    /// SHA-256 of the canonical state.
    digest: Digest,
    /// Log position of the version's newest delta.
    log_position: u64,
    /// What the document showed.
    value: Json,
    /// SHA-256 of the value.
    value_digest: Digest,
    /// The operations that brought the value back; empty without `restore`.
    operation_ids: Vec<Dot>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let document: DocumentId = request.parse_param("document")?;
    let wanted: RecoverRequest =
        if request.body.is_empty() { RecoverRequest::default() } else { request.json()? };
    let invalid = |detail: &str| Problem::new(Code::InvalidRecover, detail);
    if wanted.snapshot_id.is_some() && wanted.at.is_some() {
        return Err(invalid("snapshot_id and at both name a version: give one"));
    }
    if wanted.restore && wanted.agent_id.is_none() {
        return Err(invalid("restore needs agent_id: the operations are made in its name"));
    }
    let database = Database::open()?;
    let current = database.version(&document, &At::Now)?;
    let was_deleted = database.deleted_since(&document)?.is_some();
    let (version, freeze) = match (&wanted.snapshot_id, wanted.at) {
        (Some(id), _) => {
            let freeze = database.freeze_of(&document, id)?.ok_or_else(|| {
                Problem::new(Code::NoSuchSnapshot, format!("{document} has no snapshot {id}"))
            })?;
            frozen(&database, &document, freeze)?
        }
        (None, Some(at)) => (database.version(&document, &At::of_member(at)?)?, None),
        (None, None) => match database.newest_freeze(&document)? {
            Some(freeze) if !was_deleted => frozen(&database, &document, freeze)?,
            _ if was_deleted => (current, None),
            _ => {
                let detail = format!("{document} is not deleted and has no snapshot: give snapshot_id or at");
                return Err(invalid(&detail));
            }
        },
    };
    let show = || database.value_at(document.as_str(), &version, None);
    let (mut value, _) = show()?;
    let undeleted = was_deleted && database.mark_deleted(&document, false)?;
    let mut operation_ids = Vec::new();
    if let (Some(agent), true) = (&wanted.agent_id, wanted.restore) {
        // It is made again: beside all that a restore has in memory there may be no room for it.
        drop(value);
        operation_ids = restore(&database, &document, agent, &version)?;
        (value, _) = show()?;
    }
    ok(&Recovered {
        undeleted,
        freeze,
        digest: version.digest,
        log_position: version.log,
        value_digest: value_digest(version.crdt_type, &value),
        heads: version.heads(),
        vector_clock: version.small_clock(),
        document_id: document,
        value,
        operation_ids,
    })
}

/// The version of a freeze, checked against what the freeze commits to.
fn frozen(
    database: &Database,
    document: &DocumentId,
    freeze: Freeze,
) -> Result<(Version, Option<Freeze>), Problem> {
    // A freeze of an earlier revision has no heads if its deltas are not those that it was made of.
    let at = match (&freeze.heads, &freeze.vector_clock) {
        (Some(heads), _) => At::Heads(heads.clone()),
        (None, Some(clock)) => At::Clock(clock.clone()),
        (None, None) => At::Heads(Vec::new()),
    };
    let version = database.version(document, &at)?;
    if version.digest != freeze.digest {
        let detail =
            format!("the deltas of {document} are not those that {} was made of", freeze.snapshot_id);
        return Err(Problem::new(Code::StoreCorrupt, detail));
    }
    Ok((version, Some(freeze)))
}

/// Appends what leads from the current version to what `wanted` shows.
fn restore(
    database: &Database,
    document: &DocumentId,
    agent: &AgentId,
    wanted: &Version,
) -> Result<Vec<Dot>, Problem> {
    for _ in 0..MAX_ROUNDS {
        // Before the heads: what the agent writes meanwhile has this number.
        let mut seq = database.last_seq(document.as_str(), agent)?;
        let version = database.version(document, &At::Now)?;
        let ops = database.way_back(document.as_str(), &version, wanted, agent)?;
        if !ops.iter().all(Op::is_within_limits) {
            let detail = "the value is nested too deeply, or too far away, for an operation to lead to it";
            return Err(Problem::new(Code::InvalidOperation, detail));
        }
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        let mut parents = version.heads();
        let mut operations = Vec::with_capacity(ops.len());
        for op in ops {
            seq += 1;
            let dot = Dot::new(agent.clone(), seq);
            let parents = std::mem::replace(&mut parents, vec![dot.clone()]);
            operations.push(Operation::of_delta(document.clone(), Delta { dot, parents, op }));
        }
        match database.apply_back(&operations) {
            Ok(done) => return Ok(done.iter().map(|accepted| accepted.record.dot().clone()).collect()),
            // Another request in the same name took the number.
            Err((_, problem)) if problem.code == Code::DotConflict => {}
            // Whatever the document holds, it takes what goes back; but not beside what somebody else has added.
            Err((_, problem))
                if problem.code == Code::DocumentTooLarge
                    && database.version(document, &At::Now)?.digest != version.digest => {}
            Err((_, problem)) => return Err(problem),
        }
    }
    Err(Problem::new(Code::TooMuchContention, "the agent wrote elsewhere every time: try again"))
}
