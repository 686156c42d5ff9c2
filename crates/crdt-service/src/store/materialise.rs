//! Building a document's content at a version: the newest state at hand below it, and the deltas since.
//!
//! Deltas are taken in log order, page by page, so memory is bounded by a page and the state, not by the history.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, Polarity, Problem, VectorClock};
use ramanujan_crdt::ancestry::NeedsHistory;
use ramanujan_crdt::pasts::Pasts;
use ramanujan_crdt::types::{Event, Past, difference};
use ramanujan_crdt::{CrdtType, Delta, Json, Op, StateDigest, TextError, TextGraph};
use ramanujan_shell::page::Page;

use super::database::Database;
use super::graph::FIRST_TAIL;
use super::rows::{Logged, OUTLINE_COLUMNS, dot_list};
use super::snapshots::{NEAREST, is_due, tail_bound};
use crate::content::{Content, Materialised, corrupt};
use crate::memo::key::Key;
use crate::memo::tier1::{self, Cached};
use crate::record::Outline;
use crate::version::{At, Version, counter_value};

/// Rows read at a time, of small ones: of large ones as many as make a page. A place between two pages is one where a
/// snapshot may be kept, so it is no longer than they may lie apart.
const ROWS: u64 = NEAREST;

impl Database {
    /// The value of a version, and what there is to say beside it. `near` is a state that may be below it.
    pub(crate) fn value_at(
        &self,
        document: &str,
        version: &Version,
        near: Option<Rc<Materialised>>,
    ) -> Result<(Json, Option<Json>), Problem> {
        if let Some(value) = version.value {
            // Rows carry their agents' totals: there is nothing to replay.
            return Ok((counter_value(value), None));
        }
        let state = self.materialise(document, version, near)?;
        Ok(match &state.content {
            Content::Text(text) => (Json::Text(text.clone()), None),
            Content::State(state) => state.shown(),
        })
    }

    /// The operations of `agent` that lead from the current version of a document to what an earlier one shows.
    ///
    /// # Errors
    /// 409 `cannot-restore` if a single agent's operations cannot do it.
    pub(crate) fn way_back(
        &self,
        document: &str,
        current: &Version,
        wanted: &Version,
        agent: &AgentId,
    ) -> Result<Vec<Op>, Problem> {
        // Two states, what they show and the operations are there at once.
        tier1::make_room();
        let ops = match current.crdt_type {
            of if of == CrdtType::Text || of.is_counter() => {
                let (from, _) = self.value_at(document, current, None)?;
                let (to, _) = self.value_at(document, wanted, None)?;
                difference(of, &from, &to)
            }
            _ => {
                let (from, to) = (self.state(document, current)?, self.state(document, wanted)?);
                from.lead_to(&to, agent)
            }
        };
        ops.map_err(|error| Problem::new(Code::CannotRestore, error.to_string()))
    }

    /// The document at a version of stored deltas.
    pub(super) fn content_at(
        &self,
        document: &DocumentId,
        heads: &[Dot],
    ) -> Result<Rc<Materialised>, Problem> {
        let version = self.version(document, &At::Heads(heads.to_vec()))?;
        self.materialise(document.as_str(), &version, tier1::base(document.as_str()))
    }

    /// The state of `document` at `version`; `near` is a state that may be below it, e.g. one kept from an earlier
    /// request.
    ///
    /// # Errors
    /// 500 `store-corrupt` if the rows do not make a document.
    pub(super) fn materialise(
        &self,
        document: &str,
        version: &Version,
        near: Option<Rc<Materialised>>,
    ) -> Result<Rc<Materialised>, Problem> {
        let crdt_type = version.crdt_type;
        let digest = version.digest;
        let near = match near.filter(|near| near.is_below(version)) {
            Some(near) if near.digest == Some(digest) => return Ok(near),
            Some(near)
                if near.digest.is_some()
                    && near.digest == self.digest_at(document, crdt_type, &list(&near.heads))? =>
            {
                Some(near)
            }
            _ => None,
        };
        let bound = tail_bound()?;
        let stored = match &near {
            // A snapshot could save a few deltas at most.
            Some(near) if version.log - near.log <= bound => None,
            near => self.snapshot_below(document, version, near.as_ref().map_or(0, |near| near.log))?,
        };
        let mut state = match (stored, near) {
            (Some(stored), _) => stored,
            (None, Some(near)) => {
                if version.is_prefix() || near.memory() > tier1::BESIDE_LARGE_WORK {
                    // It makes way for the one that it becomes; else both would be there.
                    tier1::give_up(document, &near);
                }
                Rc::unwrap_or_clone(near)
            }
            (None, None) => Materialised::empty(crdt_type),
        };
        let mut pasts = Pasts::default();
        loop {
            let (read, more) = if crdt_type == CrdtType::Text {
                self.take_text_page(document, version, &mut state)?
            } else {
                self.take_page(document, version, &mut state, &mut pasts)?
            };
            state.unsaved += read;
            if version.is_prefix() && state.unsaved >= bound && (!more || is_due(&state)) {
                self.write_snapshot(document, &mut state)?;
            }
            if !more {
                break;
            }
        }
        if state.deltas != version.operations {
            return Err(corrupt(document, "deltas of the version are missing"));
        }
        state.digest = version.is_prefix().then_some(digest);
        let state = Rc::new(state);
        if version.is_prefix() && tier1::worth(state.replayed()) {
            let key = Key::of_state(crdt_type, document, &digest);
            tier1::put(key, Cached::Document(Rc::clone(&state)), state.memory(), Polarity::Neutral);
            if tier1::base(document).is_none_or(|newest| newest.log <= state.log) {
                tier1::set_head(document, key);
            }
        }
        Ok(state)
    }

