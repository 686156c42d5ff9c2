//! Whole documents as bytes: the history alone, or a snapshot that carries the text as well.
//!
//! A loaded snapshot gives its text, version and heads at once; its history stays bytes until it is needed.

use super::decode::{self, Entry, read_table};
use super::document::TextDocument;
use super::encode;
use super::error::DocumentError;
use super::rope::{Rope, count_chars};
use super::run::Lv;
use super::sealed::Sealed;
use crate::codec::container::{self, Kind};
use crate::codec::{Bytes, DecodeError, Effort, put_uint};
use crate::crdts::crdt_type::CrdtType;

impl TextDocument {
    /// The history in as few bytes as we know how. Equal sets of deltas give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with(Effort::Small)
    }

    /// The history, written and read faster or stored smaller. A snapshot that was loaded and not touched since keeps
    /// the effort that it was made with.
    pub fn encode_with(&self, effort: Effort) -> Vec<u8> {
        let mut out = container::begin(CrdtType::Text.envelope_number(), Kind::Deltas);
        self.put_history(&mut out, effort);
        container::seal(out)
    }

    /// The merged text and the history: reading the text of it takes no replay.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn snapshot(&mut self) -> Result<Vec<u8>, DocumentError> {
        let text = self.text()?;
        let mut out = container::begin(CrdtType::Text.envelope_number(), Kind::Snapshot);
        out.reserve(2 * text.len());
        let version = self.version();
        let agents: Vec<&str> = version.iter().map(|(agent, _)| agent).collect();
        let heads = self.heads();
        put_uint(&mut out, heads.len() as u64);
        for head in heads {
            let place = agents.binary_search(&head.agent.as_str()).unwrap_or_else(|place| place);
            put_uint(&mut out, place as u64);
            put_uint(&mut out, head.seq);
        }
        put_uint(&mut out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
        self.put_history(&mut out, Effort::Small);
        Ok(container::seal(out))
    }

    fn put_history(&self, out: &mut Vec<u8>, effort: Effort) {
        match &self.sealed {
            Some(sealed) => out.extend_from_slice(&sealed.body),
            None => out.extend(encode::body(&self.log, &vec![0; self.log.authors.len()], effort)),
        }
    }

    /// A document from what [`Self::encode`] or [`Self::snapshot`] wrote.
    ///
    /// A history is checked as if its operations came one by one. A snapshot's history is checked when it is first
    /// needed; see [`Self::verify`] for its text.
    ///
    /// # Errors
    /// [`DocumentError`], for bytes from a newer version too.
    pub fn load(bytes: &[u8]) -> Result<Self, DocumentError> {
        let (kind, body) = container::open(bytes, CrdtType::Text.envelope_number())?;
        let mut document = TextDocument::new();
        match kind {
            Kind::Deltas => {
                let admitted = decode::read_into(&mut document.log, &mut document.replay, 0, body)?;
                document.defer(admitted);
            }
            Kind::Snapshot => {
                let (text, sealed) = read_snapshot(body)?;
                document.text = Rope::from_text(text);
                document.length = Some(sealed.length as u32);
                document.sealed = Some(sealed);
            }
            Kind::Batch => return Err(DecodeError::Kind(kind as u8 + 1).into()),
        }
        Ok(document)
    }

    /// Adds what an encoding has and this document lacks; returns whether that is anything.
    ///
    /// # Errors
    /// [`DocumentError`], as [`Self::merge`] and [`Self::load`]; the document is then unchanged.
    pub fn apply_encoded(&mut self, bytes: &[u8]) -> Result<bool, DocumentError> {
        let (kind, body) = container::open(bytes, CrdtType::Text.envelope_number())?;
        let length = self.settled_length()?;
        let end = self.log.end();
        let snapshot = if kind == Kind::Snapshot { Some(read_snapshot(body)?.1) } else { None };
        let body = snapshot.as_ref().map_or(body, |sealed| &sealed.body);
        let admitted = decode::read_into(&mut self.log, &mut self.replay, length, body)?;
        self.defer(admitted);
        Ok(self.log.end() > end)
    }

    /// Notes that operations may have come in since the log ended at `end`.
    pub(super) fn grown(&mut self, end: Lv) -> bool {
        let grown = self.log.end() > end;
        if grown {
            self.length = None;
        }
        grown
    }
}

fn read_snapshot(body: &[u8]) -> Result<(String, Sealed), DecodeError> {
    let mut reader = Bytes(body);
    let count = reader.length()?;
    let mut heads = Vec::new();
    for _ in 0..count {
        heads.push((reader.uint32()?, reader.uint32()?));
    }
    let length = reader.length()?;
    let text = std::str::from_utf8(reader.bytes(length)?)
        .map_err(|_| DecodeError::Malformed("the text is not UTF-8"))?;
    let body = reader.0;
    let table = read_table(&mut reader)?;
    if table.iter().any(|entry| entry.since > 0 || entry.ops == 0) {
        return Err(DecodeError::Malformed("a snapshot's history begins in the middle"));
    }
    let known = |(agent, seq): &(u32, u32)| {
        table.get(*agent as usize).is_some_and(|entry| (1..=entry.ops).contains(seq))
    };
    if !heads.iter().all(known) || !heads.is_sorted() {
        return Err(DecodeError::Malformed("a head is not in the history"));
    }
    let table = table.into_iter().map(|Entry { id, ops, .. }| (id, ops)).collect();
    let length = count_chars(text);
    Ok((text.to_owned(), Sealed { body: body.into(), table, heads, length }))
}
