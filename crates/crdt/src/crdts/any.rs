//! A state of whatever type, text apart: text is an event graph and has no state of its own.

use ramanujan_core::{AgentId, Digest, VectorClock};

use super::crdt::{ApplyError, CannotRestore, Crdt, Diff, TooEarly};
use super::crdt_type::CrdtType;
use super::each_type;
use super::event::Event;
use super::load::Load;
use super::op::Op;
use crate::codec::{DecodeError, Reader, Writer, malformed};
use crate::value::Json;

/// First byte of an encoded state.
const ENCODING_VERSION: u8 = 1;

/// Two states of different types do not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {theirs} does not join a {mine}")]
pub struct TypeMismatch {
    /// The type of the state that was to grow.
    pub mine: CrdtType,
    /// The type of the other.
    pub theirs: CrdtType,
}

/// Why a diff was not joined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinDiffError {
    /// It is of another type.
    #[error(transparent)]
    Type(#[from] TypeMismatch),
    /// It builds on what this replica has not got.
    #[error(transparent)]
    Early(#[from] TooEarly),
}

/// Everything that is done with the state of every type alike.
macro_rules! states {
    ($(
        $(#[doc = $doc:literal])+
        $Type:ident = $number:literal $name:literal, $(state $file:ident,)? value $value:literal,
        concurrent $concurrent:literal { $($operations:tt)* }
    )*) => {
        /// The state of a document.
        ///
        /// ```
        /// use ramanujan_core::Dot;
        /// use ramanujan_crdt::types::{Event, Past};
        /// use ramanujan_crdt::{CrdtType, Json, Op, State};
        ///
        /// let mut ann = State::new(CrdtType::OrSet).ok_or("sets have a state")?;
        /// let mut ben = ann.clone();
        /// for (state, agent, fruit) in [(&mut ann, "ann", "fig"), (&mut ben, "ben", "plum")] {
        ///     let past = state.version().clone();
        ///     let dot = Dot::new(agent.parse()?, 1);
        ///     state.apply(&Event { dot: &dot, past: Past::Version(&past) }, &Op::Add { element: fruit.into() })?;
        /// }
        /// // In whichever direction, and however often.
        /// let seen_by_ann = ann.clone();
        /// ann.join(&ben)?;
        /// ben.join(&seen_by_ann)?;
        /// assert_eq!(ann.value(), Json::List(vec!["fig".into(), "plum".into()]));
        /// assert_eq!(ann.encode(), ben.encode());
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        pub enum State {
            $($( #[doc = concat!("Of a `", $name, "`.")] $Type(super::$file::State), )?)*
        }

        impl State {
            /// The empty state; `None` for text.
            pub fn new(crdt_type: CrdtType) -> Option<Self> {
                match crdt_type {
                    $($( CrdtType::$Type => Some(State::$Type(super::$file::State::default())), )?)*
                    CrdtType::Text => None,
                }
            }

            /// The type of the document.
            pub fn crdt_type(&self) -> CrdtType {
                match self { $($( State::$Type(_) => <super::$file::State as Crdt>::TYPE, )?)* }
            }

            /// Which operations the state holds.
            pub fn version(&self) -> &VectorClock {
                match self { $($( State::$Type(state) => <super::$file::State as Crdt>::version(state), )?)* }
            }

            /// Applies an operation; one that the state holds already changes nothing.
            ///
            /// # Errors
            /// See [`Crdt::apply`].
            pub fn apply(&mut self, event: &Event<'_>, op: &Op) -> Result<(), ApplyError> {
                match self {
                    $($( State::$Type(state) => <super::$file::State as Crdt>::apply(state, event, op), )?)*
                }
            }

            /// Least upper bound, in place.
            ///
            /// # Errors
            /// If `other` is of another type.
            pub fn join(&mut self, other: &State) -> Result<(), TypeMismatch> {
                match (&mut *self, other) {
                    $($( (State::$Type(mine), State::$Type(theirs)) => {
                        <super::$file::State as Crdt>::join(mine, theirs);
                        Ok(())
                    } )?)*
                    _ => Err(TypeMismatch { mine: self.crdt_type(), theirs: other.crdt_type() }),
                }
            }

            /// What a replica at `since` or later lacks.
            pub fn diff(&self, since: &VectorClock) -> Diff<State> {
                match self {
                    $($( State::$Type(state) => {
                        let Diff { since, part } = <super::$file::State as Crdt>::diff(state, since);
                        Diff { since, part: State::$Type(part) }
                    } )?)*
                }
            }

            /// The operations of `agent` that lead from what this state shows to what `wanted`, an earlier one,
            /// shows: each made on the one before, the first on this state. What still exists stays as it is.
            ///
            /// ```
            /// use ramanujan_core::{AgentId, Dot};
            /// use ramanujan_crdt::types::{Event, Past};
            /// use ramanujan_crdt::{CrdtType, Op, State};
            ///
            /// let ann: AgentId = "ann".parse()?;
            /// let mut set = State::new(CrdtType::OrSet).ok_or("sets have a state")?;
            /// let mut then = set.clone();
            /// for (seq, fruit) in [(1, "fig"), (2, "plum")] {
            ///     then = set.clone();
            ///     let past = Past::Whole { total: set.version().total() };
            ///     let dot = Dot::new(ann.clone(), seq);
            ///     set.apply(&Event { dot: &dot, past }, &Op::Add { element: fruit.into() })?;
            /// }
            /// assert_eq!(set.lead_to(&then, &ann)?, [Op::Remove { element: "plum".into() }]);
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// If a single agent's operations cannot do it, or `wanted` is of another type.
            pub fn lead_to(&self, wanted: &State, agent: &AgentId) -> Result<Vec<Op>, CannotRestore> {
                match (self, wanted) {
                    $($( (State::$Type(state), State::$Type(wanted)) => {
                        <super::$file::State as Crdt>::lead_to(state, wanted, agent)
                    } )?)*
                    _ => Err(CannotRestore::OTHER_KIND),
                }
            }

            fn put(&self, writer: &mut Writer) {
                match self {
                    $($( State::$Type(state) => <super::$file::State as Crdt>::put(state, writer), )?)*
                }
            }

            fn take(crdt_type: CrdtType, reader: &mut Reader<'_>) -> Result<State, DecodeError> {
                match crdt_type {
                    $($( CrdtType::$Type => <super::$file::State as Crdt>::take(reader).map(State::$Type), )?)*
                    CrdtType::Text => malformed("the type has no state"),
                }
            }

            /// The value on the API: a counter's number (its digits as a text beyond 2^53−1), a set's sorted elements,
            /// a register's value (`null` before the first write), an MV-register's values sorted and each once, a
            /// document, a phase.
            pub fn value(&self) -> Json {
                match self { $($( State::$Type(state) => <super::$file::State as Crdt>::value(state), )?)* }
            }

            /// The value with what there is to say beside it.
            pub fn shown(&self) -> (Json, Option<Json>) {
                match self { $($( State::$Type(state) => <super::$file::State as Crdt>::shown(state), )?)* }
            }

            /// How much it holds, what is hidden too.
            pub fn load(&self) -> Load {
                match self { $($( State::$Type(state) => <super::$file::State as Crdt>::load(state), )?)* }
            }

            /// What there is to say beside the value: who wrote it (registers), what lost against it (documents), the
            /// majority and the newest transitions (TAP state).
            pub fn details(&self) -> Option<Json> {
                match self { $($( State::$Type(state) => <super::$file::State as Crdt>::details(state), )?)* }
            }
        }

        /// The operations of one agent that lead from one value of a document to another, as a restore makes them:
        /// each on the one before, the first on a version that has the value `from`.
        ///
        /// # Errors
        /// [`CannotRestore`] if a single agent's operations cannot do it, or the values are not of this type.
        pub fn difference(crdt_type: CrdtType, from: &Json, to: &Json) -> Result<Vec<Op>, CannotRestore> {
            if from == to {
                return Ok(Vec::new());
            }
            match crdt_type {
                $($( CrdtType::$Type => <super::$file::State as Crdt>::difference(from, to), )?)*
                CrdtType::Text => super::text::difference(from, to),
            }
        }
    };
}

each_type!(states);

impl State {
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
        writer.byte(self.crdt_type().number());
        self.put(&mut writer);
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
        let number = reader.byte()?;
        let Some(crdt_type) = CrdtType::of_number(number) else { return malformed("the type has no state") };
        let state = State::take(crdt_type, &mut reader)?;
        reader.finish()?;
        Ok(state)
    }

    /// Content address: SHA-256 of the canonical bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// SHA-256 of the value.
    pub fn value_digest(&self) -> Digest {
        value_digest(self.crdt_type(), &self.value())
    }
}

/// SHA-256 of a document's value: of a text in UTF-8, of a counter in decimal, of anything else in its canonical
/// bytes.
pub fn value_digest(crdt_type: CrdtType, value: &Json) -> Digest {
    match (crdt_type, value) {
        (CrdtType::Text, Json::Text(text)) => Digest::of(text.as_bytes()),
        (of, Json::Int(number)) if of.is_counter() => Digest::of(number.to_string().as_bytes()),
        _ => {
            // No value takes more, with its length, and none is moved while it grows.
            let load = Load::of(value);
            let most = load.bytes.saturating_add(10 * load.values);
            let mut bytes = Vec::with_capacity(usize::try_from(most).unwrap_or_default());
            value.put_canonical(&mut bytes);
            Digest::of(&bytes)
        }
    }
}
