//! Finding the places that an operation names in other terms than ours, list indexes and UTF-16 offsets: it takes the
//! document at the parents' version.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use ramanujan_core::{Code, DocumentId, Dot, Problem};
use ramanujan_crdt::ancestry::without;
use ramanujan_crdt::request::EditRequest;
use ramanujan_crdt::text::units::utf16_to_code_points;
use ramanujan_crdt::types::{EditError, Event, Past, State};
use ramanujan_crdt::{CrdtType, Edit, Op};

use super::known::Known;
use super::unfit::Unfit;
use crate::content::{Content, Materialised};
use crate::record::Recorded;

/// Gives a document at the version of these stored deltas.
pub(crate) type ContentAt<'a> = dyn Fn(&DocumentId, &[Dot]) -> Result<Rc<Materialised>, Problem> + 'a;

/// The document as an operation of the batch sees it, kept for the next one, which as a rule builds on it.
pub(crate) struct Resolver {
    heads: Vec<Dot>,
    /// Number of deltas in it.
    deltas: u64,
    state: State,
}

impl Resolver {
    /// The document at the version of `parents`, some of which may be the batch's own.
    pub(super) fn at(
        content_at: &ContentAt<'_>,
        document: &DocumentId,
        parents: &[Dot],
        known: &Known,
    ) -> Result<Self, Unfit> {
        // Back through the batch to what is stored.
        let mut own: HashSet<&Dot> = HashSet::new();
        let mut stored: BTreeSet<&Dot> = BTreeSet::new();
        let mut next: Vec<&Dot> = parents.iter().collect();
        while let Some(dot) = next.pop() {
            match known.unstored(dot) {
                Some(new) if own.insert(dot) => next.extend(&new.delta.parents),
                Some(_) => {}
                None => {
                    stored.insert(dot);
                }
            }
        }
        let stored: Vec<Dot> = stored.into_iter().cloned().collect();
        let empty = || {
            State::new(CrdtType::Json)
                .ok_or_else(|| Problem::new(Code::NoState, "JSON documents have no state"))
        };
        let (heads, deltas, state) = if stored.is_empty() {
            (Vec::new(), 0, empty()?)
        } else {
            let found = content_at(document, &stored)?;
            let state = match &found.content {
                Content::State(state) => (**state).clone(),
                Content::Text(_) => empty()?,
            };
            (found.heads.iter().cloned().collect(), found.deltas, state)
        };
        let mut resolver = Resolver { heads, deltas, state };
        for new in known.added.iter().filter(|new| own.contains(new.dot())) {
            if resolver.is_at(&new.delta.parents) {
                resolver.follow(new)?;
            } else {
                let lacking = known.ancestry().lacking(&resolver.heads, &new.delta.parents)?;
                let past = without(resolver.state.version(), &lacking);
                resolver.take(new, Past::Version(&past))?;
            }
        }
        Ok(resolver)
    }

    /// Whether it is the document at the version of these deltas, sorted.
    pub(super) fn is_at(&self, parents: &[Dot]) -> bool {
        self.heads == parents
    }

    /// Takes in the next delta of the batch, which was made on this version.
    pub(super) fn follow(&mut self, new: &Recorded) -> Result<(), Problem> {
        let total = self.deltas;
        self.take(new, Past::Whole { total })
    }

    fn take(&mut self, new: &Recorded, past: Past<'_>) -> Result<(), Problem> {
        let event = Event { dot: new.dot(), past };
        self.state
            .apply(&event, &new.delta.op)
            .map_err(|error| Problem::new(Code::InvalidOperation, error.to_string()))?;
        self.heads.retain(|head| !new.delta.parents.contains(head));
        self.heads.push(new.dot().clone());
        self.heads.sort_unstable();
        self.deltas += 1;
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
    parents: &[Dot],
    op: &Op,
) -> Result<Op, Problem> {
    let text = if parents.is_empty() {
        String::new()
    } else {
        let state = content_at(document, parents).map_err(|problem| {
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
