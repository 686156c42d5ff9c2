//! Joining two states of one type, whatever form they came in.
//!
//! Sets of deltas join as sets, so that the result is named by its deltas as a stored document is. Where one side has
//! no deltas to show, states join as states, and totals as totals.

use std::borrow::{Borrow, Cow};
use std::rc::Rc;

use ramanujan_core::{Code, Polarity, Problem};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::text::DocumentError;
use ramanujan_crdt::types::State;
use ramanujan_crdt::{CrdtType, Delta, PnCounter, StateDigest, TextDocument};

use super::replay::{Entry, Replay, Target, union};

/// A state to be joined with others of its type.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) crdt_type: CrdtType,
    pub(crate) form: Form,
}

#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// All deltas of it, in order of arrival. They are replayed when the state itself is asked for.
    Deltas(Vec<Entry>),
    /// What each agent has added and taken away.
    Totals(PnCounter),
    State(Box<State>),
    /// A text with its history.
    Text(Box<TextDocument>),
}

impl Operand {
    /// The least upper bound.
    ///
    /// # Errors
    /// 409 if the two hold different deltas under one dot; 422 if deltas do not make a state or the two forms have
    /// nothing in common.
    pub(crate) fn join(self, other: Operand) -> Result<Operand, Problem> {
        let crdt_type = self.crdt_type;
        let form = match (self.form, other.form) {
            (Form::Deltas(left), Form::Deltas(right)) => Form::Deltas(union(left, right)?),
            (Form::Text(mut left), Form::Text(right)) => {
                left.merge(&right).map_err(refused)?;
                Form::Text(left)
            }
            (left @ (Form::Text(_) | Form::Deltas(_)), right @ (Form::Text(_) | Form::Deltas(_))) => {
                Form::Deltas(union(left.into_deltas()?, right.into_deltas()?)?)
            }
            (left @ Form::Totals(_), right) | (left, right @ Form::Totals(_)) => {
                let mut totals = left.into_totals(crdt_type)?;
                totals.join(&right.into_totals(crdt_type)?);
                Form::Totals(totals)
            }
            (left, right) => {
                let mut state = left.into_state(crdt_type)?;
                state.join(&*right.into_state(crdt_type)?).map_err(|error| invalid(error.to_string()))?;
                Form::State(state)
            }
        };
        Ok(Operand { crdt_type, form })
    }

    /// Its deltas, where it shows them; `side` is what the request calls it.
    ///
    /// # Errors
    /// 422 if a text's history cannot be read.
    pub(crate) fn deltas(&self, side: &str) -> Result<Cow<'_, [Entry]>, Problem> {
        match &self.form {
            Form::Deltas(deltas) => Ok(Cow::Borrowed(deltas)),
            Form::Text(text) => entries(text, side).map(Cow::Owned),
            Form::State(_) | Form::Totals(_) => Ok(Cow::Borrowed(&[])),
        }
    }

    /// The same as a state rather than as deltas.
    ///
    /// # Errors
    /// 422 if the deltas do not make a state.
    pub(crate) fn folded(self) -> Result<Operand, Problem> {
        let form = match self.form {
            Form::Deltas(deltas) => match Replay::of(self.crdt_type, &union(Vec::new(), deltas)?)?.target {
                Target::State(state) => Form::State(state),
                Target::Text(text) => Form::Text(text),
            },
            form => form,
        };
        Ok(Operand { form, ..self })
    }

    /// Bytes that are equal exactly for equal states.
    ///
    /// # Errors
    /// 422 if the deltas do not make a state.
    pub(crate) fn canonical(&self) -> Result<Vec<u8>, Problem> {
        match &self.form {
            Form::State(state) => Ok(state.encode()),
            Form::Totals(totals) => Ok(serde_json::to_vec(totals)?),
            Form::Text(text) => text_bytes(text.clone(), &text.state().map_err(refused)?),
            Form::Deltas(deltas) => {
                let replay = Replay::of(self.crdt_type, deltas)?;
                match replay.target {
                    Target::State(state) => {
                        Ok([replay.hashes.state().canonical_bytes(), state.encode()].concat())
                    }
                    Target::Text(text) => text_bytes(text, replay.hashes.state()),
                }
            }
        }
    }

    /// Positive if only additions were merged, negative if only removals, neutral otherwise: an encoded state does not
    /// tell them apart.
    pub(crate) fn polarity(&self) -> Polarity {
        match &self.form {
            Form::Deltas(deltas) => polarity(deltas.iter().map(|entry| &entry.delta)),
            Form::Totals(totals) => {
                let add = |(plus, minus), (_, totals): (&str, Totals)| (plus | totals.p, minus | totals.n);
                match totals.iter().fold((0, 0), add) {
                    (1.., 0) => Polarity::Positive,
                    (0, 1..) => Polarity::Negative,
                    _ => Polarity::Neutral,
                }
            }
            Form::Text(text) => text.deltas().map_or(Polarity::Neutral, polarity),
            Form::State(_) => Polarity::Neutral,
        }
    }
}

