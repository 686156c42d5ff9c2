//! `POST /timeline/events`: appends one event or many, all or nothing, each once. `GET /timeline/event/{id}`: one event.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_timeline::{Event, EventError, Posted};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::settings::MAX_BATCH;
use crate::shown::shown;
use crate::store::append::{Appended, IfTaken, append};
use crate::store::{self, ids, log, seals};

/// What became of a post; of a single event, its place stands beside the lists.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(transform = ramanujan_timeline::schema::never_null))]
pub(crate) struct Posts {
    /// How many of the events were new.
    appended: usize,
    /// Of a single event: whether it was there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    /// How many were there already, or stand in the post twice.
    duplicates: usize,
    /// Of a single event: its identity, which is another than was posted where that was taken and `if_taken=derive` given.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Digest>,
    /// Where each event is, in the order of the post.
    events: Vec<Appended>,
    /// Of a single event: its place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let if_taken = match request.query().only(&["if_taken"])?.get("if_taken") {
        None | Some("refuse") => IfTaken::Refuse,
        Some("derive") => IfTaken::Derive,
        Some(_) => return Err(Problem::new(Code::InvalidParameter, "if_taken: must be refuse or derive")),
    };
    let (single, events) = read(&request, MAX_BATCH.read()?)?;
    let store = store::open()?;
    let events = append(&store, &events, if_taken, log::now())?;
    if let Some(last) = events.iter().filter(|event| !event.duplicate).map(|event| event.seq).max() {
        seals::keep_up(&store, last, events.len() as u64);
        ids::keep_up(&store, last, events.len() as u64);
    }
    let duplicates = events.iter().filter(|event| event.duplicate).count();
    let one = events.first().filter(|_| single).copied();
    ok(&Posts {
        appended: events.len() - duplicates,
        duplicate: one.map(|event| event.duplicate),
        duplicates,
        event_id: one.map(|event| event.event_id),
        seq: one.map(|event| event.seq),
        events,
    })
}

/// The posted events, checked, and whether there was one outside an array.
fn read(request: &Request, limit: usize) -> Result<(bool, Vec<Event>), Problem> {
    let is_array = request.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if !is_array {
        return Ok((true, vec![check(request.json::<Posted>()?)?]));
    }
    let posted = request.json::<Vec<Posted>>().map_err(|problem| locate(request, problem))?;
    if posted.is_empty() {
        return Err(Problem::new(Code::EmptyBatch, "post at least one event"));
    }
    if posted.len() > limit {
        let detail = format!("{} events in one post, at most {limit}; send them in several", posted.len());
        return Err(Problem::new(Code::BatchTooLarge, detail).with("limit", limit));
    }
    let checked =
        |(index, posted): (usize, Posted)| check(posted).map_err(|problem| problem.with("index", index));
    posted.into_iter().enumerate().map(checked).collect::<Result<_, _>>().map(|events| (false, events))
}

fn check(posted: Posted) -> Result<Event, Problem> {
    posted.check().map_err(|error| {
        let code = match &error {
            EventError::Payload(_) => Code::InvalidJson,
            EventError::Encoding(_) => Code::Encoding,
            _ => Code::InvalidEvent,
        };
        Problem::new(code, error.to_string())
    })
}

/// Adds to a reading problem which event of the array it is about.
fn locate(request: &Request, problem: Problem) -> Problem {
    let Ok(values) = request.json::<Vec<Box<RawValue>>>() else { return problem };
    for (index, value) in values.into_iter().enumerate() {
        if let Err(problem) = ramanujan_core::json::from_slice::<Posted>(value.get().as_bytes()) {
            return problem.with("index", index);
        }
    }
    problem
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let id: Digest = request.parse_param("id")?;
    let store = store::open()?;
    let Some(event) = log::find(&store, &id)? else { return Err(log::gone(&store, &id)?) };
    let mut reply = shown(&event)?;
    reply.insert("leaf_hash", event.leaf_hash())?;
    reply.insert("sealed", event.seq <= seals::sealed_size(&store)?)?;
    ok(&reply)
}
