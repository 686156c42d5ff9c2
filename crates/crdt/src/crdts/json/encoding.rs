//! Canonical bytes of a document (`docs/types.md`).

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, MAX_SAFE_INTEGER};

use super::increments::{Increments, Run as Counted};
use super::leaf::Leaf;
use super::order::Run;
use super::place::{List, Place};
use super::text::{Piece, Text};
use super::tree::Tree;
use crate::codec::{DecodeError, Reader, Writer, malformed};
use crate::crdts::event::Stamp;
use crate::edit::{Anchor, ItemId, Side};
use crate::value::Json;

/// What a place holds, a bit each.
const ENTRIES: u8 = 1;
const INCREMENTS: u8 = 2;
const MEMBERS: u8 = 4;
const LIST: u8 = 8;
const TEXT: u8 = 16;

impl Place {
    pub(super) fn put(&self, writer: &mut Writer) {
        let bit = |there: bool, bit: u8| if there { bit } else { 0 };
        writer.byte(
            bit(!self.entries.is_empty(), ENTRIES)
                | bit(!self.increments.is_empty(), INCREMENTS)
                | bit(!self.members.is_empty(), MEMBERS)
                | bit(self.list.is_some(), LIST)
                | bit(self.text.is_some(), TEXT),
        );
        if !self.entries.is_empty() {
            writer.uint(self.entries.len() as u64);
            for (stamp, leaf) in &self.entries {
                put_leaf(writer, leaf);
                stamp.put(writer);
            }
        }
        if !self.increments.is_empty() {
            self.increments.put(writer);
        }
        if !self.members.is_empty() {
            writer.uint(self.members.len() as u64);
            for (key, member) in &self.members {
                writer.text(key);
                member.put(writer);
            }
        }
        if let Some(list) = &self.list {
            list.put(writer);
        }
        if let Some(text) = &self.text {
            text.put(writer);
        }
    }

    /// Reads a place with at most `depth` levels below it. Only the root may be empty.
    pub(super) fn take(reader: &mut Reader<'_>, depth: usize) -> Result<Self, DecodeError> {
        let holds = reader.byte()?;
        if holds >= TEXT << 1 {
            return malformed("a place holds what is unknown");
        }
        let mut place = Place::default();
        if holds & ENTRIES != 0 {
            place.entries = take_entries(reader)?;
        }
        if holds & INCREMENTS != 0 {
            place.increments = Increments::take(reader)?;
        }
        if holds & MEMBERS != 0 {
            for _ in 0..some(reader)? {
                let key = reader.text()?;
                if place.members.last_key_value().is_some_and(|(last, _)| last.as_str() >= key) {
                    return malformed("the members of a map are not in order");
                }
                place.members.insert(key.to_owned(), Place::below(reader, depth)?);
            }
        }
        if holds & LIST != 0 {
            place.list = Some(Box::new(List::take(reader, depth)?));
        }
        if holds & TEXT != 0 {
            place.text = Some(Box::new(Text::take(reader)?));
        }
        Ok(place)
    }

    fn below(reader: &mut Reader<'_>, depth: usize) -> Result<Self, DecodeError> {
        let Some(depth) = depth.checked_sub(1) else { return malformed("a document is nested too deep") };
        match Place::take(reader, depth)? {
            place if place.is_empty() => malformed("a place is empty"),
            place => Ok(place),
        }
    }
}

/// A count that is written only where it is not 0.
fn some(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    match reader.count()? {
        0 => malformed("a count is 0"),
        count => Ok(count),
    }
}

fn put_leaf(writer: &mut Writer, leaf: &Leaf) {
    match leaf {
        Leaf::Scalar(value) => {
            writer.byte(0);
            value.put_canonical(writer.out());
        }
        Leaf::Map => writer.byte(1),
        Leaf::List => writer.byte(2),
        Leaf::Text => writer.byte(3),
    }
}

