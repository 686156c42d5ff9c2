//! A document's operations given back one by one, and the fingerprint of their set.

use std::borrow::Cow;
use std::collections::HashSet;

use ramanujan_core::Dot;

use super::document::TextDocument;
use super::error::DocumentError;
use super::log::Log;
use super::rope::char_offset;
use super::run::Kind;
use crate::codec::DecodeError;
use crate::crdts::crdt_type::CrdtType;
use crate::crdts::op::Op;
use crate::delta::Delta;
use crate::state::{HashDag, StateDigest};

impl TextDocument {
    /// All operations, each after its parents, as they came in: equal canonical bytes, equal digests.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn deltas(&self) -> Result<Deltas<'_>, DocumentError> {
        Ok(Deltas { log: self.history()?, run: 0, op: 0, offset: 0 })
    }

    /// The fingerprint of the set of operations. Takes two hashes per operation.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn state(&self) -> Result<StateDigest, DocumentError> {
        let deltas = self.deltas()?;
        // Within a chain each operation is the parent of the next, which asks for it at once.
        let log = &deltas.log;
        let parents = (0..log.runs.chain_count()).flat_map(|chain| log.runs.chain_parents(chain));
        let forks: HashSet<Dot> = parents.map(|parent| log.dot_of(*parent)).collect();
        let mut dag = HashDag::new(CrdtType::Text);
        for delta in deltas {
            dag.push_keeping(&delta.dot, &delta.parents, &delta.digest(), |dot| forks.contains(dot))
                .map_err(|_| DecodeError::Malformed("an operation comes before its parent"))?;
        }
        Ok(dag.into_state())
    }
}

/// Iterator over a document's operations; see [`TextDocument::deltas`].
#[derive(Debug)]
pub struct Deltas<'a> {
    log: Cow<'a, Log>,
    run: usize,
    /// Operation of the run.
    op: u32,
    /// Where its text begins in the log's.
    offset: usize,
}

impl Iterator for Deltas<'_> {
    type Item = Delta;

    fn next(&mut self) -> Option<Delta> {
        if self.run == self.log.runs.len() {
            return None;
        }
        let stretch = self.log.stretch(self.run);
        let author = self.log.runs.chain_agent(self.log.runs.chain_of(self.run));
        let dot = self.log.dot(author, self.log.first_op(self.run) + self.op);
        let mut parents: Vec<_> =
            self.log.parents(self.run, self.op).iter().map(|parent| self.log.dot_of(*parent)).collect();
        parents.sort_unstable();
        let position = u64::from(stretch.position_of(self.op));
        let op = match stretch.kind {
            Kind::Delete => Op::Delete { position, length: u64::from(stretch.unit) },
            Kind::Insert => {
                let rest = &self.log.content[self.offset..];
                let length = char_offset(rest, stretch.unit as usize);
                self.offset += length;
                Op::Insert { position, text: rest[..length].to_owned() }
            }
        };
        self.op += 1;
        if self.op == stretch.ops {
            (self.run, self.op) = (self.run + 1, 0);
        }
        Some(Delta { dot, parents, op })
    }
}
