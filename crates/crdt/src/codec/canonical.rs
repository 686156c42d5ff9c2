//! The canonical bytes of a state: integers as unsigned LEB128, texts behind their length, dots by the place of their
//! agent in a table that comes first.

use ramanujan_core::{AgentId, Dot, VectorClock};

use super::bytes::{Bytes, put_text, put_uint, unzigzag, zigzag};
use super::error::{DecodeError, malformed};

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

    /// Where bytes go that are canonical by themselves.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
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
        if self.rest.is_empty() { Ok(()) } else { malformed("bytes follow the end") }
    }

    /// Where bytes come from that are canonical by themselves.
    pub(crate) fn bytes(&mut self) -> &mut Bytes<'a> {
        &mut self.rest
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.rest.byte()
    }

    pub(crate) fn uint(&mut self) -> Result<u64, DecodeError> {
        self.rest.uint()
    }

    /// An integer from 0 to 2^53−1.
    pub(crate) fn safe_uint(&mut self) -> Result<u64, DecodeError> {
        self.rest.safe()
    }

    pub(crate) fn int(&mut self) -> Result<i64, DecodeError> {
        Ok(unzigzag(self.rest.uint()?))
    }

    /// A count of things that take a byte at least.
    pub(crate) fn count(&mut self) -> Result<usize, DecodeError> {
        self.rest.count()
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        self.rest.text()
    }

    /// A version, whose agents become the table for the dots that follow.
    pub(crate) fn version(&mut self) -> Result<VectorClock, DecodeError> {
        let mut version: Vec<(AgentId, u64)> = Vec::new();
        for _ in 0..self.count()? {
            let agent = self.rest.agent()?;
            let seq = self.safe_uint()?;
            if seq == 0 || version.last().is_some_and(|(last, _)| *last >= agent) {
                return malformed("the entries of a version are not in order");
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
        if dot.seq == 0 || self.agents.counter(&dot.agent) < dot.seq {
            return malformed("a dot is beyond the version");
        }
        Ok(dot)
    }
}
