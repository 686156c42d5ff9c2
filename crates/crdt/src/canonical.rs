//! Reading the canonical bytes of operations and values back. Only canonical bytes are accepted: what is read gives the
//! same bytes when it is written.

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Dot, MAX_SAFE_INTEGER};

use crate::edit::{Action, Anchor, Edit, ItemId, ItemRange, MAX_PATH_LENGTH, Side, Step};
use crate::text::column::{Reader, unzigzag};
use crate::text::container::DecodeError;
use crate::value::MAX_VALUE_DEPTH;
use crate::{Delta, Json, Op, TapPhase};

fn malformed<T>(what: &'static str) -> Result<T, DecodeError> {
    Err(DecodeError::Malformed(what))
}

/// A number that JSON carries exactly.
pub(crate) fn safe(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    match reader.uint()? {
        value if value <= MAX_SAFE_INTEGER => Ok(value),
        _ => malformed("a number exceeds 2^53-1"),
    }
}

/// A count of things that take at least a byte each: bounds what is set aside for them.
pub(crate) fn count(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let count = reader.length()?;
    if count > reader.0.len() { Err(DecodeError::Truncated) } else { Ok(count) }
}

pub(crate) fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let length = reader.length()?;
    std::str::from_utf8(reader.bytes(length)?).or(malformed("a text is not UTF-8"))
}

pub(crate) fn agent(reader: &mut Reader<'_>) -> Result<AgentId, DecodeError> {
    text(reader)?.parse().or(malformed("an agent's name is not legal"))
}

pub(crate) fn dot(reader: &mut Reader<'_>) -> Result<Dot, DecodeError> {
    let agent = agent(reader)?;
    match safe(reader)? {
        0 => malformed("operations count from 1"),
        seq => Ok(Dot::new(agent, seq)),
    }
}

/// A value; see [`Json::put_canonical`].
pub(crate) fn json(reader: &mut Reader<'_>) -> Result<Json, DecodeError> {
    nested(reader, MAX_VALUE_DEPTH)
}

fn nested(reader: &mut Reader<'_>, depth: usize) -> Result<Json, DecodeError> {
    let Some(below) = depth.checked_sub(1) else { return malformed("a value is nested too deep") };
    Ok(match reader.byte()? {
        0 => Json::Null,
        1 => Json::Bool(false),
        2 => Json::Bool(true),
        3 => {
            let value = unzigzag(reader.uint()?);
            Json::int(value.into()).ok_or(DecodeError::Malformed("a number exceeds 2^53-1"))?
        }
        4 => {
            let bytes = reader.bytes(8)?.try_into().map_err(|_| DecodeError::Truncated)?;
            match Json::from_sortable(u64::from_be_bytes(bytes)) {
                Some(value) => value,
                None => return malformed("a number is not finite, or a whole one"),
            }
        }
        5 => Json::Text(text(reader)?.to_owned()),
        6 => {
            let mut items = Vec::new();
            for _ in 0..count(reader)? {
                items.push(nested(reader, below)?);
            }
            Json::List(items)
        }
        7 => {
            let mut entries: BTreeMap<String, Json> = BTreeMap::new();
            for _ in 0..count(reader)? {
                let key = text(reader)?;
                if entries.last_key_value().is_some_and(|(last, _)| last.as_str() >= key) {
                    return malformed("the keys of a map are not in order");
                }
                entries.insert(key.to_owned(), nested(reader, below)?);
            }
            Json::Map(entries)
        }
        _ => return malformed("a value is of an unknown kind"),
    })
}

fn item(reader: &mut Reader<'_>) -> Result<ItemId, DecodeError> {
    Ok(ItemId { dot: dot(reader)?, offset: safe(reader)? })
}

fn anchor(reader: &mut Reader<'_>) -> Result<Anchor, DecodeError> {
    let parent = match reader.byte()? {
        0 => None,
        1 => Some(item(reader)?),
        _ => return malformed("an anchor is of an unknown kind"),
    };
    let side = match reader.byte()? {
        0 => Side::Left,
        1 => Side::Right,
        _ => return malformed("an anchor has an unknown side"),
    };
    Ok(Anchor { parent, side })
}