    /// Digest of the version with these heads, as they are in the store.
    fn digest_at(
        &self,
        document: &str,
        crdt_type: CrdtType,
        heads: &[Dot],
    ) -> Result<Option<Digest>, Problem> {
        let links = self.links_of(document, heads)?;
        if links.len() != heads.len() {
            return Ok(None);
        }
        let heads = links.into_iter().map(|link| (link.dot, link.hash));
        Ok(Some(StateDigest::of(crdt_type, heads).digest()))
    }

    /// Applies the next page of deltas; returns how many rows there were, and whether there are more.
    fn take_page(
        &self,
        document: &str,
        version: &Version,
        state: &mut Materialised,
        pasts: &mut Pasts,
    ) -> Result<(u64, bool), Problem> {
        let params = [document.into(), state.log.into(), version.log.into()];
        let Page { items: page, more } = self.page_of_logged(params, ROWS)?;
        let content = std::mem::replace(&mut state.content, Content::Text(String::new()));
        let Content::State(mut content) = content else {
            return Err(corrupt(document, "its newest delta is of another type than its state"));
        };
        let mut applying = content.applying();
        for next in page.iter().filter(|next| version.holds(&next.delta.dot)) {
            let Delta { dot, parents, op } = &next.delta;
            let past = self.past_of(document, next, state, applying.version(), pasts)?;
            let made_after = past.as_ref().map_or(Past::Whole { total: state.deltas }, Past::Version);
            let event = Event { dot, past: made_after };
            applying.apply(&event, op).map_err(|error| corrupt(document, error))?;
            state.cover(next.log, dot, parents);
            pasts.took(dot, parents, past);
        }
        drop(applying);
        state.content = Content::State(content);
        state.log = page.last().map_or(state.log, |last| last.log);
        Ok((page.len() as u64, more))
    }

    /// What the next delta was made after; `None` if that is all that is in `state`, which has this version.
    fn past_of(
        &self,
        document: &str,
        next: &Logged,
        state: &Materialised,
        version: &VectorClock,
        pasts: &mut Pasts,
    ) -> Result<Option<VectorClock>, Problem> {
        let parents = &next.delta.parents;
        if state.is_seen_by(parents) {
            return Ok(None);
        }
        if let Some(past) = next.past()? {
            return Ok(Some(past));
        }
        let mut limit = FIRST_TAIL;
        loop {
            match pasts.of(state.heads.iter(), version, parents) {
                Ok(past) => return Ok(past),
                Err(NeedsHistory) => {
                    let (ancestry, all) = self.ancestry(document, next.log, limit)?;
                    if all && ancestry.lacking(&list(&state.heads), parents).is_err() {
                        return Err(corrupt(document, NeedsHistory));
                    }
                    pasts.go_on_from(ancestry);
                    limit *= 4;
                }
            }
        }
    }

    /// As [`Database::take_page`], of a text.
    fn take_text_page(
        &self,
        document: &str,
        version: &Version,
        state: &mut Materialised,
    ) -> Result<(u64, bool), Problem> {
        let Page { items: mut page, more } = self.text_page(document, state.log, version.log)?;
        let (read, last) = (page.len() as u64, page.last().map_or(state.log, |last| last.log));
        page.retain(|delta| version.holds(&delta.dot));
        let base = list(&state.heads);
        let before = state.log;
        for delta in &page {
            state.cover(delta.log, &delta.dot, &delta.parents);
        }
        state.log = last;
        let Content::Text(text) = &mut state.content else {
            return Err(corrupt(document, "its newest delta is of another type than its state"));
        };
        let heads = list(&state.heads);
        let leads_back = {
            let at_hand: HashSet<&Dot> = page.iter().map(|delta| &delta.dot).chain(&base).collect();
            page.iter().flat_map(|delta| &delta.parents).any(|parent| !at_hand.contains(parent))
        };
        let mut lookback = if leads_back { FIRST_TAIL } else { 0 };
        loop {
            let (older, all) = self.older(document, version, &base, before, lookback)?;
            let mut graph = TextGraph::new();
            older.iter().chain(&page).for_each(|delta| delta.push_to(&mut graph));
            match graph.advance(text, &base, &heads) {
                Ok(advanced) => {
                    *text = advanced;
                    return Ok((read, more));
                }
                Err(TextError::NeedsHistory) if !all => lookback = (lookback * 4).max(FIRST_TAIL),
                Err(error) => return Err(corrupt(document, error)),
            }
        }
    }

    /// The deltas that `base` names and the `lookback` newest ones up to `log`, without their texts; and whether these
    /// are all there are.
    fn older(
        &self,
        document: &str,
        version: &Version,
        base: &[Dot],
        log: u64,
        lookback: u64,
    ) -> Result<(Vec<Outline>, bool), Problem> {
        let sql = format!(
            "SELECT {OUTLINE_COLUMNS}, '' FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1"
        );
        let dots = dot_list(base.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
        let mut older = self.select_outlines(&sql, [document.into(), dots.into()])?;
        let mut all = base.is_empty();
        if lookback > 0 {
            let tail = self.tail(document, log, lookback)?;
            all |= tail.is_all;
            older.extend(tail.outlines.into_iter().filter(|delta| version.holds(&delta.dot)));
        }
        older.sort_unstable_by_key(|delta| delta.log);
        older.dedup_by_key(|delta| delta.log);
        Ok((older, all))
    }
}

fn list(heads: &BTreeSet<Dot>) -> Vec<Dot> {
    heads.iter().cloned().collect()
}