fn take_entries(reader: &mut Reader<'_>) -> Result<Vec<(Stamp, Leaf)>, DecodeError> {
    let count = some(reader)?;
    // As a rule there is one; what is claimed is not made room for.
    let mut entries: Vec<(Stamp, Leaf)> = Vec::with_capacity(count.min(8));
    for _ in 0..count {
        let leaf = match reader.byte()? {
            0 => match Json::take_canonical(reader.bytes())? {
                Json::Map(_) | Json::List(_) => return malformed("a scalar has members"),
                scalar => Leaf::Scalar(scalar),
            },
            1 => Leaf::Map,
            2 => Leaf::List,
            3 => Leaf::Text,
            _ => return malformed("an entry is of an unknown kind"),
        };
        let stamp = Stamp::take(reader)?;
        if entries.last().is_some_and(|(last, _)| last.dot >= stamp.dot) {
            return malformed("entries are not in order");
        }
        entries.push((stamp, leaf));
    }
    Ok(entries)
}

impl Increments {
    /// Per agent its runs: steps of seq and time from the end of the one before, amount, count.
    fn put(&self, writer: &mut Writer) {
        writer.uint(self.0.len() as u64);
        for (agent, runs) in self.0.iter() {
            writer.agent(agent);
            writer.uint(runs.len() as u64);
            let (mut seq, mut lamport) = (0, 0);
            for run in runs {
                // One agent's grow; only a forger's do not.
                writer.uint(run.seq.saturating_sub(seq));
                writer.uint(run.lamport.saturating_sub(lamport));
                writer.int(run.amount);
                writer.uint(run.count);
                (seq, lamport) = (run.end(), run.lamport + run.count);
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut all: Vec<(AgentId, Vec<Counted>)> = Vec::new();
        for _ in 0..some(reader)? {
            let agent = reader.agent()?;
            if all.last().is_some_and(|(last, _)| *last >= agent) {
                return malformed("increments are not in order");
            }
            let runs = take_increments(reader, &agent)?;
            all.push((agent, runs));
        }
        Ok(Increments(all.into_iter().collect()))
    }
}

fn take_increments(reader: &mut Reader<'_>, agent: &AgentId) -> Result<Vec<Counted>, DecodeError> {
    let mut runs: Vec<Counted> = Vec::new();
    let (mut seq, mut lamport) = (0u64, 0u64);
    for _ in 0..some(reader)? {
        let run = Counted {
            seq: seq.saturating_add(reader.safe_uint()?),
            lamport: lamport.saturating_add(reader.safe_uint()?),
            amount: reader.int()?,
            count: reader.safe_uint()?,
        };
        if run.seq == 0 || run.lamport < run.seq || run.count == 0 {
            return malformed("increments are out of order");
        }
        if run.amount.unsigned_abs() > MAX_SAFE_INTEGER || runs.last().is_some_and(|last| last.goes_on(&run))
        {
            return malformed("increments are too large, or cut where nothing is between");
        }
        let end = run.seq.saturating_add(run.count);
        (seq, lamport) = (end, run.lamport.saturating_add(run.count));
        if end - 1 > reader.covered(agent) || lamport > MAX_SAFE_INTEGER {
            return malformed("increments are beyond the version");
        }
        runs.push(run);
    }
    Ok(runs)
}

impl Tree {
    fn put(&self, writer: &mut Writer) {
        writer.uint(self.runs.len() as u64);
        for (dot, run) in &self.runs {
            writer.dot(dot);
            writer.uint(run.length);
            match &run.anchor.parent {
                None => writer.byte(0),
                Some(parent) => {
                    writer.byte(1 + u8::from(run.anchor.side == Side::Right));
                    writer.dot(&parent.dot);
                    writer.uint(parent.offset);
                }
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut tree = Tree::default();
        let mut items = 0u64;
        for _ in 0..some(reader)? {
            let dot = reader.dot()?;
            if tree.runs.last_key_value().is_some_and(|(last, _)| *last >= dot) {
                return malformed("runs are not in order");
            }
            let length = reader.safe_uint()?;
            items = items.saturating_add(length);
            let side = reader.byte()?;
            let parent = match side {
                0 => None,
                1 | 2 => Some(ItemId { dot: reader.dot()?, offset: reader.safe_uint()? }),
                _ => return malformed("a run hangs on an unknown side"),
            };
            if length == 0 || items > MAX_SAFE_INTEGER {
                return malformed("a run is empty or too long");
            }
            let side = if side == 1 { Side::Left } else { Side::Right };
            tree.runs.insert(dot, Run { anchor: Anchor { parent, side }, length });
        }
        let contained = |run: &Run| run.anchor.parent.as_ref().is_none_or(|parent| tree.contains(parent));
        if !tree.runs.values().all(contained) || tree.order().len() != items {
            return malformed("a run does not hang on the tree");
        }
        Ok(tree)
    }
}

impl List {
    fn put(&self, writer: &mut Writer) {
        self.order.put(writer);
        writer.uint(self.elements.values().map(BTreeMap::len).sum::<usize>() as u64);
        for (dot, places) in &self.elements {
            for (offset, place) in places {
                writer.dot(dot);
                writer.uint(*offset);
                place.put(writer);
            }
        }
    }

    fn take(reader: &mut Reader<'_>, depth: usize) -> Result<Self, DecodeError> {
        let mut list = List { order: Tree::take(reader)?, elements: BTreeMap::new() };
        let mut last: Option<ItemId> = None;
        for _ in 0..reader.count()? {
            let item = ItemId { dot: reader.dot()?, offset: reader.safe_uint()? };
            if !list.order.contains(&item) || last.as_ref().is_some_and(|last| *last >= item) {
                return malformed("elements are not in order, or not in the list");
            }
            let place = Place::below(reader, depth)?;
            list.elements.entry(item.dot.clone()).or_default().insert(item.offset, place);
            last = Some(item);
        }
        Ok(list)
    }
}

impl Text {
    /// Per run with something left, the gaps between its pieces and the pieces.
    fn put(&self, writer: &mut Writer) {
        self.order.put(writer);
        writer.uint(self.live.len() as u64);
        for (dot, pieces) in &self.live {
            writer.dot(dot);
            writer.uint(pieces.len() as u64);
            let mut end = 0;
            for piece in pieces {
                writer.uint(piece.offset.saturating_sub(end));
                writer.text(&piece.text);
                end = piece.offset + piece.length;
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut text = Text { order: Tree::take(reader)?, live: BTreeMap::new() };
        for _ in 0..reader.count()? {
            let dot = reader.dot()?;
            if text.live.last_key_value().is_some_and(|(last, _)| *last >= dot) {
                return malformed("texts are not in order");
            }
            let pieces = take_pieces(reader)?;
            let last = pieces.last().map_or(0, |piece: &Piece| piece.offset + piece.length - 1);
            if !text.order.contains(&ItemId { dot: dot.clone(), offset: last }) {
                return malformed("a text is longer than its run");
            }
            text.live.insert(dot, pieces);
        }
        Ok(text)
    }
}

fn take_pieces(reader: &mut Reader<'_>) -> Result<Vec<Piece>, DecodeError> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut end = 0u64;
    for first in std::iter::once(true).chain(std::iter::repeat(false)).take(some(reader)?) {
        let gap = reader.safe_uint()?;
        let text = reader.text()?.to_owned();
        let length = text.chars().count() as u64;
        if length == 0 || (gap == 0 && !first) {
            return malformed("a text is cut where nothing is missing");
        }
        let offset = end.saturating_add(gap);
        end = offset.saturating_add(length);
        if end > MAX_SAFE_INTEGER {
            return malformed("a text is longer than its run");
        }
        pieces.push(Piece { offset, length, text });
    }
    Ok(pieces)
}
