//! Deltas of any type as compact bytes that are read without anything else at hand: what `/crdt/{document}/diff` sends
//! and `/crdt/apply` takes (`docs/encoding.md`).

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Dot, MAX_SAFE_INTEGER};

use crate::codec::container::{self, Kind};
use crate::codec::{Bytes, Column, DecodeError, Effort, Expansion, put_column, put_raw, put_text, put_uint};
use crate::crdts::crdt_type::CrdtType;
use crate::crdts::op::Op;
use crate::delta::Delta;

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

/// Longest delta in a batch that is compressed, in bytes: a value takes far more memory than its bytes, and it cannot be
/// read by parts.
const MAX_PACKED_DELTA: usize = 64 << 10;

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
    let mut longest = 0;
    for delta in deltas {
        let start = raw.len();
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
        longest = longest.max(raw.len() - start);
    }
    let mut out = container::begin(crdt_type.envelope_number(), Kind::Batch);
    if raw.len() > MAX_EXPANDED || longest > MAX_PACKED_DELTA {
        put_raw(&mut out, &raw);
    } else {
        put_column(&mut out, &raw, Effort::Small, EXPANSION);
    }
    container::seal(out)
}

fn follows_own(delta: &Delta) -> bool {
    matches!(delta.parents.as_slice(), [one] if one.agent == delta.dot.agent && one.seq + 1 == delta.dot.seq)
}

/// Encoded deltas, read one by one: a batch takes no more memory than its bytes do, and a list of its agents.
pub struct Batch<'a> {
    crdt_type: CrdtType,
    column: Column<'a>,
    /// Where each agent's name begins.
    agents: Vec<u32>,
    /// Where the deltas begin, and how many they are.
    start: usize,
    count: usize,
}

impl<'a> Batch<'a> {
    /// Checks what [`encode_deltas`] wrote, to the last delta.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else, bytes of a newer version too.
    pub fn open(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (number, kind, body) = container::open_any(bytes)?;
        let crdt_type = CrdtType::of_envelope_number(number).ok_or(DecodeError::Type(number))?;
        if kind != Kind::Batch {
            return Err(DecodeError::Kind(kind as u8 + 1));
        }
        let mut body = Bytes(body);
        let column = body.column(EXPANSION)?;
        if !body.is_empty() {
            return Err(DecodeError::Malformed("bytes follow the deltas"));
        }
        if matches!(&column, Column::Expanded(raw) if raw.len() > MAX_EXPANDED) {
            return Err(DecodeError::Malformed("a batch expands beyond its limit"));
        }
        let raw = column.bytes();
        let mut reader = Bytes(raw);
        let mut agents = Vec::new();
        let mut last: Option<AgentId> = None;
        for _ in 0..reader.count()? {
            let place = u32::try_from(raw.len() - reader.0.len());
            agents.push(place.map_err(|_| DecodeError::Malformed("a number exceeds 32 bits"))?);
            let agent = reader.agent()?;
            if last.is_some_and(|last| last >= agent) {
                return Err(DecodeError::Malformed("agents are not in order"));
            }
            last = Some(agent);
        }
        let count = reader.count()?;
        let start = raw.len() - reader.0.len();
        let batch = Batch { crdt_type, column, agents, start, count };
        let mut deltas = batch.deltas();
        deltas.by_ref().try_for_each(|delta| delta.map(drop))?;
        match deltas.reader.is_empty() {
            true => Ok(batch),
            false => Err(DecodeError::Malformed("bytes follow the deltas")),
        }
    }

    /// The type of all deltas.
    pub fn crdt_type(&self) -> CrdtType {
        self.crdt_type
    }

    /// The deltas, as they were given; none fails once the batch is open.
    pub fn deltas(&self) -> Deltas<'_> {
        Deltas {
            batch: self,
            reader: Bytes(&self.column.bytes()[self.start..]),
            left: self.count,
            last: None,
        }
    }
}

/// From [`Batch::deltas`].
pub struct Deltas<'a> {
    batch: &'a Batch<'a>,
    reader: Bytes<'a>,
    left: usize,
    last: Option<Dot>,
}

impl Iterator for Deltas<'_> {
    type Item = Result<Delta, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let before = self.reader.0.len();
        let delta = self.read().and_then(|delta| match &self.batch.column {
            Column::Expanded(_) if before - self.reader.0.len() > MAX_PACKED_DELTA => {
                Err(DecodeError::Malformed("a long delta is compressed"))
            }
            _ => Ok(delta),
        });
        match &delta {
            Ok(delta) => self.last = Some(delta.dot.clone()),
            Err(_) => self.left = 0,
        }
        Some(delta)
    }
}

