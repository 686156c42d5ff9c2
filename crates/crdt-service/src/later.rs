//! Work for later: what it is, and what is told of it.

use std::fmt;

use ramanujan_core::{Code, Problem, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "TaskKind"))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The subject is a document.
    Snapshot,
    /// The payload is the body of `POST /crdt/merge`, the subject its digest.
    Merge,
    /// The payload is the body of `POST /crdt/verify`, the subject its digest.
    Verify,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Snapshot, Kind::Merge, Kind::Verify];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Snapshot => "snapshot",
            Kind::Merge => "merge",
            Kind::Verify => "verify",
        }
    }

    /// Where it stands in the queue; lower is sooner. Somebody asks for merges, nobody for snapshots.
    pub(crate) fn priority(self) -> i64 {
        match self {
            Kind::Merge => 10,
            Kind::Verify => 20,
            Kind::Snapshot => 30,
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request's work as the queue keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Deferred {
    /// Whether the encoded state is wanted too.
    pub(crate) encoded: bool,
    pub(crate) body: Box<RawValue>,
}

impl Deferred {
    /// The work that a request with this body asks for. Whether it can be done shows when it is.
    ///
    /// # Errors
    /// 400 if the body is not JSON, 422 if it is not an object.
    pub(crate) fn of(body: &[u8], encoded: bool) -> Result<Self, Problem> {
        let body: Box<RawValue> = json::from_slice(body)?;
        if !body.get().starts_with('{') {
            return Err(Problem::new(Code::InvalidJson, "an object is wanted"));
        }
        Ok(Deferred { encoded, body })
    }

    /// The work of a task.
    ///
    /// # Errors
    /// 500 `store-corrupt`.
    pub(crate) fn of_task(claim: &Claim) -> Result<Self, Problem> {
        serde_json::from_str(&claim.payload)
            .map_err(|_| Problem::new(Code::StoreCorrupt, "a queued task has a bad payload"))
    }
}

/// A task that is ours to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) task_id: u64,
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    pub(crate) payload: String,
    /// Tells this claim from a later one of the same task.
    pub(crate) attempt: u64,
}

/// A task as `GET /crdt/cache/task/{id}` shows it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Task {
    /// Its number.
    pub(crate) task_id: u64,
    pub(crate) kind: Kind,
    /// Place in the queue; lower is sooner.
    pub(crate) priority: i64,
    /// The document, or the digest of the request.
    pub(crate) subject: String,
    /// How far it is.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["pending", "in_progress", "completed", "failed"])))]
    pub(crate) state: String,
    /// How often it was taken.
    pub(crate) attempts: u64,
    /// Unix milliseconds, as are the next two.
    #[serde(skip)]
    pub(crate) created: u64,
    #[serde(skip)]
    pub(crate) started: Option<u64>,
    #[serde(skip)]
    pub(crate) completed: Option<u64>,
    /// What the request would have answered; null before, and after a failure.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(
            with = "Option<serde_json::Value>",
            extend("anyOf" = [{"$ref": "#/components/schemas/TaskResult"}, {"type": "null"}])
        )
    )]
    pub(crate) result: Option<Box<RawValue>>,
    /// The problem document that it would have answered instead; else null.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(
            with = "Option<serde_json::Value>",
            extend("anyOf" = [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}])
        )
    )]
    pub(crate) error: Option<Box<RawValue>>,
}
