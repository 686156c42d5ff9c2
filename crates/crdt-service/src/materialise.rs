//! Building a document's state at a version: the newest state at hand below it, and the deltas since.
//!
//! Deltas are taken in log order, page by page, so memory is bounded by a page and the state, not by the history.

use std::rc::Rc;

use ramanujan_core::{Code, Digest, Dot, Polarity, Problem, VectorClock};
use ramanujan_crdt::types::{Event, State};
use ramanujan_crdt::{CrdtType, StateDigest, TextError, TextGraph};
use ramanujan_shell::Store;

use crate::memo::{self, Cached};
use crate::row::{COLUMNS, GRAPH_COLUMNS, GraphRow, Stored, select, select_graph};
use crate::snapshot;
use crate::version::Version;

/// Bytes that an encoded delta takes, roughly: what a read would decode is estimated from the number of deltas.
pub(crate) const DELTA_BYTES: u64 = 40;

/// Rows read at a time: bounds the memory of one result to a few MiB.
const PAGE: u64 = 8192;

/// First number of older deltas looked at for the fork of concurrent ones; it grows fourfold while the fork lies
/// further back.
const FIRST_LOOKBACK: u64 = 64;

/// What a document holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(String),
    State(Box<State>),
}

impl Content {
    pub(crate) fn empty(crdt_type: CrdtType) -> Self {
        State::new(crdt_type)
            .map_or_else(|| Content::Text(String::new()), |state| Content::State(state.into()))
    }
}

/// A document's state at a version that holds every delta up to `log`, or at one named by a clock.
#[derive(Clone, Debug)]
pub(crate) struct Materialised {
    pub(crate) log: u64,
    pub(crate) heads: Vec<Dot>,
    pub(crate) clock: VectorClock,
    pub(crate) content: Content,
    /// Digest of the deltas in it, where it is kept in memory: there it is all that ties a state to the store.
    pub(crate) digest: Option<Digest>,
    /// Deltas taken in since a state was last written down.
    pub(crate) unsaved: u64,
}

impl Materialised {
    fn empty(crdt_type: CrdtType) -> Self {
        Materialised {
            log: 0,
            heads: Vec::new(),
            clock: VectorClock::new(),
            content: Content::empty(crdt_type),
            digest: None,
            unsaved: 0,
        }
    }

    /// Memory that it takes, roughly; of anything but a text as if every delta had left something.
    pub(crate) fn bytes(&self) -> usize {
        let content = match &self.content {
            Content::Text(text) => text.len() as u64,
            Content::State(_) => {
                self.clock.iter().map(|(_, seq)| seq).sum::<u64>().saturating_mul(DELTA_BYTES)
            }
        };
        usize::try_from(content)
            .unwrap_or(usize::MAX)
            .saturating_add(64 * (self.clock.len() + self.heads.len()))
    }

    /// Counts the delta in.
    fn cover(&mut self, log: u64, dot: &Dot, parents: &[Dot]) {
        self.log = log;
        self.heads.retain(|head| !parents.contains(head));
        self.heads.push(dot.clone());
        self.clock.observe(dot.agent.as_str(), dot.seq);
    }
}

/// The state of `document` at `version`; `near` is a state that may be below it, e.g. one kept from an earlier request.
///
/// # Errors
/// 500 `store-corrupt` if the rows do not make a document.
pub(crate) fn materialise(
    store: &Store,
    document: &str,
    version: &Version,
    near: Option<Rc<Materialised>>,
) -> Result<Rc<Materialised>, Problem> {
    let crdt_type = version.crdt_type();
    let digest = version.digest;
    let near = match near.filter(|near| version.builds_on(near)) {
        Some(near) if near.digest == Some(digest) => return Ok(near),
        Some(near)
            if near.digest.is_some()
                && near.digest == digest_at(store, document, crdt_type, &near.clock)? =>
        {
            Some(near)
        }
        _ => None,
    };
    let bound = snapshot::tail_bound()?;
    let stored = match &near {
        // A snapshot could save a few deltas at most.
        Some(near) if version.log - near.log <= bound => None,
        near => {
            let after = near.as_ref().map_or(0, |near| near.log);
            snapshot::newest_below(store, document, crdt_type, version, after)?
        }
    };
    let mut state = match (stored, near) {
        (Some(stored), _) => stored,
        (None, Some(near)) => Rc::unwrap_or_clone(near),
        (None, None) => Materialised::empty(crdt_type),
    };
    loop {
        let from = state.log;
        let read = if crdt_type == CrdtType::Text {
            text_page(store, document, version, &mut state)?
        } else {
            state_page(store, document, version, &mut state)?
        };
        state.unsaved += read;
        if version.prefix && state.unsaved >= bound {
            snapshot::write(store, document, &state)?;
            state.unsaved = 0;
        }
        if read < PAGE || state.log == from {
            break;
        }
    }
    state.heads.sort();
    if state.clock != version.clock {
        return Err(corrupt(document, "deltas of the version are missing"));
    }
    state.digest = version.prefix.then_some(digest);
    let state = Rc::new(state);
    if version.prefix && memo::worth(state.bytes()) {
        let key = memo::Key::of_state(crdt_type, document, &digest);
        memo::put(key, Cached::Document(Rc::clone(&state)), state.bytes(), Polarity::Neutral);
        if memo::base(document).is_none_or(|newest| newest.log <= state.log) {
            memo::set_head(document, key);
        }
    }
    Ok(state)
}

