//! Bringing the text up to the history.

use super::admit::Admitted;
use super::document::TextDocument;
use super::inserted::take_chars;
use super::log::Log;
use super::pending::Pending;
use super::rope::Rope;
use super::run::{Kind, Lv};
use super::walker::Change;

impl TextDocument {
    /// Notes what a batch that is now in the log does to the text, which had all before it.
    pub(super) fn defer(&mut self, admitted: Admitted) {
        let Admitted { length, changes } = admitted;
        self.length = Some(length);
        if !changes.is_empty() {
            self.pending = Some(Pending { changes, end: self.log.end(), version: self.log.heads.clone() });
        }
    }

    /// Applies to the text what the log has beyond it. The history must be open.
    pub(super) fn settle(&mut self) {
        if self.applied == self.log.end() {
            return;
        }
        if let Some(Pending { changes, end, version }) = self.pending.take() {
            changes.into_iter().for_each(|change| apply(&self.log, &mut self.text, change));
            (self.applied, self.applied_version) = (end, version);
            if end == self.log.end() {
                return;
            }
        }
        let TextDocument { log, text, replay, .. } = self;
        if log.is_chain(self.applied, &self.applied_version) {
            apply_chain(log, self.applied, text);
        } else {
            let (from, sink) = (&self.applied_version, |change| apply(log, text, change));
            replay.follow(&log.runs, &log.authors, from, self.applied, &log.heads, sink);
        }
        self.applied = self.log.end();
        self.applied_version = self.log.heads.clone();
        self.length = Some(self.text.len_chars() as u32);
    }
}

fn apply(log: &Log, text: &mut Rope, change: Change) {
    let mut position = change.position as usize;
    match change.kind {
        Kind::Insert => log.for_text(change.events, |part, count| {
            text.insert(position, part);
            position += count as usize;
        }),
        Kind::Delete => text.delete(position, change.events.len()),
    }
}

/// Applies events as they were made: nothing is concurrent to them.
fn apply_chain(log: &Log, start: Lv, text: &mut Rope) {
    let first = log.runs.find(start);
    let mut rest = log.content_from(first);
    for index in first..log.runs.len() {
        let run = log.runs.get(index);
        let skipped = start.saturating_sub(run.start);
        let count = (run.len - skipped) as usize;
        match run.kind {
            Kind::Insert => {
                take_chars(&mut rest, skipped);
                text.insert((run.position + skipped) as usize, take_chars(&mut rest, count as u32));
            }
            Kind::Delete if run.backward => text.delete((run.position + 1 - run.len) as usize, count),
            Kind::Delete => text.delete(run.position as usize, count),
        }
    }
}
