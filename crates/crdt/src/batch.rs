//! Deltas of any type as compact bytes that are read without anything else at hand: what `/crdt/{document}/diff` sends
//! and `/crdt/apply` takes (`docs/encoding.md`).

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Dot, MAX_SAFE_INTEGER};

use crate::canonical::{self, count, safe};
use crate::delta::{put_text, put_uint};
use crate::text::column::{Column, Effort, Expansion, Reader, put_column};
use crate::text::container::{self, DecodeError, Kind};
use crate::{CrdtType, Delta};

/// The delta is its predecessor's successor: same agent, next number.
const NEXT: u8 = 0x80;
/// Its only parent is its agent's previous delta.
const AFTER_OWN: u8 = 0x40;
/// Bits that hold the operation's tag.
const TAG: u8 = 0x3f;

/// Typed text compresses to a quarter; the rest is room for repetition, and bounds what forged bytes cost.
const EXPANSION: Expansion = Expansion(16);

/// Longest batch that is compressed, in bytes: what a few hundred kilobytes may ask for is then bounded, whatever they
/// expand to. A longer one is stored as it is, so that it asks for a multiple of what was really sent.
const MAX_EXPANDED: usize = 4 << 20;

/// Encodes deltas, which must all be of one type, in the order given.
pub fn encode_deltas(crdt_type: CrdtType, deltas: &[Delta]) -> Vec<u8> {
    let mut agents: BTreeMap<&AgentId, u64> = BTreeMap::new();
    for delta in deltas {
        agents.insert(&delta.dot.agent, 0);
        agents.extend(delta.parents.iter().map(|parent| (&parent.agent, 0)));
    }
    let mut raw = Vec::new();
    put_uint(&mut raw, agents.len() as u64);
    for (place, (agent, number)) in agents.iter_mut().enumerate() {
        *number = place as u64;
        put_text(&mut raw, agent.as_str());
    }
    let put_dot = |raw: &mut Vec<u8>, dot: &Dot| {
        put_uint(raw, agents.get(&dot.agent).copied().unwrap_or_default());
        put_uint(raw, dot.seq);
    };
    put_uint(&mut raw, deltas.len() as u64);
    let mut previous: Option<&Dot> = None;
    for delta in deltas {
        let next = previous.is_some_and(|p| p.agent == delta.dot.agent && p.seq + 1 == delta.dot.seq);
        let after_own = follows_own(delta);
        raw.push(delta.op.tag() | if next { NEXT } else { 0 } | if after_own { AFTER_OWN } else { 0 });
        if !next {
            put_dot(&mut raw, &delta.dot);
        }
        if !after_own {
            put_uint(&mut raw, delta.parents.len() as u64);
            delta.parents.iter().for_each(|parent| put_dot(&mut raw, parent));
        }
        delta.op.put_operands(&mut raw);
        previous = Some(&delta.dot);
    }
    let mut out = container::begin(crdt_type, Kind::Batch);
    let expansion = if raw.len() > MAX_EXPANDED { Expansion(0) } else { EXPANSION };
    put_column(&mut out, &raw, Effort::Small, expansion);
    container::seal(out)
}

fn follows_own(delta: &Delta) -> bool {
    matches!(delta.parents.as_slice(), [one] if one.agent == delta.dot.agent && one.seq + 1 == delta.dot.seq)
}

