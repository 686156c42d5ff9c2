//! Joining a stored document with a state from outside. What the document has is looked up, not read through: only a
//! text needs its history, page by page.

use std::collections::HashMap;

use ramanujan_core::{Code, Digest, Dot, Polarity, Problem, VectorClock};
use ramanujan_crdt::text::StoredShape;
use ramanujan_crdt::{CrdtType, Op, TextDocument};
use ramanujan_shell::{Store, Value};

use super::join::{Form, Operand, polarity};
use super::replay::{Entry, Replay, Target, dot_conflict, union};
use super::reply::render_replay;
use crate::document::counter;
use crate::materialise::{Content, corrupt, materialise};
use crate::memo;
use crate::row::{GRAPH_COLUMNS, select_graph};
use crate::version::Version;

/// Rows read at a time: bounds the memory of one result to a few MiB.
const PAGE: u64 = 8192;
/// Deltas looked up at a time.
const LOOK_UP: usize = 1024;

/// The reply's members that tell of `document` at `version` joined with `remote`.
///
/// # Errors
/// 409 if the two hold different deltas under one dot; 422 if the remote deltas do not fit; 503 if the store does not
/// answer.
pub(crate) fn join(
    store: &Store,
    document: &str,
    version: &Version,
    remote: Operand,
    encoded: bool,
) -> Result<(Vec<u8>, Polarity), Problem> {
    let crdt_type = version.crdt_type();
    let own = |form| Operand { crdt_type, form };
    match remote.form {
        form @ (Form::Deltas(_) | Form::Text(_)) => {
            let deltas = union(Vec::new(), form.into_deltas()?)?;
            let (new, known) = unknown_to(store, document, version, deltas)?;
            let polarity = polarity(new.iter().map(|entry| &entry.delta));
            let target = match crdt_type {
                CrdtType::Text => Target::Text(text(store, document, version)?.into()),
                _ => Target::State(content(store, document, version)?),
            };
            let (digest, base) = (version.state.clone(), version.clock.clone());
            let mut replay = Replay { target, digest, base, known };
            replay.add(&new)?;
            render_replay(replay, crdt_type, polarity, encoded)
        }
        Form::Totals(totals) => {
            own(Form::Totals(counter(&version.newest))).join(own(Form::Totals(totals)))?.render(encoded)
        }
        Form::State(remote) => own(Form::State(content(store, document, version)?))
            .join(own(Form::State(remote)))?
            .render(encoded),
    }
}

/// The deltas that the document lacks, and the versions after those of their parents that it has.
fn unknown_to(
    store: &Store,
    document: &str,
    version: &Version,
    deltas: Vec<Entry>,
) -> Result<(Vec<Entry>, HashMap<Dot, VectorClock>), Problem> {
    let held = |dot: &Dot| dot.seq <= version.clock.get(dot.agent.as_str());
    let named = deltas.iter().flat_map(|entry| entry.delta.parents.iter().chain([&entry.delta.dot]));
    let mut dots: Vec<&Dot> = named.filter(|dot| held(dot)).collect();
    dots.sort_unstable();
    dots.dedup();
    let mut digests: HashMap<Dot, Digest> = HashMap::with_capacity(dots.len());
    let mut clocks: HashMap<Dot, VectorClock> = HashMap::with_capacity(dots.len());
    for dots in dots.chunks(LOOK_UP) {
        look_up(store, document, dots, &mut digests, &mut clocks)?;
    }
    let mut new = Vec::new();
    for entry in deltas {
        match digests.get(&entry.delta.dot) {
            None => new.push(entry),
            Some(digest) if *digest == entry.digest => {}
            Some(_) => return Err(dot_conflict(&entry)),
        }
    }
    Ok((new, clocks))
}

fn look_up(
    store: &Store,
    document: &str,
    dots: &[&Dot],
    digests: &mut HashMap<Dot, Digest>,
    clocks: &mut HashMap<Dot, VectorClock>,
) -> Result<(), Problem> {
    let names: Vec<_> = dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)).collect();
    let names = serde_json::to_string(&names).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    // In the order of `dots`, of which each is stored: a document's deltas have no gaps.
    let sql = "SELECT d.digest, d.clock FROM json_each(?2) n CROSS JOIN crdt_deltas d
         ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1 ORDER BY n.key";
    let params: [Value; 2] = [document.into(), names.into()];
    let rows = store.execute(sql, params)?;
    if rows.len() != dots.len() {
        return Err(corrupt(document, "deltas of the version are missing"));
    }
    for (dot, row) in dots.iter().zip(rows) {
        let digest = row.blob(0)?.try_into().map_err(|_| corrupt(document, "a digest is no digest"))?;
        let clock =
            serde_json::from_str(row.text(1)?).map_err(|_| corrupt(document, "a clock is no clock"))?;
        digests.insert((*dot).clone(), Digest(digest));
        clocks.insert((*dot).clone(), clock);
    }
    Ok(())
}

fn content(
    store: &Store,
    document: &str,
    version: &Version,
) -> Result<Box<ramanujan_crdt::types::State>, Problem> {
    match &materialise(store, document, version, memo::base(document))?.content {
        Content::State(state) => Ok(state.clone()),
        Content::Text(_) => Err(corrupt(document, "its deltas are of another type than its newest")),
    }
}

/// All deltas of a text, because what comes from outside may have forked off anywhere.
fn text(store: &Store, document: &str, version: &Version) -> Result<TextDocument, Problem> {
    let sql = format!(
        "SELECT {GRAPH_COLUMNS}, value FROM crdt_deltas
         WHERE document_id = ?1 AND log > ?2 AND log <= ?3 ORDER BY log LIMIT ?4"
    );
    let mut text = TextDocument::new();
    let mut after = 0;
    loop {
        let rows =
            select_graph(store, &sql, [document.into(), after.into(), version.log.into(), PAGE.into()])?;
        let Some(last) = rows.last() else { return Ok(text) };
        after = last.log;
        for row in rows {
            let StoredShape { position, length, .. } = row.shape;
            let op = if row.insert {
                Op::Insert { position, text: row.text }
            } else {
                Op::Delete { position, length }
            };
            text.push(&row.dot, &row.parents, &op).map_err(|error| corrupt(document, error))?;
        }
    }
}
