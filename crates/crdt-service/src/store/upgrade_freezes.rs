//! Freezes from before deltas had hashes. Such a freeze committed to a chain of hashes per agent: where the rows still
//! make that chain, it is given the heads and the digest by which versions are named now. Its id, which its successors
//! and its owners know, stays.

use std::collections::HashMap;

use ramanujan_core::{Digest, Dot, Problem, VectorClock};
use ramanujan_crdt::codec::{put_text, put_uint};
use ramanujan_crdt::{CrdtType, StateDigest};

use super::database::Database;
use super::rows::bad;

impl Database {
    pub(super) fn upgrade_freezes(
        &self,
        document: &str,
        hashes: &HashMap<Dot, Digest>,
    ) -> Result<(), Problem> {
        let sql =
            "SELECT id, crdt_type, clock, digest FROM crdt_freezes WHERE document_id = ?1 AND heads IS NULL";
        for row in self.0.execute(sql, [document.into()])? {
            let crdt_type: CrdtType = row.text(1)?.parse().map_err(|_| bad("crdt_type"))?;
            let clock: VectorClock = serde_json::from_str(row.text(2)?).map_err(|_| bad("clock"))?;
            if self.chained(document, crdt_type, &clock)?.as_ref().map(Digest::as_bytes)
                != <&[u8; 32]>::try_from(row.blob(3)?).ok()
            {
                continue; // It is found out when somebody asks for it.
            }
            let mut heads: Vec<Dot> = Vec::new();
            for link in self.links_until(document, &clock)? {
                heads.retain(|head| !link.parents.contains(head));
                heads.push(link.dot);
            }
            heads.sort_unstable();
            let named = heads.iter().filter_map(|head| Some((head.clone(), *hashes.get(head)?)));
            let state = StateDigest::of(crdt_type, named);
            let sql = "UPDATE crdt_freezes SET heads = ?2, digest = ?3, fingerprint = ?4 WHERE id = ?1";
            let params = [
                row.uint(0)?.into(),
                serde_json::to_string(&heads)?.into(),
                state.digest().as_bytes().as_slice().into(),
                state.fingerprint().to_string().into(),
            ];
            self.0.execute(sql, params)?;
        }
        Ok(())
    }

    /// The digest by which a version used to be named: of the type and, for each agent in order, its name, its number of
    /// deltas and the head of its chain, `chain(n) = SHA-256(chain(n-1) ‖ digest(n))`.
    fn chained(
        &self,
        document: &str,
        crdt_type: CrdtType,
        clock: &VectorClock,
    ) -> Result<Option<Digest>, Problem> {
        let sql = "SELECT n.key, n.value, d.chain FROM json_each(?2) n LEFT JOIN crdt_deltas d
            ON d.document_id = ?1 AND d.agent_id = n.key AND d.seq = n.value ORDER BY n.key";
        let mut canonical = vec![1];
        put_text(&mut canonical, crdt_type.as_str());
        put_uint(&mut canonical, clock.len() as u64);
        for row in self.0.execute(sql, [document.into(), serde_json::to_string(clock)?.into()])? {
            if row.is_null(2) {
                return Ok(None);
            }
            put_text(&mut canonical, row.text(0)?);
            put_uint(&mut canonical, row.uint(1)?);
            canonical.extend_from_slice(row.blob(2)?);
        }
        Ok(Some(Digest::of(&canonical)))
    }
}
