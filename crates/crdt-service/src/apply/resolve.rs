//! Finding the places that an operation names in other terms than ours, list indexes and UTF-16 offsets: it takes the
//! document at the parents' version.

use std::rc::Rc;

use ramanujan_core::{Code, DocumentId, Problem, VectorClock};
use ramanujan_crdt::request::EditRequest;
use ramanujan_crdt::text::units::utf16_to_code_points;
use ramanujan_crdt::types::{Event, State};
use ramanujan_crdt::{CrdtType, Edit, Op};
use ramanujan_shell::Store;

use super::known::{Known, past_of};
use crate::materialise::{Content, Materialised, materialise};
use crate::memo;
use crate::version::{At, find};

/// The document as an operation of the batch sees it, kept for the next one, which as a rule builds on it.
pub(super) struct Resolver {
    at: VectorClock,
    state: State,
}

impl Resolver {
    /// The document at `past`. `unstored` are the batch's own deltas, in order.
    pub(super) fn at(
        store: &Store,
        document: &DocumentId,
        past: &VectorClock,
        unstored: &[Known],
    ) -> Result<Self, Problem> {
        let own: Vec<&Known> =
            unstored.iter().filter(|k| past.get(k.delta.dot.agent.as_str()) >= k.delta.dot.seq).collect();
        let stored: VectorClock = past
            .iter()
            .map(|(agent, seq)| {
                let first = own.iter().find(|known| known.delta.dot.agent.as_str() == agent);
                (agent, first.map_or(seq, |known| known.delta.dot.seq - 1))
            })
            .collect();
        let empty = || {
            State::new(CrdtType::Json)
                .ok_or_else(|| Problem::new(Code::NoState, "JSON documents have no state"))
        };
        let state = if stored.is_empty() {
            empty()?
        } else {
            match &at_clock(store, document, &stored)?.content {
                Content::State(state) => (**state).clone(),
                Content::Text(_) => empty()?,
            }
        };
        let mut resolver = Resolver { at: stored, state };
        for known in own {
            resolver.follow(known)?;
        }
        Ok(resolver)
    }

    pub(super) fn is_at(&self, past: &VectorClock) -> bool {
        self.at == *past
    }

    /// Takes in the next delta of the batch if it was made at this version.
    pub(super) fn follow(&mut self, known: &Known) -> Result<(), Problem> {
        let past = past_of(known);
        let event = Event { dot: &known.delta.dot, past: &past };
        self.state
            .apply(&event, &known.delta.op)
            .map_err(|error| Problem::new(Code::InvalidOperation, error.to_string()))?;
        self.at.observe(known.delta.dot.agent.as_str(), known.delta.dot.seq);
        Ok(())
    }

    /// The edit with its places named by dots.
    ///
    /// # Errors
    /// 422 if there is no such place.
    pub(super) fn resolve(&self, request: &EditRequest) -> Result<Edit, Problem> {
        match &self.state {
            State::Json(document) => {
                document.resolve(request).map_err(|error| Problem::new(Code::NoSuchPlace, error.to_string()))
            }
            _ => Err(Problem::new(Code::NoState, "the document is not JSON")),
        }
    }
}

/// The document at a version of stored deltas.
fn at_clock(store: &Store, document: &DocumentId, clock: &VectorClock) -> Result<Rc<Materialised>, Problem> {
    let version = find(store, document, &At::Clock(clock.clone()))?;
    materialise(store, document.as_str(), &version, memo::base(document.as_str()))
}

/// A text operation whose position and length count UTF-16 code units, in code points.
///
/// # Errors
/// 422 if a place is past the end or within a surrogate pair; if the version has deltas that are not stored yet.
pub(super) fn code_points(
    store: &Store,
    document: &DocumentId,
    past: &VectorClock,
    op: &Op,
) -> Result<Op, Problem> {
    let text = if past.is_empty() {
        String::new()
    } else {
        let state = at_clock(store, document, past).map_err(|problem| {
            if !matches!(problem.code, Code::NoSuchVersion | Code::UnclosedVersion) {
                return problem;
            }
            let detail =
                "an operation in UTF-16 units cannot build on others of its own batch: send it by itself";
            Problem::new(Code::Utf16InBatch, detail)
        })?;
        match &state.content {
            Content::Text(text) => text.clone(),
            Content::State(_) => String::new(),
        }
    };
    let place = |offset: u64| {
        utf16_to_code_points(&text, offset).ok_or_else(|| {
            let detail = format!("UTF-16 offset {offset} is past the end or within a surrogate pair");
            Problem::new(Code::PositionOutOfRange, detail)
        })
    };
    Ok(match op {
        Op::Insert { position, text } => Op::Insert { position: place(*position)?, text: text.clone() },
        Op::Delete { position, length } => {
            let start = place(*position)?;
            Op::Delete { position: start, length: place(position.saturating_add(*length))? - start }
        }
        other => other.clone(),
    })
}