/// What a text is and what it shows.
fn text_bytes(mut text: Box<TextDocument>, state: &StateDigest) -> Result<Vec<u8>, Problem> {
    Ok([state.canonical_bytes(), text.text().map_err(refused)?.into_bytes()].concat())
}

/// All deltas of a text.
fn entries(text: &TextDocument, side: &str) -> Result<Vec<Entry>, Problem> {
    let side: Rc<str> = side.into();
    let entry = |(index, delta): (usize, Delta)| Entry {
        digest: delta.digest(),
        delta,
        side: Rc::clone(&side),
        index,
    };
    Ok(text.deltas().map_err(refused)?.enumerate().map(entry).collect())
}

impl Form {
    /// The deltas of a text or of a set of them.
    pub(crate) fn into_deltas(self) -> Result<Vec<Entry>, Problem> {
        match self {
            Form::Deltas(deltas) => Ok(deltas),
            Form::Text(text) => entries(&text, "encoded"),
            Form::State(_) | Form::Totals(_) => Err(nothing_in_common()),
        }
    }

    fn into_state(self, crdt_type: CrdtType) -> Result<Box<State>, Problem> {
        match self {
            Form::State(state) => Ok(state),
            Form::Deltas(deltas) => match Replay::of(crdt_type, &union(Vec::new(), deltas)?)?.target {
                Target::State(state) => Ok(state),
                Target::Text(_) => Err(nothing_in_common()),
            },
            Form::Totals(_) | Form::Text(_) => Err(nothing_in_common()),
        }
    }

    fn into_totals(self, crdt_type: CrdtType) -> Result<PnCounter, Problem> {
        let deltas = match self {
            Form::Totals(totals) => return Ok(totals),
            Form::State(_) | Form::Text(_) => return Err(nothing_in_common()),
            Form::Deltas(deltas) => deltas,
        };
        let deltas = union(Vec::new(), deltas)?;
        Replay::of(crdt_type, &deltas)?;
        let mut counter = PnCounter::new();
        for entry in deltas {
            let agent = entry.delta.dot.agent.as_str();
            let Totals { p, n } = entry.delta.op.counts();
            let sum = counter.totals(agent).add(p, n).ok_or_else(|| {
                Problem::new(Code::CounterOverflow, format!("the totals of {agent} exceed 2^53-1"))
            })?;
            counter.observe(agent, sum);
        }
        Ok(counter)
    }
}

pub(super) fn refused(error: DocumentError) -> Problem {
    match error {
        DocumentError::Conflict(dot) => {
            let detail = format!("{dot} has two different contents");
            Problem::new(Code::DotConflict, detail).with("operation_id", dot.to_string())
        }
        error => invalid(error.to_string()),
    }
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidMerge, detail)
}

pub(crate) fn nothing_in_common() -> Problem {
    invalid("totals join with totals and deltas, an encoded state with encoded states and deltas")
}

/// Positive if every operation constructs, negative if every one takes back, neutral if they are mixed or none.
pub(crate) fn polarity(deltas: impl IntoIterator<Item: Borrow<Delta>>) -> Polarity {
    let mut polarities = deltas.into_iter().map(|delta| delta.borrow().op.color().polarity());
    let first = polarities.next().unwrap_or(Polarity::Neutral);
    if polarities.all(|polarity| polarity == first) { first } else { Polarity::Neutral }
}
