//! What runs insert, and how long they leave the document: counted from the beginning of their chain.

use super::log::Log;
use super::rope::char_offset;
use super::run::{Kind, Lv, Run};

impl Log {
    /// The runs of a chain that come before one of its runs.
    fn before_in_chain(&self, index: usize) -> impl Iterator<Item = Run> {
        let first = self.runs.chain_runs(self.runs.chain_of(index)).start;
        (first..index).map(|index| self.runs.get(index))
    }

    /// Code points of the document before a run.
    pub(crate) fn length_before(&self, index: usize) -> u32 {
        let before = self.notes[self.runs.chain_of(index)].before;
        self.before_in_chain(index).fold(before, |length, run| match run.kind {
            Kind::Insert => length + run.len,
            Kind::Delete => length.saturating_sub(run.len),
        })
    }

    /// The text that is inserted from a run on.
    pub(crate) fn content_from(&self, index: usize) -> &str {
        if index == self.runs.len() {
            return "";
        }
        let rest = &self.content[self.notes[self.runs.chain_of(index)].content as usize..];
        let inserts = self.before_in_chain(index).filter(|run| run.kind == Kind::Insert);
        let inserted: usize = inserts.map(|run| run.len as usize).sum();
        &rest[char_offset(rest, inserted)..]
    }

    /// The text that a chain inserts.
    pub(crate) fn text_of_chain(&self, chain: usize) -> &str {
        let end = self.notes.get(chain + 1).map_or(self.content.len(), |next| next.content as usize);
        &self.content[self.notes[chain].content as usize..end]
    }

    /// The text that a run inserts.
    pub(crate) fn text_of_run(&self, index: usize) -> &str {
        let Run { kind, len, .. } = self.runs.get(index);
        match kind {
            Kind::Insert => take_chars(&mut self.content_from(index), len),
            Kind::Delete => "",
        }
    }

    /// Calls `take` with the text of consecutive insertions and the number of its code points.
    pub(crate) fn for_text(&self, events: std::ops::Range<Lv>, mut take: impl FnMut(&str, u32)) {
        let mut at = events.start;
        let mut index = self.runs.find(at);
        let mut rest = self.content_from(index);
        take_chars(&mut rest, at - self.runs.start(index));
        while at < events.end {
            let until = events.end.min(self.runs.start(index + 1));
            take(take_chars(&mut rest, until - at), until - at);
            at = until;
            index += 1;
        }
    }

    /// Length of the document after an event's operation, in that operation's version.
    pub(crate) fn length_after(&self, event: Lv) -> u32 {
        let index = self.runs.find(event);
        let run = self.runs.get(index);
        let done = event - run.start + 1;
        match run.kind {
            Kind::Insert => self.length_before(index) + done,
            Kind::Delete => self.length_before(index).saturating_sub(done),
        }
    }
}

/// Cuts the first code points off a text.
pub(crate) fn take_chars<'a>(rest: &mut &'a str, count: u32) -> &'a str {
    let (taken, left) = rest.split_at(char_offset(rest, count as usize));
    *rest = left;
    taken
}

/// The code points from `from` to `to` of a text that has `len` of them.
pub(crate) fn chars(text: &str, len: u32, from: usize, to: usize) -> &str {
    if text.len() == len as usize {
        return &text[from..to];
    }
    let rest = &text[char_offset(text, from)..];
    &rest[..char_offset(rest, to - from)]
}
