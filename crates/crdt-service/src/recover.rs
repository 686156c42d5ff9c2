//! `POST /crdt/{document}/recover`: takes a deletion back, shows an earlier version, or brings it back.
//!
//! Bringing back appends operations that lead from the current value to the earlier one. Nothing is undone in the
//! log: the way there and back stays visible, and concurrent writers merge with it as with any other edit.

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, Problem, VectorClock};
use ramanujan_crdt::request::PathStep;
use ramanujan_crdt::value::value_digest;
use ramanujan_crdt::wire::OperationRequest;
use ramanujan_crdt::{CrdtType, Json};
use ramanujan_shell::{Request, Response, Store, ok};
use serde::{Deserialize, Serialize};

use crate::document::value_at;
use crate::freeze::{self, Snapshot};
use crate::row::SCHEMA;
use crate::version::{At, Version, find};
use crate::{apply, deleted};

/// How often bringing back begins anew because somebody wrote meanwhile under the same agent.
const MAX_ROUNDS: usize = 20;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecoverRequest {
    snapshot_id: Option<Digest>,
    /// As `?at=` takes it.
    at: Option<String>,
    /// Whether to bring the version back, not only show it.
    #[serde(default)]
    restore: bool,
    /// In whose name, with `restore`.
    agent_id: Option<AgentId>,
}

#[derive(Serialize)]
struct Recovered {
    document_id: DocumentId,
    /// The document was deleted and is not any more.
    undeleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<Snapshot>,
    vector_clock: VectorClock,
    digest: Digest,
    log_position: u64,
    value: Json,
    value_digest: Digest,
    /// The operations that brought the value back.
    operation_ids: Vec<Dot>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
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
    let store = Store::open(SCHEMA)?;
    let current = find(&store, &document, &At::Now)?;
    let was_deleted = deleted::since(&store, &document)?.is_some();
    let (version, snapshot) = match (&wanted.snapshot_id, &wanted.at) {
        (Some(id), _) => {
            let snapshot = freeze::by_id(&store, &document, id)?.ok_or_else(|| {
                Problem::new(Code::NoSuchSnapshot, format!("{document} has no snapshot {id}"))
            })?;
            frozen(&store, &document, snapshot)?
        }
        (None, Some(at)) => {
            let at: At = at.parse().map_err(|e| Problem::new(Code::InvalidParameter, format!("at: {e}")))?;
            (find(&store, &document, &at)?, None)
        }
        (None, None) => match freeze::newest(&store, &document)? {
            Some(snapshot) if !was_deleted => frozen(&store, &document, snapshot)?,
            _ if was_deleted => (current, None),
            _ => {
                let detail = format!("{document} is not deleted and has no snapshot: give snapshot_id or at");
                return Err(invalid(&detail));
            }
        },
    };
    let (value, _) = value_at(&store, document.as_str(), &version, None)?;
    let undeleted = was_deleted && deleted::mark(&store, &document, false)?;
    let operation_ids = match (&wanted.agent_id, wanted.restore) {
        (Some(agent), true) => restore(&store, &document, agent, &value)?,
        _ => Vec::new(),
    };
    ok(&Recovered {
        undeleted,
        snapshot,
        digest: version.digest,
        log_position: version.log,
        value_digest: value_digest(version.crdt_type(), &value),
        vector_clock: version.clock,
        document_id: document,
        value,
        operation_ids,
    })
}

/// The version of a snapshot, checked against what the snapshot commits to.
fn frozen(
    store: &Store,
    document: &DocumentId,
    snapshot: Snapshot,
) -> Result<(Version, Option<Snapshot>), Problem> {
    let version = find(store, document, &At::Clock(snapshot.vector_clock.clone()))?;
    if version.digest != snapshot.digest {
        let detail =
            format!("the deltas of {document} are not those that {} was made of", snapshot.snapshot_id);
        return Err(Problem::new(Code::StoreCorrupt, detail));
    }
    Ok((version, Some(snapshot)))
}

