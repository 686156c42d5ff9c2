//! The join of two documents: the union of their operations.

use super::document::TextDocument;
use super::error::DocumentError;
use super::log::Log;
use super::receive::{OpId, Received};

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
    for index in same..other.runs.len() {
        let (run, note) = (&other.runs[index], &other.notes[index]);
        let op = |event: &u32| -> OpId {
            let (author, seq) = other.parent_op(index, *event);
            (authors[author as usize], seq)
        };
        let piece = Received {
            author: authors[run.agent as usize],
            seq: note.seq,
            stretch: other.stretch(index),
            parents: run.parents.iter().map(op).collect(),
            text: other.text_of_run(index),
            before: Some(note.before),
        };
        log.receive(piece)?;
    }
    Ok(())
}

/// Number of leading runs that are the same in both logs: all that two copies of one document have in common is
/// compared as memory.
fn common_prefix(log: &Log, other: &Log) -> usize {
    let authors = log.authors.iter().zip(&other.authors).take_while(|(a, b)| a.id == b.id).count();
    let ours = log.runs.iter().zip(&log.notes);
    let theirs = other.runs.iter().zip(&other.notes);
    let same = ours.zip(theirs).take_while(|(a, b)| a == b && (a.0.agent as usize) < authors).count();
    let text = |log: &Log| log.notes.get(same).map_or(log.content.len(), |note| note.content as usize);
    match (log.content.as_bytes().get(..text(log)), other.content.as_bytes().get(..text(other))) {
        (Some(a), Some(b)) if a == b => same,
        _ => 0,
    }
}
