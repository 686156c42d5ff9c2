//! crdt-service, which keeps the documents, and interaction-timeline, which keeps the history.

use http::Method;
use http::header::CONTENT_TYPE;
use ramanujan_core::{Code, DocumentId, Problem};
use ramanujan_shell::fetch::{call_with, pass_on};
use ramanujan_shell::history;
use ramanujan_shell::{call_json, log, now_millis};
use ramanujan_sync::codec::{decode_answer, encode_question};
use ramanujan_sync::pack::Pack;
use ramanujan_sync::store::{Answer, Question};
use ramanujan_timeline::operation::MAX_NAMED;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::COMPONENT;
use super::link::FRAME;
use crate::sites::ledger::Budget;
use crate::sites::operations::{self, Operation};
use crate::store::due::{self, Due, Kept};

/// Component that keeps the documents.
pub(super) const CRDT_SERVICE: &str = "crdt-service";

/// Most events of a post: the timeline takes a thousand.
const MAX_EVENTS: usize = 500;

/// Rows of events that are taken up at a time.
const MAX_ROWS: u64 = 64;

/// Bytes of packs in a request: half of what crdt-service takes.
const PART_BYTES: usize = 2 << 20;

/// Bytes that a claim takes, roughly.
const HASH_BYTES: usize = 64;

/// How long deltas that were announced and are not there are looked for again, in milliseconds. Past it they were never
/// stored.
const ANNOUNCED_MS: u64 = 60_000;

/// What crdt-service answers a question of the engine.
///
/// # Errors
/// Its problem.
pub(super) async fn answer(question: &Question) -> Result<Answer, Problem> {
    let media_type = [(CONTENT_TYPE.as_str(), FRAME)];
    let body = encode_question(question);
    let reply = call_with(CRDT_SERVICE, Method::POST, "/crdt/answers", &media_type, body).await?;
    if !reply.status().is_success() {
        return Err(pass_on(CRDT_SERVICE, &reply));
    }
    decode_answer(reply.body())
        .map_err(|error| Problem::new(Code::ComponentReply, format!("{CRDT_SERVICE}: {error}")))
}

/// As [`answer`], for the engine: what went wrong goes to the log. `None` if it is still being worked out, for which it is to
/// be asked again: the sums over very many documents are made in parts.
pub(super) async fn try_ask(question: &Question) -> Option<Answer> {
    match answer(question).await {
        Ok(answer) => Some(answer),
        // A problem that is passed on has its code among the other members.
        Err(problem)
            if problem.extra.get("code").is_some_and(|code| *code == Code::TooMuchContention.as_str()) =>
        {
            None
        }
        Err(problem) => {
            log::warn(COMPONENT, &format!("a question of the engine is not answered: {problem}"));
            Some(Answer::Failed)
        }
    }
}

/// As [`try_ask`], where nobody asks again.
async fn ask(question: &Question) -> Answer {
    try_ask(question).await.unwrap_or(Answer::Failed)
}

/// Has deltas stored, and tells the timeline of them. What is to be told is written down before.
pub(super) async fn append(question: &Question) -> Answer {
    let Question::Append(packs) = question else { return Answer::Failed };
    let announced = packs.iter().filter_map(|pack| {
        let deltas = pack.open().ok()?;
        let dots = deltas.into_iter().map(|delta| delta.dot);
        Some(Due::Operations(operations::Due::of(pack.document.clone(), dots)))
    });
    let announced = match due::insert(announced.collect()) {
        Ok(announced) => announced,
        Err(problem) => {
            log::problem(COMPONENT, &problem);
            return Answer::Failed;
        }
    };
    let answer = append_in_parts(packs).await;
    if matches!(answer, Answer::Appended(_)) {
        tell(&announced).await;
    }
    answer
}

/// As many packs in a request as crdt-service takes bytes.
async fn append_in_parts(packs: &[Pack]) -> Answer {
    let (mut refusals, mut rest) = (Vec::with_capacity(packs.len()), packs);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |pack: &&Pack| {
            bytes += pack.deltas.0.len() + HASH_BYTES * pack.claims.len();
            bytes <= PART_BYTES
        };
        // One at least: it is no larger than what its operations were written in.
        let count = rest.iter().take_while(fits).count().max(1);
        let (part, others) = rest.split_at(count);
        match ask(&Question::Append(part.to_vec())).await {
            Answer::Appended(more) => refusals.extend(more),
            other => return other,
        }
        rest = others;
    }
    Answer::Appended(refusals)
}

/// Tells the timeline; what it did not take stays written down. Gives how many rows are done.
pub(super) async fn tell(rows: &[Kept]) -> usize {
    match try_to_tell(rows).await {
        Ok(done) => done,
        Err(problem) => {
            log::warn(COMPONENT, &format!("events are not on the timeline yet: {problem}"));
            0
        }
    }
}

async fn try_to_tell(rows: &[Kept]) -> Result<usize, Problem> {
    let (mut events, mut done) = (Events::default(), Vec::new());
    for row in rows {
        match &row.due {
            Due::Event(event) => {
                events.add(event).await?;
                done.push(row.id);
            }
            Due::Operations(due) => {
                let left = collect(due, &mut events).await?;
                if left.ranges.is_empty() || now_millis().saturating_sub(row.since) > ANNOUNCED_MS {
                    done.push(row.id);
                }
            }
        }
    }
    events.post().await?;
    due::delete(&done)?;
    Ok(done.len())
}

/// Events on their way: as many at a time as a post may have, so that a long history is never in memory as a whole.
#[derive(Default)]
struct Events(Vec<Box<RawValue>>);

impl Events {
    async fn add(&mut self, event: &impl Serialize) -> Result<(), Problem> {
        self.0.push(to_raw_value(event)?);
        if self.0.len() < MAX_EVENTS { Ok(()) } else { self.post().await }
    }

    async fn post(&mut self) -> Result<(), Problem> {
        history::append(&std::mem::take(&mut self.0)).await.map(|_| ())
    }
}

#[derive(Serialize)]
struct OperationsRequest<'a> {
    document_id: &'a DocumentId,
    ranges: &'a [ramanujan_sync::range::Range],
}

#[derive(Deserialize)]
struct Operations {
    results: Vec<Operation>,
    more: bool,
}

/// Adds the events of stored operations; gives what is not stored.
async fn collect(due: &operations::Due, events: &mut Events) -> Result<operations::Due, Problem> {
    let path = format!("/crdt/operations?causes={MAX_NAMED}");
    let mut left = due.clone();
    loop {
        let body = OperationsRequest { document_id: &left.document_id, ranges: &left.ranges };
        let found: Operations = call_json(CRDT_SERVICE, Method::POST, &path, Some(&body)).await?;
        for operation in &found.results {
            let event = operation.event(left.document_id.as_str()).ok_or_else(|| {
                Problem::new(Code::ComponentReply, "crdt-service does not say what an operation came after")
            })?;
            events.add(&event).await?;
        }
        let before = left;
        left = before.without(&found.results);
        if !found.more || left.ranges.is_empty() || found.results.is_empty() {
            return Ok(left);
        }
    }
}

/// Tells what was left over by calls that were cut off, as long as there is time. Gives how many rows are done.
pub(super) async fn drain(budget: &Budget) -> Result<usize, Problem> {
    let mut all = 0;
    loop {
        let rows = due::oldest(MAX_ROWS)?;
        let done = if rows.is_empty() { 0 } else { tell(&rows).await };
        all += done;
        if done == 0 || budget.is_over() || (rows.len() as u64) < MAX_ROWS {
            return Ok(all);
        }
    }
}