/// Appends what leads from the current value to `value`.
fn restore(store: &Store, document: &DocumentId, agent: &AgentId, value: &Json) -> Result<Vec<Dot>, Problem> {
    for _ in 0..MAX_ROUNDS {
        let version = find(store, document, &At::Now)?;
        let (current, _) = value_at(store, document.as_str(), &version, None)?;
        let mut operations = difference(version.crdt_type(), &current, value)?;
        let mut seq = version.clock.get(agent.as_str());
        let mut parents = version.heads;
        for operation in &mut operations {
            seq += 1;
            operation.document_id = document.clone();
            operation.agent_id = agent.clone();
            operation.seq = Some(seq);
            operation.crdt_type = Some(version.newest.last().map_or(CrdtType::Text, |row| row.crdt_type));
            operation.parents = Some(std::mem::replace(&mut parents, vec![Dot::new(agent.clone(), seq)]));
        }
        if operations.is_empty() {
            return Ok(Vec::new());
        }
        match apply::apply(&operations, None) {
            Ok(done) => return Ok(done.into_iter().map(|checked| checked.delta.dot).collect()),
            // Another request in the same name took the number.
            Err((_, problem)) if problem.code == Code::DotConflict => {}
            Err((_, problem)) => return Err(problem),
        }
    }
    Err(Problem::new(Code::TooMuchContention, "the agent wrote elsewhere every time: try again"))
}

fn operation(name: &str) -> Result<OperationRequest, Problem> {
    let placeholder = serde_json::json!({"operation": name, "document_id": "x"});
    serde_json::from_value(placeholder).map_err(|e| Problem::new(Code::Encoding, e.to_string()))
}

/// The operations that lead from one value to the other.
fn difference(crdt_type: CrdtType, from: &Json, to: &Json) -> Result<Vec<OperationRequest>, Problem> {
    let with = |name: &str, value: Json| Ok(OperationRequest { value: Some(value), ..operation(name)? });
    let cannot = |why: &str| Err(Problem::new(Code::CannotRestore, why));
    if from == to {
        return Ok(Vec::new());
    }
    match (crdt_type, from, to) {
        (CrdtType::Text, Json::Text(from), Json::Text(to)) => text_difference(from, to),
        (CrdtType::PnCounter | CrdtType::GCounter, Json::Int(from), Json::Int(to)) => {
            let name = if to > from { "increment" } else { "decrement" };
            if crdt_type == CrdtType::GCounter && to < from {
                return cannot("a g-counter only grows");
            }
            Ok(vec![with(name, Json::Int((to - from).abs()))?])
        }
        (CrdtType::OrSet, Json::List(from), Json::List(to)) => {
            let gone = from.iter().filter(|e| !to.contains(e)).map(|e| with("remove", e.clone()));
            let back = to.iter().filter(|e| !from.contains(e)).map(|e| with("add", e.clone()));
            gone.chain(back).collect()
        }
        (CrdtType::LwwRegister, _, to) => Ok(vec![with("set", to.clone())?]),
        (CrdtType::MvRegister, _, Json::List(values)) => match values.as_slice() {
            [one] => Ok(vec![with("set", one.clone())?]),
            _ => cannot("the register held several values, which no single agent can write"),
        },
        (CrdtType::TapState, _, to) => Ok(vec![with("transition", to.clone())?]),
        (CrdtType::Json, _, to) => {
            let root: Vec<PathStep> = Vec::new();
            Ok(vec![OperationRequest { path: Some(root), ..with("set", to.clone())? }])
        }
        _ => cannot("the two versions have values of different kinds"),
    }
}

/// Deletes and inserts what lies between the common beginning and the common end.
fn text_difference(from: &str, to: &str) -> Result<Vec<OperationRequest>, Problem> {
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let prefix = from.iter().copied().zip(to.iter().copied()).take_while(same).count();
    let rest = from.len().min(to.len()) - prefix;
    let suffix = from.iter().rev().copied().zip(to.iter().rev().copied()).take(rest).take_while(same).count();
    let position = Some(prefix as u64);
    let mut operations = Vec::new();
    let gone = from.len() - prefix - suffix;
    if gone > 0 {
        operations.push(OperationRequest { position, length: Some(gone as u64), ..operation("delete")? });
    }
    let back: String = to[prefix..to.len() - suffix].iter().collect();
    if !back.is_empty() {
        operations.push(OperationRequest { position, value: Some(Json::Text(back)), ..operation("insert")? });
    }
    Ok(operations)
}
