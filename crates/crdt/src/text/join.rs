//! The join of two documents: the union of their operations.

use smallvec::SmallVec;

use super::document::TextDocument;
use super::error::DocumentError;
use super::inserted::take_chars;
use super::log::Log;
use super::receive::{OpId, Received};
use super::run::Kind;

impl TextDocument {
    /// Adds the operations of `other` that are not here; returns whether there are any. Commutative, associative and
    /// idempotent. Costs a comparison of what both have, and a copy of what is new.
    ///
    /// # Errors
    /// [`DocumentError::Conflict`] if one dot names two operations, those of [`Self::open`] for either document; this
    /// one is then unchanged.
    pub fn merge(&mut self, other: &TextDocument) -> Result<bool, DocumentError> {
        self.open()?;
        let theirs = other.history()?;
        let end = self.log.end();
        let mark = self.log.mark();
        if let Err(error) = join(&mut self.log, &theirs) {
            self.log.rewind(mark);
            return Err(error);
        }
        Ok(self.grown(end))
    }
}

fn join(log: &mut Log, other: &Log) -> Result<(), DocumentError> {
    let same = common_prefix(log, other);
    let mut authors = Vec::with_capacity(other.authors.len());
    for author in &other.authors {
        authors.push(if author.ops > 0 { log.intern(&author.id) } else { u32::MAX });
    }
    let mut rest = other.content_from(same);
    for index in same..other.runs.len() {
        let chain = other.runs.chain_of(index);
        let agent = authors[other.runs.chain_agent(chain) as usize];
        let (stretch, seq) = (other.stretch(index), other.first_op(index));
        let parents = match other.runs.is_inside(index) {
            true => SmallVec::from_slice(&[(agent, seq - 1)]),
            false => {
                let op = |event: &u32| -> OpId {
                    let (author, seq) = other.parent_op(chain, *event);
                    (authors[author as usize], seq)
                };
                other.runs.chain_parents(chain).iter().map(op).collect()
            }
        };
        let text = match stretch.kind {
            Kind::Insert => take_chars(&mut rest, stretch.chars()),
            Kind::Delete => "",
        };
        let before = Some(other.length_before(index));
        log.receive(Received { author: agent, seq, stretch, parents, text, before })?;
    }
    Ok(())
}

/// Number of leading runs that are the same in both logs, in whole chains: all that two copies of one document have in
/// common is compared as memory.
fn common_prefix(log: &Log, other: &Log) -> usize {
    let authors = log.authors.iter().zip(&other.authors).take_while(|(a, b)| a.id == b.id).count();
    let same = log.runs.common(&other.runs, |chain| {
        log.notes[chain] == other.notes[chain] && (log.runs.chain_agent(chain) as usize) < authors
    });
    let text = |log: &Log| log.content.len() - log.content_from(same).len();
    match (log.content.as_bytes().get(..text(log)), other.content.as_bytes().get(..text(other))) {
        (Some(a), Some(b)) if a == b => same,
        _ => 0,
    }
}
