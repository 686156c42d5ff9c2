//! A state of whatever type, text apart: text is an event graph and has no state of its own.

use ramanujan_core::{Digest, VectorClock};

use super::{
    ApplyError, Crdt, Diff, Event, GCounter, JsonDocument, LwwRegister, MvRegister, OrSet, PnCounter, Stamp,
    Tallied, Tally, TapState, TooEarly,
};
use crate::codec::{DecodeError, Reader, Writer};
use crate::value::value_digest;
use crate::{CrdtType, Json, Op};

/// First byte of an encoded state.
const ENCODING_VERSION: u8 = 1;

/// Most transitions that [`State::details`] lists, the newest.
pub const MAX_LISTED_TRANSITIONS: usize = 1000;

/// The state of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    GCounter(Tallied<GCounter>),
    PnCounter(Tallied<PnCounter>),
    OrSet(OrSet<Json>),
    LwwRegister(LwwRegister),
    MvRegister(MvRegister),
    Json(JsonDocument),
    TapState(TapState),
}

/// Two states of different types do not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {theirs} does not join a {mine}")]
pub struct TypeMismatch {
    pub mine: CrdtType,
    pub theirs: CrdtType,
}

/// Why a diff was not joined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinDiffError {
    #[error(transparent)]
    Type(#[from] TypeMismatch),
    #[error(transparent)]
    Early(#[from] TooEarly),
}

/// Does the same with the state of every type.
macro_rules! each {
    ($state:expr, $inner:ident => $do:expr) => {
        match $state {
            State::GCounter($inner) => $do,
            State::PnCounter($inner) => $do,
            State::OrSet($inner) => $do,
            State::LwwRegister($inner) => $do,
            State::MvRegister($inner) => $do,
            State::Json($inner) => $do,
            State::TapState($inner) => $do,
        }
    };
}

/// Does something with two states if they are of one type.
macro_rules! both {
    ($mine:expr, $theirs:expr, ($a:ident, $b:ident) => $do:expr) => {
        match ($mine, $theirs) {
            (State::GCounter($a), State::GCounter($b)) => Some($do),
            (State::PnCounter($a), State::PnCounter($b)) => Some($do),
            (State::OrSet($a), State::OrSet($b)) => Some($do),
            (State::LwwRegister($a), State::LwwRegister($b)) => Some($do),
            (State::MvRegister($a), State::MvRegister($b)) => Some($do),
            (State::Json($a), State::Json($b)) => Some($do),
            (State::TapState($a), State::TapState($b)) => Some($do),
            _ => None,
        }
    };
}

fn tag(crdt_type: CrdtType) -> u8 {
    match crdt_type {
        CrdtType::Text => 0,
        CrdtType::PnCounter => 1,
        CrdtType::GCounter => 2,
        CrdtType::OrSet => 3,
        CrdtType::LwwRegister => 4,
        CrdtType::MvRegister => 5,
        CrdtType::Json => 6,
        CrdtType::TapState => 7,
    }
}

fn type_of<T: Crdt>(_: &T) -> CrdtType {
    T::TYPE
}

impl State {
    /// The empty state; `None` for text.
    pub fn new(crdt_type: CrdtType) -> Option<Self> {
        Some(match crdt_type {
            CrdtType::Text => return None,
            CrdtType::PnCounter => State::PnCounter(Tallied::default()),
            CrdtType::GCounter => State::GCounter(Tallied::default()),
            CrdtType::OrSet => State::OrSet(OrSet::default()),
            CrdtType::LwwRegister => State::LwwRegister(LwwRegister::default()),
            CrdtType::MvRegister => State::MvRegister(MvRegister::default()),
            CrdtType::Json => State::Json(JsonDocument::default()),
            CrdtType::TapState => State::TapState(TapState::default()),
        })
    }

    pub fn crdt_type(&self) -> CrdtType {
        each!(self, state => type_of(state))
    }

    /// Which operations the state holds.
    pub fn version(&self) -> &VectorClock {
        each!(self, state => Crdt::version(state))
    }

    /// Applies an operation; one that the state holds already changes nothing.
    ///
    /// # Errors
    /// See [`Crdt::apply`].
    pub fn apply(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
        each!(self, state => Crdt::apply(state, event, op))
    }

    /// Least upper bound, in place.
    ///
    /// # Errors
    /// If `other` is of another type.
    pub fn join(&mut self, other: &State) -> Result<(), TypeMismatch> {
        let mismatch = TypeMismatch { mine: self.crdt_type(), theirs: other.crdt_type() };
        both!(self, other, (mine, theirs) => Crdt::join(mine, theirs)).ok_or(mismatch)
    }

    /// What a replica at `since` or later lacks.
    pub fn diff(&self, since: &VectorClock) -> Diff<State> {
        fn wrap<T: Crdt>(state: &T, since: &VectorClock, wrap: fn(T) -> State) -> Diff<State> {
            let Diff { since, part } = state.diff(since);
            Diff { since, part: wrap(part) }
        }
        match self {
            State::GCounter(state) => wrap(state, since, State::GCounter),
            State::PnCounter(state) => wrap(state, since, State::PnCounter),
            State::OrSet(state) => wrap(state, since, State::OrSet),
            State::LwwRegister(state) => wrap(state, since, State::LwwRegister),
            State::MvRegister(state) => wrap(state, since, State::MvRegister),
            State::Json(state) => wrap(state, since, State::Json),
            State::TapState(state) => wrap(state, since, State::TapState),
        }
    }

    /// Joins a diff; the result is the same as with the whole state that it was taken from.
    ///
    /// # Errors
    /// If it is of another type, or this replica has not got what it builds on.
    pub fn join_diff(&mut self, diff: &Diff<State>) -> Result<(), JoinDiffError> {
        if !self.version().includes(&diff.since) {
            return Err(TooEarly { since: diff.since.clone() }.into());
        }
        Ok(self.join(&diff.part)?)
    }

    /// Canonical bytes, equal exactly for equal states: version of the encoding, type, then the type's own
    /// (`docs/types.md`).
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.byte(ENCODING_VERSION);
        writer.byte(tag(self.crdt_type()));
        each!(self, state => state.put(&mut writer));
        writer.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// If `bytes` are of an unknown version or not what a state encodes to.
    pub fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            ENCODING_VERSION => {}
            other => return Err(DecodeError::Version(other)),
        }
        let of_tag = reader.byte()?;
        let found = CrdtType::ALL.into_iter().find(|known| tag(*known) == of_tag);
        let reader_mut = &mut reader;
        let state = match found {
            None | Some(CrdtType::Text) => return Err(DecodeError::Malformed("the type has no state")),
            Some(CrdtType::PnCounter) => State::PnCounter(Crdt::take(reader_mut)?),
            Some(CrdtType::GCounter) => State::GCounter(Crdt::take(reader_mut)?),
            Some(CrdtType::OrSet) => State::OrSet(Crdt::take(reader_mut)?),
            Some(CrdtType::LwwRegister) => State::LwwRegister(Crdt::take(reader_mut)?),
            Some(CrdtType::MvRegister) => State::MvRegister(Crdt::take(reader_mut)?),
            Some(CrdtType::Json) => State::Json(Crdt::take(reader_mut)?),
            Some(CrdtType::TapState) => State::TapState(Crdt::take(reader_mut)?),
        };
        reader.finish()?;
        Ok(state)
    }

    /// Content address: SHA-256 of the canonical bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// The value on the API: a counter's number (its digits as a text beyond 2^53−1), a set's sorted elements, a
    /// register's value (`null` before the first write), an MV-register's values sorted and each once, a document, a
    /// phase.
    pub fn value(&self) -> Json {
        let number = |value: i128| Json::int(value).unwrap_or_else(|| Json::Text(value.to_string()));
        match self {
            State::GCounter(state) => number(Tally::value(state.counter())),
            State::PnCounter(state) => number(Tally::value(state.counter())),
            State::OrSet(state) => Json::List(state.iter().cloned().collect()),
            State::LwwRegister(state) => state.get().map_or(Json::Null, |(_, value)| value.clone()),
            State::MvRegister(state) => {
                let mut values: Vec<Json> = state.iter().map(|(_, value)| value.clone()).collect();
                values.sort();
                values.dedup();
                Json::List(values)
            }
            State::Json(state) => state.value(),
            State::TapState(state) => state.phase().as_str().into(),
        }
    }

    /// SHA-256 of the value.
    pub fn value_digest(&self) -> Digest {
        value_digest(self.crdt_type(), &self.value())
    }

    /// What there is to say beside the value: who wrote it (registers), what lost against it (documents), the majority
    /// and the newest transitions (TAP state).
    pub fn details(&self) -> Option<Json> {
        match self {
            State::GCounter(_) | State::PnCounter(_) | State::OrSet(_) => None,
            State::LwwRegister(state) => {
                state.get().map(|(stamp, _)| object([("written", described(stamp))]))
            }
            State::MvRegister(state) => {
                let entry =
                    |(dot, value): (&_, &Json)| object([("dot", dot_text(dot)), ("value", value.clone())]);
                Some(object([("values", Json::List(state.iter().map(entry).collect()))]))
            }
            State::Json(state) => {
                let conflicts = state.conflicts();
                let list = conflicts.iter().map(|conflict| conflict.to_json()).collect();
                (!conflicts.is_empty()).then(|| object([("conflicts", Json::List(list))]))
            }
            State::TapState(state) => {
                let history = state.history();
                let newest = &history[history.len().saturating_sub(MAX_LISTED_TRANSITIONS)..];
                let entry = |transition: &super::Transition| {
                    let mut entry = described(&transition.stamp);
                    if let Json::Map(members) = &mut entry {
                        members.insert("phase".into(), transition.to.as_str().into());
                    }
                    entry
                };
                Some(object([
                    ("majority", state.majority().as_str().into()),
                    ("transitions", Json::Int(i64::try_from(history.len()).unwrap_or(i64::MAX))),
                    ("history", Json::List(newest.iter().map(entry).collect())),
                ]))
            }
        }
    }
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn dot_text(dot: &ramanujan_core::Dot) -> Json {
    Json::Text(dot.to_string())
}

fn described(stamp: &Stamp) -> Json {
    let lamport = Json::int(stamp.lamport.into()).unwrap_or_default();
    object([("dot", dot_text(&stamp.dot)), ("lamport", lamport)])
}
