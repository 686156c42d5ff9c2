//! The two components that a stream cannot do without: crdt-service, which keeps the documents, and
//! interaction-timeline, which keeps the history.

use http::Method;
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::fetch::{both, call, read_reply};
use ramanujan_shell::service::DEFAULT_MAX_BODY_BYTES;
use ramanujan_shell::{Request, call_json};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::event::Event;

/// Component that keeps the documents.
pub(super) const CRDT_SERVICE: &str = "crdt-service";
/// Component that keeps the history.
const TIMELINE: &str = "interaction-timeline";

/// A reply of which only its success matters.
#[derive(Deserialize)]
struct Ignored {}

/// What the timeline says of a post.
#[derive(Deserialize)]
struct Posted {
    events: Vec<Appended>,
}

#[derive(Deserialize)]
struct Appended {
    event_id: Digest,
}

/// Appends events, in one post as a rule: those of a batch with thousands of parents and clocks may be too many bytes for
/// the timeline's limit on a body, and go in several. Gives the ids that they have there: their own, but of an event whose
/// id somebody else has taken, who could work it out as well, another.
///
/// # Errors
/// The timeline's problem, or 502 if it did not answer. What the events tell of has happened by then.
pub(super) async fn record(events: &[Event<'_>]) -> Result<Vec<Digest>, Problem> {
    let mut body = Vec::new();
    let mut ids = Vec::with_capacity(events.len());
    for event in events {
        let event = serde_json::to_vec(event)?;
        // With the brackets.
        if !body.is_empty() && body.len() + event.len() + 2 > DEFAULT_MAX_BODY_BYTES {
            append(std::mem::take(&mut body), &mut ids).await?;
        }
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend(event);
    }
    append(body, &mut ids).await?;
    if ids.len() != events.len() {
        let detail = "interaction-timeline answered another number of events; send the request again";
        return Err(Problem::new(Code::ComponentReply, detail));
    }
    Ok(ids)
}

/// Posts a list of events that lacks its last bracket.
async fn append(mut body: Vec<u8>, ids: &mut Vec<Digest>) -> Result<(), Problem> {
    body.push(b']');
    let reply = call(TIMELINE, Method::POST, "/timeline/events?if_taken=derive", body).await?;
    let posted: Posted = read_reply(TIMELINE, &reply)?;
    ids.extend(posted.events.into_iter().map(|event| event.event_id));
    Ok(())
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
