//! Reading and writing canonical bytes: integers as unsigned LEB128, texts behind their length, dots by the place of
//! their agent in a table that comes first.
//!
//! There is one encoding of everything, and a reader refuses every other: what it accepts, it would write again byte
//! by byte. It trusts no count: memory grows with what has been read, never with what a number promises.

use ramanujan_core::{AgentId, Dot, VectorClock};

use crate::Json;
use crate::canonical;
use crate::delta::{put_text, put_uint};
pub use crate::text::DecodeError;
use crate::text::column::{Reader as Bytes, unzigzag, zigzag};
use crate::types::{Stamp, covers};

/// Writes canonical bytes.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    agents: VectorClock,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub(crate) fn uint(&mut self, value: u64) {
        put_uint(&mut self.out, value);
    }

    /// Zigzag, so that small negative numbers stay short.
    pub(crate) fn int(&mut self, value: i64) {
        self.uint(zigzag(value));
    }

    pub(crate) fn text(&mut self, text: &str) {
        put_text(&mut self.out, text);
    }

    pub(crate) fn json(&mut self, value: &Json) {
        value.put_canonical(&mut self.out);
    }

    /// The version, whose agents are the table for the dots that follow.
    pub(crate) fn version(&mut self, version: &VectorClock) {
        self.uint(version.len() as u64);
        for (agent, seq) in version.iter() {
            self.text(agent);
            self.uint(seq);
        }
        self.agents = version.clone();
    }

    /// Place of an agent in the table. The version covers every dot of a state, so each agent has one.
    pub(crate) fn agent(&mut self, agent: &AgentId) {
        let (Ok(at) | Err(at)) = self.agents.entries().position(agent);
        self.uint(at as u64);
    }

    pub(crate) fn dot(&mut self, dot: &Dot) {
        self.agent(&dot.agent);
        self.uint(dot.seq);
    }

    pub(crate) fn stamp(&mut self, stamp: &Stamp) {
        self.dot(&stamp.dot);
        self.uint(stamp.lamport);
    }
}

/// Reads canonical bytes.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: Bytes<'a>,
    agents: VectorClock,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: Bytes(bytes), agents: VectorClock::new() }
    }

    /// Refuses bytes after the end.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Malformed("bytes follow the end")) }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.rest.byte()
    }

    pub(crate) fn uint(&mut self) -> Result<u64, DecodeError> {
        self.rest.uint()
    }

    /// An integer from 0 to 2^53−1.
    pub(crate) fn safe_uint(&mut self) -> Result<u64, DecodeError> {
        canonical::safe(&mut self.rest)
    }

    pub(crate) fn int(&mut self) -> Result<i64, DecodeError> {
        Ok(unzigzag(self.rest.uint()?))
    }

    /// A count of things that take a byte at least.
    pub(crate) fn count(&mut self) -> Result<usize, DecodeError> {
        canonical::count(&mut self.rest)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        canonical::text(&mut self.rest)
    }

    pub(crate) fn json(&mut self) -> Result<Json, DecodeError> {
        canonical::json(&mut self.rest)
    }

    /// A version, whose agents become the table for the dots that follow.
    pub(crate) fn version(&mut self) -> Result<VectorClock, DecodeError> {
        let mut version: Vec<(AgentId, u64)> = Vec::new();
        for _ in 0..self.count()? {
            let agent = canonical::agent(&mut self.rest)?;
            let seq = self.safe_uint()?;
            if seq == 0 || version.last().is_some_and(|(last, _)| *last >= agent) {
                return Err(DecodeError::Malformed("the entries of a version are not in order"));
            }
            version.push((agent, seq));
        }
        self.agents = VectorClock::from_entries(version.into_iter().collect());
        Ok(self.agents.clone())
    }

    /// Operations of an agent that the version covers.
    pub(crate) fn covered(&self, agent: &AgentId) -> u64 {
        self.agents.counter(agent)
    }

    /// An agent of the table, by its place.
    pub(crate) fn agent(&mut self) -> Result<AgentId, DecodeError> {
        let at = self.uint()?;
        let agent = usize::try_from(at).ok().and_then(|at| self.agents.entries().actors().get(at));
        agent.cloned().ok_or(DecodeError::Malformed("an agent is beyond the version"))
    }

    /// A dot that the version covers.
    pub(crate) fn dot(&mut self) -> Result<Dot, DecodeError> {
        let dot = Dot::new(self.agent()?, self.uint()?);
        if dot.seq == 0 || !covers(&self.agents, &dot) {
            return Err(DecodeError::Malformed("a dot is beyond the version"));
        }
        Ok(dot)
    }

    /// A stamp that its agent can have had: before its `seq`-th operation there are `seq - 1` at least.
    pub(crate) fn stamp(&mut self) -> Result<Stamp, DecodeError> {
        let dot = self.dot()?;
        let lamport = self.safe_uint()?;
        if lamport < dot.seq {
            return Err(DecodeError::Malformed("a time is earlier than its agent's operations allow"));
        }
        Ok(Stamp { lamport, dot })
    }
}
