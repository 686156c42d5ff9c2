//! The two components that a stream cannot do without: crdt-service, which keeps the documents, and
//! interaction-timeline, which keeps the history.

use http::Method;
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::fetch::both;
use ramanujan_shell::history::{self, TIMELINE};
use ramanujan_shell::{Request, call_json};
use ramanujan_timeline::operation::OperationEvent;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Component that keeps the documents.
pub(super) const CRDT_SERVICE: &str = "crdt-service";

/// A reply of which only its success matters.
#[derive(Deserialize)]
struct Ignored {}

/// Appends events and gives the ids that they have on the timeline: their own, but of an event whose id somebody else has
/// taken, who could work it out as well, another.
///
/// # Errors
/// The timeline's problem, or 502 if it did not answer. What the events tell of has happened by then.
pub(super) async fn record(events: &[OperationEvent<'_>]) -> Result<Vec<Digest>, Problem> {
    let ids = history::append(events).await?;
    if ids.len() != events.len() {
        let detail = "interaction-timeline answered another number of events; send the request again";
        return Err(Problem::new(Code::ComponentReply, detail));
    }
    Ok(ids)
}

/// The members of a stream's health reply: it has no store, so it is as well as what stands behind it.
pub(crate) async fn health(_: Request) -> Result<Map<String, Value>, Problem> {
    let ask = async |component: &'static str, path: &str| {
        let reply = call_json::<Ignored>(component, Method::GET, path, None::<&()>).await;
        (component, reply.err())
    };
    let (documents, history) =
        both(ask(CRDT_SERVICE, "/crdt/health"), ask(TIMELINE, "/timeline/health")).await;
    let mut components = Map::new();
    let mut failing = Vec::new();
    let mut reasons = Vec::new();
    for (component, problem) in [documents, history] {
        match problem {
            None => {
                components.insert(component.to_owned(), "ok".into());
            }
            Some(problem) => {
                failing.push(component);
                reasons.push(format!("{component}: {}", problem.detail));
            }
        }
    }
    if failing.is_empty() {
        let mut members = Map::new();
        members.insert("components".into(), components.into());
        return Ok(members);
    }
    Err(Problem::new(Code::Unhealthy, reasons.join("; ")).with("failing", failing))
}