fn edit(reader: &mut Reader<'_>) -> Result<Edit, DecodeError> {
    let steps = count(reader)?;
    if steps > MAX_PATH_LENGTH {
        return malformed("a path is too long");
    }
    let mut path = Vec::with_capacity(steps);
    for _ in 0..steps {
        path.push(match reader.byte()? {
            0 => Step::Key(text(reader)?.to_owned()),
            1 => Step::Item { item: item(reader)? },
            _ => return malformed("a step is of an unknown kind"),
        });
    }
    let action = match reader.byte()? {
        1 => Action::Set { value: json(reader)? },
        2 => Action::Delete {},
        3 => Action::Increment { amount: safe(reader)? },
        4 => Action::Decrement { amount: safe(reader)? },
        5 => Action::InsertItem { anchor: anchor(reader)?, value: json(reader)? },
        6 => Action::InsertText { anchor: anchor(reader)?, text: text(reader)?.to_owned() },
        7 => {
            let mut ranges = Vec::new();
            for _ in 0..count(reader)? {
                ranges.push(ItemRange { first: item(reader)?, length: safe(reader)? });
            }
            Action::DeleteText { ranges }
        }
        _ => return malformed("an edit is of an unknown kind"),
    };
    Ok(Edit { path, action })
}

/// The operands that follow an operation's tag.
pub(crate) fn op(reader: &mut Reader<'_>, tag: u8) -> Result<Op, DecodeError> {
    Ok(match tag {
        1 => Op::Insert { position: safe(reader)?, text: text(reader)?.to_owned() },
        2 => Op::Delete { position: safe(reader)?, length: safe(reader)? },
        3 => Op::Increment { amount: safe(reader)? },
        4 => Op::Decrement { amount: safe(reader)? },
        5 => Op::Grow { amount: safe(reader)? },
        6 => Op::Add { element: json(reader)? },
        7 => Op::Remove { element: json(reader)? },
        8 => Op::SetLast { value: json(reader)? },
        9 => Op::SetEach { value: json(reader)? },
        10 => Op::Edit(edit(reader)?),
        11 => match TapPhase::ALL.get(usize::from(reader.byte()?)) {
            Some(phase) => Op::Transition { to: *phase },
            None => return malformed("a phase is unknown"),
        },
        _ => return malformed("an operation is of an unknown kind"),
    })
}

impl Op {
    /// Whether the canonical bytes are read back: every number within 2^53−1, no value or path too deep.
    pub(crate) fn is_within_limits(&self) -> bool {
        let safe = |number: &u64| *number <= MAX_SAFE_INTEGER;
        let shallow = |value: &Json| value.depth() <= MAX_VALUE_DEPTH;
        let near = |anchor: &Anchor| anchor.parent.as_ref().is_none_or(|parent| safe(&parent.offset));
        match self {
            Op::Insert { position, .. } => safe(position),
            Op::Delete { position, length } => safe(position) && safe(length),
            Op::Increment { amount } | Op::Decrement { amount } | Op::Grow { amount } => safe(amount),
            Op::Add { element: value }
            | Op::Remove { element: value }
            | Op::SetLast { value }
            | Op::SetEach { value } => shallow(value),
            Op::Edit(Edit { path, action }) => {
                path.len() <= MAX_PATH_LENGTH
                    && match action {
                        Action::Set { value } => shallow(value),
                        Action::Delete {} => true,
                        Action::Increment { amount } | Action::Decrement { amount } => safe(amount),
                        Action::InsertItem { anchor, value } => near(anchor) && shallow(value),
                        Action::InsertText { anchor, .. } => near(anchor),
                        Action::DeleteText { ranges } => {
                            ranges.iter().all(|range| safe(&range.first.offset) && safe(&range.length))
                        }
                    }
            }
            Op::Transition { .. } => true,
        }
    }
}

impl Delta {
    /// Reads what [`Delta::canonical_bytes`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader(bytes);
        let version = reader.byte()?;
        if version != crate::delta::CANONICAL_VERSION {
            return Err(DecodeError::Version(version));
        }
        let tag = reader.byte()?;
        let own = dot(&mut reader)?;
        let mut parents: Vec<Dot> = Vec::new();
        for _ in 0..count(&mut reader)? {
            let parent = dot(&mut reader)?;
            if parents.last().is_some_and(|last| *last >= parent) {
                return malformed("parents are not in order");
            }
            parents.push(parent);
        }
        let op = op(&mut reader, tag)?;
        if !reader.is_empty() {
            return malformed("bytes follow the operation");
        }
        Ok(Delta { dot: own, parents, op })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::tests::any_delta;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_delta_survives(delta in any_delta()) {
            prop_assert_eq!(Delta::from_canonical(&delta.canonical_bytes()), Ok(delta));
        }

        #[test]
        fn what_is_read_is_canonical(delta in any_delta(), place in 0usize..40, byte in any::<u8>()) {
            let mut bytes = delta.canonical_bytes();
            let place = place % bytes.len();
            bytes[place] = byte;
            if let Ok(read) = Delta::from_canonical(&bytes) {
                prop_assert_eq!(read.canonical_bytes(), bytes);
            }
        }
    }
}
