//! Joining a stored document with a state from outside. What the document has is looked up, not read through: only a
//! text needs its history, page by page.

use std::collections::HashMap;

use ramanujan_core::{Digest, Dot, Polarity, Problem, VectorClock};
use ramanujan_crdt::types::State;
use ramanujan_crdt::{CrdtType, TextDocument};

use super::database::Database;
use super::rows::{TEXT_PAGE, dot_list};
use crate::content::{Content, corrupt};
use crate::memo::tier1;
use crate::merge::join::{Form, Operand, polarity};
use crate::merge::replay::{Entry, Replay, Target, dot_conflict, union};
use crate::merge::reply::{render, render_replay};
use crate::version::Version;

/// Rows read at a time: bounds the memory of one result to a few MiB.
const ROWS: u64 = 8192;
/// Deltas looked up at a time.
const LOOK_UP: usize = 1024;

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
        let crdt_type = version.crdt_type();
        let own = |form| Operand { crdt_type, form };
        let joined = match remote.form {
            form @ (Form::Deltas(_) | Form::Text(_)) => {
                let deltas = union(Vec::new(), form.into_deltas()?)?;
                let (new, known) = self.unknown_to(document, version, deltas)?;
                let polarity = polarity(new.iter().map(|entry| &entry.delta));
                let target = match crdt_type {
                    CrdtType::Text => Target::Text(self.text(document, version)?.into()),
                    _ => Target::State(self.state(document, version)?),
                };
                let (digest, base) = (version.state.clone(), version.clock.clone());
                let mut replay = Replay { target, digest, base, known };
                replay.add(&new)?;
                return render_replay(replay, crdt_type, polarity, encoded);
            }
            Form::Totals(totals) => {
                let counter = version.counter().unwrap_or_default();
                own(Form::Totals(counter)).join(own(Form::Totals(totals)))?
            }
            Form::State(remote) => {
                own(Form::State(self.state(document, version)?)).join(own(Form::State(remote)))?
            }
        };
        render(&joined, encoded)
    }

    /// The deltas that the document lacks, and the versions after those of their parents that it has.
    fn unknown_to(
        &self,
        document: &str,
        version: &Version,
        deltas: Vec<Entry>,
    ) -> Result<(Vec<Entry>, HashMap<Dot, VectorClock>), Problem> {
        let named = deltas.iter().flat_map(|entry| entry.delta.parents.iter().chain([&entry.delta.dot]));
        let mut dots: Vec<&Dot> = named.filter(|dot| version.holds(dot)).collect();
        dots.sort_unstable();
        dots.dedup();
        let mut digests: HashMap<Dot, Digest> = HashMap::with_capacity(dots.len());
        let mut clocks: HashMap<Dot, VectorClock> = HashMap::with_capacity(dots.len());
        for dots in dots.chunks(LOOK_UP) {
            self.look_up(document, dots, &mut digests, &mut clocks)?;
        }
        let mut new = Vec::new();
        for entry in deltas {
            match digests.get(&entry.delta.dot) {
                None => new.push(entry),
                Some(digest) if *digest == entry.digest => {}
                Some(_) => return Err(dot_conflict(&entry)),
            }
        }
        Ok((new, clocks))
    }

    fn look_up(
        &self,
        document: &str,
        dots: &[&Dot],
        digests: &mut HashMap<Dot, Digest>,
        clocks: &mut HashMap<Dot, VectorClock>,
    ) -> Result<(), Problem> {
        let names = dot_list(dots.iter().map(|dot| (dot.agent.as_str(), dot.seq)))?;
        // In the order of `dots`, of which each is stored: a document's deltas have no gaps.
        let sql = "SELECT d.digest, d.clock FROM json_each(?2) n CROSS JOIN crdt_deltas d
             ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1 ORDER BY n.key";
        let rows = self.0.execute(sql, [document.into(), names.into()])?;
        if rows.len() != dots.len() {
            return Err(corrupt(document, "deltas of the version are missing"));
        }
        for (dot, row) in dots.iter().zip(rows) {
            let digest = row.blob(0)?.try_into().map_err(|_| corrupt(document, "a digest is no digest"))?;
            let clock =
                serde_json::from_str(row.text(1)?).map_err(|_| corrupt(document, "a clock is no clock"))?;
            digests.insert((*dot).clone(), Digest(digest));
            clocks.insert((*dot).clone(), clock);
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
            let params = [document.into(), after.into(), version.log.into(), ROWS.into()];
            let page = self.select_outlines(TEXT_PAGE, params)?;
            let Some(last) = page.last() else { return Ok(text) };
            after = last.log;
            for delta in page {
                let (dot, parents) = (delta.dot.clone(), delta.parents.clone());
                text.push(&dot, &parents, &delta.into_op()).map_err(|error| corrupt(document, error))?;
            }
        }
    }
}