/// Reads what [`encode_deltas`] wrote.
///
/// # Errors
/// [`DecodeError`] for anything else, bytes of a newer version too.
pub fn decode_deltas(bytes: &[u8]) -> Result<(CrdtType, Vec<Delta>), DecodeError> {
    let (crdt_type, kind, body) = container::open_any(bytes)?;
    if kind != Kind::Batch {
        return Err(DecodeError::Kind(kind as u8 + 1));
    }
    let mut body = Reader(body);
    let column = body.column(EXPANSION)?;
    if !body.is_empty() {
        return Err(DecodeError::Malformed("bytes follow the deltas"));
    }
    if matches!(&column, Column::Expanded(raw) if raw.len() > MAX_EXPANDED) {
        return Err(DecodeError::Malformed("a batch expands beyond its limit"));
    }
    let mut reader = Reader(column.bytes());
    let mut agents: Vec<AgentId> = Vec::new();
    for _ in 0..count(&mut reader)? {
        let agent = canonical::agent(&mut reader)?;
        if agents.last().is_some_and(|last| *last >= agent) {
            return Err(DecodeError::Malformed("agents are not in order"));
        }
        agents.push(agent);
    }
    let dot = |reader: &mut Reader<'_>| {
        let agent = usize::try_from(reader.uint()?).ok().and_then(|place| agents.get(place));
        match (agent, safe(reader)?) {
            (Some(agent), seq @ 1..) => Ok(Dot::new(agent.clone(), seq)),
            _ => Err(DecodeError::Malformed("a dot has no agent or no number")),
        }
    };
    let mut deltas: Vec<Delta> = Vec::new();
    for _ in 0..count(&mut reader)? {
        let head = reader.byte()?;
        let own = match deltas.last() {
            Some(last) if head & NEXT != 0 => match last.dot.seq + 1 {
                seq if seq <= MAX_SAFE_INTEGER => Dot::new(last.dot.agent.clone(), seq),
                _ => return Err(DecodeError::Malformed("a number exceeds 2^53-1")),
            },
            None if head & NEXT != 0 => {
                return Err(DecodeError::Malformed("the first delta follows another"));
            }
            _ => dot(&mut reader)?,
        };
        let mut parents = Vec::new();
        if head & AFTER_OWN != 0 {
            if own.seq < 2 {
                return Err(DecodeError::Malformed("the first delta of an agent follows its own"));
            }
            parents.push(Dot::new(own.agent.clone(), own.seq - 1));
        } else {
            for _ in 0..count(&mut reader)? {
                let parent = dot(&mut reader)?;
                if parents.last().is_some_and(|last| *last >= parent) {
                    return Err(DecodeError::Malformed("parents are not in order"));
                }
                parents.push(parent);
            }
        }
        let op = canonical::op(&mut reader, head & TAG)?;
        if op.crdt_type() != crdt_type {
            return Err(DecodeError::Malformed("an operation is of another type"));
        }
        deltas.push(Delta { dot: own, parents, op });
    }
    if reader.is_empty() {
        Ok((crdt_type, deltas))
    } else {
        Err(DecodeError::Malformed("bytes follow the deltas"))
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
        fn deltas_survive(all in prop::collection::vec(any_delta(), 0..12)) {
            for crdt_type in CrdtType::ALL {
                let deltas: Vec<Delta> = all.iter().filter(|d| d.op.crdt_type() == crdt_type).cloned().collect();
                let bytes = encode_deltas(crdt_type, &deltas);
                prop_assert_eq!(decode_deltas(&bytes), Ok((crdt_type, deltas)));
            }
        }

        #[test]
        fn no_bytes_panic(deltas in prop::collection::vec(any_delta(), 0..6), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = encode_deltas(CrdtType::Text, &deltas);
            let place = place.index(bytes.len() - 4);
            bytes[place] = byte;
            // The checksum is mended, so that the change is seen by what lies behind it.
            let checksum = crc32fast::hash(&bytes[..bytes.len() - 4]).to_le_bytes();
            let end = bytes.len() - 4;
            bytes[end..].copy_from_slice(&checksum);
            let _ = decode_deltas(&bytes);
        }
    }

    #[test]
    fn nothing_follows_the_last_number() {
        let delta = |seq| Delta {
            dot: Dot::new("a".parse().unwrap(), seq),
            parents: Vec::new(),
            op: crate::Op::Increment { amount: 1 },
        };
        let decoded = |deltas: &[Delta]| decode_deltas(&encode_deltas(CrdtType::PnCounter, deltas));
        assert!(decoded(&[delta(MAX_SAFE_INTEGER - 1), delta(MAX_SAFE_INTEGER)]).is_ok());
        assert!(decoded(&[delta(MAX_SAFE_INTEGER), delta(MAX_SAFE_INTEGER + 1)]).is_err());
    }

    #[test]
    fn a_long_batch_survives_and_is_not_compressed() {
        let delta = |seq: u64| Delta {
            dot: Dot::new("alice".parse().unwrap(), seq),
            parents: vec![],
            op: crate::Op::Insert { position: 0, text: "same ".repeat(2000) },
        };
        let deltas: Vec<Delta> = (1..=500).map(delta).collect();
        let bytes = encode_deltas(CrdtType::Text, &deltas);
        assert!(bytes.len() > MAX_EXPANDED);
        assert_eq!(decode_deltas(&bytes), Ok((CrdtType::Text, deltas)));
    }

    #[test]
    fn typing_costs_little_per_delta() {
        let deltas: Vec<Delta> = (1..=1000)
            .map(|seq| Delta {
                dot: Dot::new("alice".parse().unwrap(), seq),
                parents: (seq > 1).then(|| Dot::new("alice".parse().unwrap(), seq - 1)).into_iter().collect(),
                op: crate::Op::Insert { position: seq - 1, text: "x".into() },
            })
            .collect();
        assert!(encode_deltas(CrdtType::Text, &deltas).len() < 4000);
    }
}
