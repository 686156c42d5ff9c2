//! Joining a stored document with a state from outside. What the document has is looked up, not read through: only a
//! text needs its history, page by page.

use std::collections::{HashMap, HashSet};

use ramanujan_core::{Digest, Dot, Polarity, Problem, VectorClock};
use ramanujan_crdt::state::HashDag;
use ramanujan_crdt::types::State;
use ramanujan_crdt::{CrdtType, TextDocument};

use super::database::Database;
use super::rows::{bad, dot_list, read_clock};
use crate::content::{Content, corrupt};
use crate::memo::tier1;
use crate::merge::join::{Form, Operand, nothing_in_common, polarity};
use crate::merge::replay::{Entry, Replay, Target, dot_conflict, union};
use crate::merge::reply::{render, render_replay};
use crate::version::Version;

/// Deltas looked up at a time.
const LOOK_UP: usize = 1024;

/// The deltas that a document lacks, and what is known of those that it has.
#[derive(Default)]
struct Unknown {
    new: Vec<Entry>,
    hashes: HashMap<Dot, Digest>,
    /// Versions after deltas that new ones were made on.
    clocks: HashMap<Dot, VectorClock>,
}

impl Database {
    /// The reply's members that tell of `document` at `version` joined with `remote`.
    ///
    /// # Errors
    /// 409 if the two hold different deltas under one dot; 422 if the remote deltas do not fit; 503 if the store does
    /// not answer.
    pub(crate) fn join(
        &self,
        document: &str,
        version: &Version,
        remote: Operand,
        encoded: bool,
    ) -> Result<(Vec<u8>, Polarity), Problem> {
        let crdt_type = version.crdt_type;
        let own = |form| Operand { crdt_type, form };
        let joined = match remote.form {
            form @ (Form::Deltas(_) | Form::Text(_)) => {
                let deltas = union(Vec::new(), form.into_deltas()?)?;
                let Unknown { new, clocks: known, hashes } = self.unknown_to(document, version, deltas)?;
                let polarity = polarity(new.iter().map(|entry| &entry.delta));
                let target = match crdt_type {
                    CrdtType::Text => Target::Text(self.text(document, version)?.into()),
                    _ => Target::State(self.state(document, version)?),
                };
                let hashes = HashDag::after(version.state.clone(), hashes);
                let mut replay = Replay { target, hashes, known };
                replay.add(&new)?;
                return render_replay(replay, crdt_type, polarity, encoded);
            }
            Form::Totals(totals) => {
                if !crdt_type.is_counter() {
                    return Err(nothing_in_common());
                }
                let counter = self.totals(document, version)?;
                own(Form::Totals(counter)).join(own(Form::Totals(totals)))?
            }
            Form::State(remote) => {
                own(Form::State(self.state(document, version)?)).join(own(Form::State(remote)))?
            }
        };
        render(&joined, encoded)
    }

    fn unknown_to(&self, document: &str, version: &Version, deltas: Vec<Entry>) -> Result<Unknown, Problem> {
        let named = deltas.iter().flat_map(|entry| entry.delta.parents.iter().chain([&entry.delta.dot]));
        let mut dots: Vec<Dot> = named.cloned().collect();
        dots.sort_unstable();
        dots.dedup();
        let mut digests: HashMap<Dot, Digest> = HashMap::with_capacity(dots.len());
        let mut found = Unknown::default();
        for dots in dots.chunks(LOOK_UP) {
            self.look_up(document, version, dots, &mut digests, &mut found)?;
        }
        for entry in deltas {
            match digests.get(&entry.delta.dot) {
                None => found.new.push(entry),
                Some(digest) if *digest == entry.digest => {}
                Some(_) => return Err(dot_conflict(&entry)),
            }
        }
        // Only what new deltas were made on is asked for, and of a text not even that.
        let parents: HashSet<&Dot> = found.new.iter().flat_map(|entry| &entry.delta.parents).collect();
        found.clocks.retain(|dot, _| parents.contains(dot));
        if version.crdt_type != CrdtType::Text {
            let has_none =
                |parent: &&&Dot| found.hashes.contains_key(**parent) && !found.clocks.contains_key(**parent);
            let asked: Vec<Dot> = parents.iter().filter(has_none).map(|parent| (*parent).clone()).collect();
            for asked in asked.chunks(LOOK_UP) {
                found.clocks.extend(self.clocks_after(document, asked)?);
            }
        }
        Ok(found)
    }

    fn look_up(
        &self,
        document: &str,
        version: &Version,
        dots: &[Dot],
        digests: &mut HashMap<Dot, Digest>,
        found: &mut Unknown,
    ) -> Result<(), Problem> {
        let names = dot_list(dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
        let sql = "SELECT d.agent_id, d.seq, d.digest, d.hash, d.clock FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1 WHERE d.log <= ?3";
        for row in self.0.execute(sql, [document.into(), names.into(), version.log.into()])? {
            let dot = Dot::new(row.text(0)?.parse().map_err(|_| bad("agent_id"))?, row.uint(1)?);
            if !version.holds(&dot) {
                continue;
            }
            let digest = |column| row.blob(column)?.try_into().map(Digest).map_err(|_| bad("digest"));
            digests.insert(dot.clone(), digest(2)?);
            found.hashes.insert(dot.clone(), digest(3)?);
            if let Some(clock) = read_clock(row.text(4)?)? {
                found.clocks.insert(dot, clock);
            }
        }
        Ok(())
    }

    pub(super) fn state(&self, document: &str, version: &Version) -> Result<Box<State>, Problem> {
        match &self.materialise(document, version, tier1::base(document))?.content {
            Content::State(state) => Ok(state.clone()),
            Content::Text(_) => Err(corrupt(document, "its deltas are of another type than its newest")),
        }
    }

    /// All deltas of a text, because what comes from outside may have forked off anywhere.
    fn text(&self, document: &str, version: &Version) -> Result<TextDocument, Problem> {
        let mut text = TextDocument::new();
        let mut after = 0;
        loop {
            let page = self.text_page(document, after, version.log)?;
            for delta in page.items {
                let (dot, parents) = (delta.dot.clone(), delta.parents.clone());
                after = delta.log;
                text.push(&dot, &parents, &delta.into_op()).map_err(|error| corrupt(document, error))?;
            }
            if !page.more {
                return Ok(text);
            }
        }
    }
}
