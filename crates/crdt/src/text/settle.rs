//! Bringing the text up to the history.

use super::document::TextDocument;
use super::log::Log;
use super::rope::Rope;
use super::run::{Kind, Lv};

impl TextDocument {
    /// Applies to the text what the log has beyond it. The history must be open.
    pub(super) fn settle(&mut self) {
        let end = self.log.end();
        if self.applied == end {
            return;
        }
        let TextDocument { log, text, replay, .. } = self;
        if is_chain(log, self.applied, &self.applied_version) {
            apply_chain(log, self.applied, text);
        } else {
            replay.transform(log, &self.applied_version, &log.heads, |change| {
                let mut position = change.position as usize;
                match change.kind {
                    Kind::Insert => log.for_text(change.events, |part, chars| {
                        text.insert(position, part);
                        position += chars as usize;
                    }),
                    Kind::Delete => text.delete(position, change.events.len()),
                }
            });
        }
        self.applied = end;
        self.applied_version = self.log.heads.clone();
        self.length = Some(self.text.len_chars() as u32);
    }
}

/// Whether each event from `start` on was made directly after the one before it, the first in version `base`.
fn is_chain(log: &Log, start: Lv, base: &[Lv]) -> bool {
    let first = log.run_of(start);
    let begins = match log.runs[first].start {
        at if at == start => log.runs[first].parents.as_slice() == base,
        _ => base == [start - 1],
    };
    begins && log.runs[first + 1..].iter().all(|run| run.parents.as_slice() == [run.start - 1])
}

/// Applies events as they were made: nothing is concurrent to them.
fn apply_chain(log: &Log, start: Lv, text: &mut Rope) {
    for index in log.run_of(start)..log.runs.len() {
        let run = &log.runs[index];
        let skipped = start.saturating_sub(run.start);
        let count = (run.len - skipped) as usize;
        match run.kind {
            Kind::Insert => {
                let inserted = log.text_of_run(index);
                let inserted = super::log::chars(inserted, run.len, skipped as usize, run.len as usize);
                text.insert((run.position + skipped) as usize, inserted);
            }
            Kind::Delete if run.backward => text.delete((run.position + 1 - run.len) as usize, count),
            Kind::Delete => text.delete(run.position as usize, count),
        }
    }
}