/// Digest of the deltas that a clock names, as they are in the store.
fn digest_at(
    store: &Store,
    document: &str,
    crdt_type: CrdtType,
    clock: &VectorClock,
) -> Result<Option<Digest>, Problem> {
    let clock = serde_json::to_string(clock).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    let sql = "SELECT n.key, n.value, d.chain FROM json_each(?2) n LEFT JOIN crdt_deltas d
        ON d.document_id = ?1 AND d.agent_id = n.key AND d.seq = n.value";
    let mut state = StateDigest::new(crdt_type);
    for row in store.execute(sql, [document.into(), clock.into()])? {
        if row.is_null(2) {
            return Ok(None);
        }
        let chain = row.blob(2)?.try_into().map_err(|_| corrupt(document, "a chain is no digest"))?;
        state.set(row.text(0)?, row.uint(1)?, Digest(chain));
    }
    Ok(Some(state.digest()))
}

pub(crate) fn corrupt(document: &str, what: impl std::fmt::Display) -> Problem {
    Problem::new(Code::StoreCorrupt, format!("{document} cannot be merged: {what}"))
}

/// Applies the next page of deltas; returns how many rows there were.
fn state_page(
    store: &Store,
    document: &str,
    version: &Version,
    state: &mut Materialised,
) -> Result<u64, Problem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM crdt_deltas d
         WHERE d.document_id = ?1 AND d.log > ?2 AND d.log <= ?3 ORDER BY d.log LIMIT ?4"
    );
    let rows = select(store, &sql, [document.into(), state.log.into(), version.log.into(), PAGE.into()])?;
    for row in &rows {
        if row.dot.seq > version.clock.get(row.dot.agent.as_str()) {
            continue;
        }
        let past = row.past();
        let event = Event { dot: &row.dot, past: &past };
        if let Content::State(content) = &mut state.content {
            content.apply(&event, &row.op).map_err(|error| corrupt(document, error))?;
        }
        state.cover(row.log, &row.dot, &row.parents);
    }
    state.log = rows.last().map_or(state.log, |last| last.log);
    Ok(rows.len() as u64)
}

fn text_page(
    store: &Store,
    document: &str,
    version: &Version,
    state: &mut Materialised,
) -> Result<u64, Problem> {
    let sql = format!(
        "SELECT {GRAPH_COLUMNS}, value FROM crdt_deltas
         WHERE document_id = ?1 AND log > ?2 AND log <= ?3 ORDER BY log LIMIT ?4"
    );
    let mut rows =
        select_graph(store, &sql, [document.into(), state.log.into(), version.log.into(), PAGE.into()])?;
    let (read, last) = (rows.len() as u64, rows.last().map_or(state.log, |last| last.log));
    rows.retain(|row| row.dot.seq <= version.clock.get(row.dot.agent.as_str()));
    let base = state.heads.clone();
    let before = state.log;
    for row in &rows {
        state.cover(row.log, &row.dot, &row.parents);
    }
    state.log = last;
    let Content::Text(text) = &mut state.content else {
        return Err(corrupt(document, "its newest delta is of another type than its state"));
    };
    let mut lookback = 0;
    loop {
        let (older, all) = older_rows(store, document, version, &base, before, lookback)?;
        let mut graph = TextGraph::new();
        for row in older.iter().chain(&rows) {
            graph.push_stored(&row.dot, &row.parents, row.insert, row.shape, &row.text);
        }
        match graph.advance(text, &base, &state.heads) {
            Ok(advanced) => {
                *text = advanced;
                return Ok(read);
            }
            Err(TextError::NeedsHistory) if !all => lookback = (lookback * 4).max(FIRST_LOOKBACK),
            Err(error) => return Err(corrupt(document, error)),
        }
    }
}

/// The deltas that `base` names and the `lookback` newest ones up to `log`, without their texts; and whether these are
/// all there are.
fn older_rows(
    store: &Store,
    document: &str,
    version: &Version,
    base: &[Dot],
    log: u64,
    lookback: u64,
) -> Result<(Vec<GraphRow>, bool), Problem> {
    let dots: Vec<_> = base.iter().map(|dot| (dot.agent.as_str(), dot.seq)).collect();
    let dots = serde_json::to_string(&dots).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    let sql = format!(
        "SELECT {GRAPH_COLUMNS}, '' FROM json_each(?2) n CROSS JOIN crdt_deltas
         ON document_id = ?1 AND agent_id = n.value->>0 AND seq = n.value->>1"
    );
    let mut rows = select_graph(store, &sql, [document.into(), dots.into()])?;
    let mut all = base.is_empty();
    if lookback > 0 {
        let sql = format!(
            "SELECT {GRAPH_COLUMNS}, '' FROM crdt_deltas
             WHERE document_id = ?1 AND log <= ?2 ORDER BY log DESC LIMIT ?3"
        );
        let tail = select_graph(store, &sql, [document.into(), log.into(), lookback.into()])?;
        all |= (tail.len() as u64) < lookback;
        rows.extend(tail.into_iter().filter(|row| row.dot.seq <= version.clock.get(row.dot.agent.as_str())));
    }
    rows.sort_by_key(|row| row.log);
    rows.dedup_by_key(|row| row.log);
    Ok((rows, all))
}

impl Version {
    /// Whether the state is of a part of this version that ends at a log position.
    pub(crate) fn builds_on(&self, state: &Materialised) -> bool {
        state.log <= self.log && self.clock.includes(&state.clock)
    }

    pub(crate) fn crdt_type(&self) -> CrdtType {
        self.newest.last().map_or(CrdtType::Text, |row: &Stored| row.crdt_type)
    }
}
