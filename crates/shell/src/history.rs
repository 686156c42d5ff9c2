//! The network's history, which interaction-timeline keeps: how every other component appends to it.

use http::{Method, StatusCode};
use ramanujan_core::{Code, Digest, Problem};
use serde::{Deserialize, Serialize};

use crate::fetch::{call, call_json, read_reply};
use crate::service::DEFAULT_MAX_BODY_BYTES;

/// Component that keeps the history.
pub const TIMELINE: &str = "interaction-timeline";

/// Where events go. Their ids follow from what they tell of, so a stranger can work one out and take it first: the event has
/// another then.
const APPEND: &str = "/timeline/events?if_taken=derive";

/// What the timeline says of a post. The ids matter to whoever refers to them.
#[derive(Deserialize)]
struct Posted {
    #[serde(default)]
    events: Vec<Appended>,
}

#[derive(Deserialize)]
struct Appended {
    event_id: Digest,
}

/// A reply of which only its success matters.
#[derive(Deserialize)]
struct Ignored {}

/// Appends events, in one post as a rule: those that would be too many bytes for the timeline's limit on a body go in
/// several. Gives the ids that they have there, in order.
///
/// # Errors
/// The timeline's problem, whose `index` counts all of `events`, or 502 if it did not answer. Events before a refused post
/// may be there by then; posting them again changes nothing.
pub async fn append<E: Serialize>(events: &[E]) -> Result<Vec<Digest>, Problem> {
    let mut ids = Vec::with_capacity(events.len());
    let (mut body, mut first) = (Vec::new(), 0);
    for (index, event) in events.iter().enumerate() {
        let event = serde_json::to_vec(event)?;
        // With the brackets.
        if !body.is_empty() && body.len() + event.len() + 2 > DEFAULT_MAX_BODY_BYTES {
            post(std::mem::take(&mut body), first, &mut ids).await?;
            first = index;
        }
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend(event);
    }
    if !body.is_empty() {
        post(body, first, &mut ids).await?;
    }
    Ok(ids)
}

/// Posts a list of events that lacks its last bracket and begins with the one of index `first`. What they tell of has
/// happened already, so a timeline whose store refuses for a moment is asked a second time before that is anybody's trouble.
async fn post(mut body: Vec<u8>, first: usize, ids: &mut Vec<Digest>) -> Result<(), Problem> {
    body.push(b']');
    let mut reply = call(TIMELINE, Method::POST, APPEND, body.clone()).await?;
    if reply.status() == StatusCode::SERVICE_UNAVAILABLE {
        crate::log::warn(TIMELINE, "the history refused events for now; they are posted once more");
        reply = call(TIMELINE, Method::POST, APPEND, body).await?;
    }
    let posted: Posted = read_reply(TIMELINE, &reply).map_err(|problem| counted_from(first, problem))?;
    ids.extend(posted.events.into_iter().map(|event| event.event_id));
    Ok(())
}

fn counted_from(first: usize, problem: Problem) -> Problem {
    match problem.extra.get("index").and_then(serde_json::Value::as_u64) {
        Some(index) => problem.with("index", index + first as u64),
        None => problem,
    }
}

/// Asks the timeline whether it can do its work.
///
/// # Errors
/// 503 `unhealthy` naming it, whatever ails it: a wrong setting of its is none of the asking component's.
pub async fn check() -> Result<(), Problem> {
    let reply = call_json::<Ignored>(TIMELINE, Method::GET, "/timeline/health", None::<&()>).await;
    reply.map(|_| ()).map_err(|problem| {
        let detail = format!("{TIMELINE}: {}", problem.detail);
        Problem::new(Code::Unhealthy, detail).with("failing", vec![TIMELINE])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_event_is_named_by_its_place_among_all() {
        let refused = |index: Option<u64>| {
            let problem = Problem::new(Code::InvalidEvent, "no");
            index.map_or(problem.clone(), |index| problem.with("index", index))
        };
        assert_eq!(counted_from(7, refused(Some(2))).extra["index"], 9);
        assert!(counted_from(7, refused(None)).extra.get("index").is_none());
    }
}