impl Deltas<'_> {
    /// The next deltas: not more than `count` of them, and none after the first `bytes` of their encoding.
    ///
    /// # Errors
    /// None once the batch is open.
    pub fn chunk(&mut self, count: usize, bytes: usize) -> Result<Vec<Delta>, DecodeError> {
        let start = self.reader.0.len();
        let mut deltas = Vec::new();
        while deltas.len() < count && (deltas.is_empty() || start - self.reader.0.len() < bytes) {
            let Some(delta) = self.next() else { break };
            deltas.push(delta?);
        }
        Ok(deltas)
    }

    fn read(&mut self) -> Result<Delta, DecodeError> {
        let head = self.reader.byte()?;
        let own = match &self.last {
            Some(last) if head & NEXT != 0 => match last.seq + 1 {
                seq if seq <= MAX_SAFE_INTEGER => Dot::new(last.agent.clone(), seq),
                _ => return Err(DecodeError::Malformed("a number exceeds 2^53-1")),
            },
            None if head & NEXT != 0 => {
                return Err(DecodeError::Malformed("the first delta follows another"));
            }
            _ => self.dot()?,
        };
        let mut parents = Vec::new();
        if head & AFTER_OWN != 0 {
            if own.seq < 2 {
                return Err(DecodeError::Malformed("the first delta of an agent follows its own"));
            }
            parents.push(Dot::new(own.agent.clone(), own.seq - 1));
        } else {
            for _ in 0..self.reader.count()? {
                let parent = self.dot()?;
                if parents.last().is_some_and(|last| *last >= parent) {
                    return Err(DecodeError::Malformed("parents are not in order"));
                }
                parents.push(parent);
            }
        }
        let op = Op::take_operands(&mut self.reader, head & TAG)?;
        if op.crdt_type() != self.batch.crdt_type {
            return Err(DecodeError::Malformed("an operation is of another type"));
        }
        Ok(Delta { dot: own, parents, op })
    }

    fn dot(&mut self) -> Result<Dot, DecodeError> {
        let place = usize::try_from(self.reader.uint()?).ok().and_then(|place| self.batch.agents.get(place));
        match (place, self.reader.safe()?) {
            (Some(place), seq @ 1..) => {
                let mut name = Bytes(&self.batch.column.bytes()[*place as usize..]);
                Ok(Dot::new(name.agent()?, seq))
            }
            _ => Err(DecodeError::Malformed("a dot has no agent or no number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::tests::any_delta;
    use proptest::prelude::*;
    use ramanujan_core::Digest;

    fn decode_deltas(bytes: &[u8]) -> Result<(CrdtType, Vec<Delta>), DecodeError> {
        let batch = Batch::open(bytes)?;
        Ok((batch.crdt_type(), batch.deltas().collect::<Result<_, _>>()?))
    }

    /// An insertion that was made after nothing.
    fn insertion(seq: u64, text: String) -> Delta {
        let dot = Dot::new("alice".parse().unwrap(), seq);
        Delta { dot, parents: vec![], op: crate::Op::Insert { position: 0, text } }
    }

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
        let deltas: Vec<Delta> = (1..=500).map(|seq| insertion(seq, "same ".repeat(2000))).collect();
        let bytes = encode_deltas(CrdtType::Text, &deltas);
        assert!(bytes.len() > MAX_EXPANDED);
        assert_eq!(decode_deltas(&bytes), Ok((CrdtType::Text, deltas)));
    }

    #[test]
    fn a_long_delta_is_not_compressed() {
        // Hexadecimal digits compress to about half.
        let noise = |lines: u32| (0..lines).map(|line| Digest::of(&line.to_le_bytes()).to_string()).collect();
        let (short, long) = (vec![insertion(1, noise(900))], vec![insertion(1, noise(1100))]);
        let [packed, raw] = [&short, &long].map(|deltas| encode_deltas(CrdtType::Text, deltas));
        assert!(packed.len() < 50_000 && raw.len() > 70_000, "{} {}", packed.len(), raw.len());
        assert_eq!(decode_deltas(&packed), Ok((CrdtType::Text, short)));
        assert_eq!(decode_deltas(&raw), Ok((CrdtType::Text, long)));
        // As another writer might pack it.
        let column = &raw[7..raw.len() - 4];
        let mut forged = container::begin(CrdtType::Text.envelope_number(), Kind::Batch);
        put_column(&mut forged, &column[4..], Effort::Small, EXPANSION);
        let forged = container::seal(forged);
        assert_eq!(decode_deltas(&forged), Err(DecodeError::Malformed("a long delta is compressed")));
    }

    #[test]
    fn chunks_are_all_deltas_in_order() {
        let deltas: Vec<Delta> = (1..=50).map(|seq| insertion(seq, "same ".repeat(200))).collect();
        let bytes = encode_deltas(CrdtType::Text, &deltas);
        let batch = Batch::open(&bytes).unwrap();
        for (count, bytes, chunks) in
            [(7, usize::MAX, 8), (100, 5_000, 10), (100, 0, 50), (50, usize::MAX, 1)]
        {
            let mut rest = batch.deltas();
            let mut all = Vec::new();
            for _ in 0..chunks {
                all.extend(rest.chunk(count, bytes).unwrap());
            }
            assert!(rest.chunk(count, bytes).unwrap().is_empty());
            assert_eq!(all, deltas);
        }
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
