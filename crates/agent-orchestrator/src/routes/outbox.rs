//! Sending what the timeline is owed.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{history, log};
use serde_json::Value as Json;

use crate::store::Database;

/// Most calls per request. What a long absence of the timeline has left over goes with the next requests.
const MAX_BATCHES: usize = 20;

/// Sends what the timeline is owed.
///
/// # Errors
/// The timeline's problem or 502 `component-unreachable`, saying that the effect is stored and the request may be
/// repeated; 503 `store-unavailable`.
pub(super) async fn flush(database: &Database) -> Result<(), Problem> {
    for _ in 0..MAX_BATCHES {
        let owed = database.owed()?;
        if owed.is_empty() {
            return Ok(());
        }
        let (ids, events): (Vec<u64>, Vec<Json>) = owed.into_iter().unzip();
        match history::append(&events).await {
            Ok(_) => database.paid(&ids)?,
            Err(problem) => match refused_index(&problem).and_then(|index| ids.get(index)) {
                Some(id) => {
                    log::error("agent-orchestrator", &format!("the timeline refuses an event: {problem}"));
                    database.set_aside(*id, &problem.detail)?;
                }
                None => return Err(still_owed(&problem)),
            },
        }
    }
    Ok(())
}

/// Which event of the batch is at fault, if the timeline says that one is.
fn refused_index(problem: &Problem) -> Option<usize> {
    let of_content = matches!(problem.status, 409 | 413 | 422);
    let index = problem.extra.get("index").and_then(Json::as_u64).filter(|_| of_content)?;
    usize::try_from(index).ok()
}

fn still_owed(problem: &Problem) -> Problem {
    // Whatever ails the timeline, the client's request was right and may be repeated.
    let status = if problem.status == 502 { 502 } else { Code::EventNotRecorded.status() };
    let detail = format!(
        "stored, but the timeline has not recorded it ({}); repeat the request, it takes effect once",
        problem.detail
    );
    Problem::new(Code::EventNotRecorded, detail).at_status(status).with("stored", true)
}
