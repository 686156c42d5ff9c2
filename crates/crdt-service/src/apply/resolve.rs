//! Finding the places that an operation names in other terms than ours, list indexes and UTF-16 offsets: it takes the
//! document at the parents' version.

use std::rc::Rc;

use ramanujan_core::{Code, DocumentId, Problem, VectorClock};
use ramanujan_crdt::request::EditRequest;
use ramanujan_crdt::text::units::utf16_to_code_points;
use ramanujan_crdt::types::{EditError, Event, Past, State};
use ramanujan_crdt::{CrdtType, Edit, Op};

use crate::content::{Content, Materialised};
use crate::record::Recorded;

/// Gives a document at a version of stored deltas.
pub(crate) type ContentAt<'a> = dyn Fn(&DocumentId, &VectorClock) -> Result<Rc<Materialised>, Problem> + 'a;

/// The document as an operation of the batch sees it, kept for the next one, which as a rule builds on it.
pub(crate) struct Resolver {
    at: VectorClock,
    state: State,
}

impl Resolver {
    /// The document at `past`. `unstored` are the batch's own deltas, in order.
    pub(super) fn at(
        content_at: &ContentAt<'_>,
        document: &DocumentId,
        past: &VectorClock,
        unstored: &[Rc<Recorded>],
    ) -> Result<Self, Problem> {
        let own: Vec<&Rc<Recorded>> =
            unstored.iter().filter(|new| past.get(new.dot().agent.as_str()) >= new.dot().seq).collect();
        let stored: VectorClock = past
            .iter()
            .map(|(agent, seq)| {
                let first = own.iter().find(|new| new.dot().agent.as_str() == agent);
                (agent, first.map_or(seq, |new| new.dot().seq - 1))
            })
            .collect();
        let empty = || {
            State::new(CrdtType::Json)
                .ok_or_else(|| Problem::new(Code::NoState, "JSON documents have no state"))
        };
        let state = if stored.is_empty() {
            empty()?
        } else {
            match &content_at(document, &stored)?.content {
                Content::State(state) => (**state).clone(),
                Content::Text(_) => empty()?,
            }
        };
        let mut resolver = Resolver { at: stored, state };
        for new in own {
            resolver.follow(new, &new.past())?;
        }
        Ok(resolver)
    }

    pub(super) fn is_at(&self, past: &VectorClock) -> bool {
        self.at == *past
    }

    /// Takes in the next delta of the batch, made at this version, its `past`.
    pub(super) fn follow(&mut self, new: &Recorded, past: &VectorClock) -> Result<(), Problem> {
        let event = Event { dot: new.dot(), past: Past::Version(past) };
        self.state
            .apply(&event, &new.delta.op)
            .map_err(|error| Problem::new(Code::InvalidOperation, error.to_string()))?;
        self.at.observe(new.dot().agent.as_str(), new.dot().seq);
        Ok(())
    }

    /// The edit with its places named by dots.
    ///
    /// # Errors
    /// 422 if there is no such place.
    pub(super) fn resolve(&self, request: &EditRequest) -> Result<Edit, Problem> {
        match &self.state {
            State::Json(document) => document.resolve(request).map_err(|error| {
                let code = match &error {
                    EditError::Excess(_) => Code::InvalidOperation,
                    _ => Code::NoSuchPlace,
                };
                Problem::new(code, error.to_string())
            }),
            _ => Err(Problem::new(Code::NoState, "the document is not JSON")),
        }
    }
}

/// A text operation whose position and length count UTF-16 code units, in code points.
///
/// # Errors
/// 422 if a place is past the end or within a surrogate pair; if the version has deltas that are not stored yet.
pub(super) fn code_points(
    content_at: &ContentAt<'_>,
    document: &DocumentId,
    past: &VectorClock,
    op: &Op,
) -> Result<Op, Problem> {
    let text = if past.is_empty() {
        String::new()
    } else {
        let state = content_at(document, past).map_err(|problem| {
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
