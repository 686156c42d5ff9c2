//! `POST /crdt/cache/drain` does the work that was put off; `GET /crdt/cache/task/{id}` shows what became of it.

use ramanujan_core::{Code, Problem, time};
use ramanujan_shell::{Request, Response, now_millis, ok};
use serde::Serialize;
use serde_json::json;

use super::merge;
use crate::later::{Claim, Deferred, Kind, Task};
use crate::laws;
use crate::memo::tier1;
use crate::store::Database;

/// Tasks that one drain does where the request does not say, and the most that it may ask for.
const DEFAULT_DRAIN: u64 = 100;
const MAX_DRAIN: u64 = 1000;
/// Milliseconds after which a drain begins no further task: far below what a request may last.
const DRAIN_MILLIS: u64 = 2000;

pub(crate) async fn drain(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["max"])?;
    let max = match query.parse("max")? {
        None => DEFAULT_DRAIN,
        Some(max @ 1..=MAX_DRAIN) => max,
        Some(_) => {
            return Err(Problem::new(Code::InvalidParameter, format!("max must be 1 to {MAX_DRAIN}")));
        }
    };
    let database = Database::open()?;
    let began = now_millis();
    database.prune_tasks(began.saturating_sub(tier1::limits()?.ttl))?;
    let (mut processed, mut failed) = (0, 0);
    while processed < max && now_millis().saturating_sub(began) < DRAIN_MILLIS {
        let Some(claim) = database.claim_task(now_millis())? else { break };
        let outcome = run(&database, &claim);
        failed += u64::from(outcome.is_err());
        database.finish_task(&claim, &outcome, now_millis())?;
        processed += 1;
    }
    let elapsed = now_millis().saturating_sub(began);
    let remaining = database.tasks_waiting()?;
    ok(&json!({"processed": processed, "failed": failed, "remaining": remaining, "elapsed_ms": elapsed}))
}

/// What the task's request would have answered.
fn run(database: &Database, claim: &Claim) -> Result<String, Problem> {
    let body = match claim.kind {
        Kind::Snapshot => {
            let log_position = database.refresh_snapshot(&claim.subject)?;
            return Ok(json!({"document_id": claim.subject, "log_position": log_position}).to_string());
        }
        Kind::Merge => merge::perform(&Deferred::of_task(claim)?)?,
        Kind::Verify => laws::verify(Deferred::of_task(claim)?.body.get().as_bytes())?,
    };
    String::from_utf8(body).map_err(|error| Problem::new(Code::Encoding, error.to_string()))
}

/// A task and its times.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct TaskReply {
    #[serde(flatten)]
    task: Task,
    /// When it was queued, RFC 3339.
    created: String,
    /// When it was last taken.
    started: Option<String>,
    /// When it ended.
    completed: Option<String>,
}

pub(crate) async fn task(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let id: u64 = request.parse_param("id")?;
    let Some(task) = Database::open()?.task(id)? else {
        let detail = format!("no task {id}: it never was, or it ended too long ago");
        return Err(Problem::new(Code::NoSuchTask, detail));
    };
    ok(&TaskReply {
        created: time::format_rfc3339(task.created),
        started: task.started.map(time::format_rfc3339),
        completed: task.completed.map(time::format_rfc3339),
        task,
    })
}
