//! The chain of a document's freezes.

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Problem, time};
use ramanujan_shell::page::Page;
use ramanujan_shell::{Row, Value, now_millis};

use super::database::Database;
use super::rows::read_clock;
use crate::freeze::{Freeze, NO_PARENT, id_of};
use crate::settings::MAX_DOCUMENT_FREEZES;
use crate::version::Version;

/// How often a lost race for the end of the chain is run again; every round another freeze has succeeded.
const MAX_ROUNDS: usize = 50;

/// What [`read`] reads.
const COLUMNS: &str = "d.id, d.snapshot_id, d.parent, d.crdt_type, d.clock, d.digest, d.log, d.agent_id, d.frozen, \
     d.fingerprint, d.heads";

impl Database {
    /// Freezes a version at the end of the chain. If the last freeze is of the same deltas, it is that one, and true.
    ///
    /// # Errors
    /// 422 `too-many-document-freezes`; 503 `too-much-contention` if other freezes were quicker every time.
    pub(crate) fn freeze(
        &self,
        document: &DocumentId,
        version: &Version,
        agent: Option<&AgentId>,
    ) -> Result<(Freeze, bool), Problem> {
        let most = MAX_DOCUMENT_FREEZES.read()?;
        for _ in 0..MAX_ROUNDS {
            let last = self.newest_freeze(document)?;
            if let Some(last) = last.as_ref().filter(|last| last.digest == version.digest) {
                return Ok((last.clone(), true));
            }
            let parent = last.map_or(NO_PARENT, |last| last.snapshot_id);
            let heads = version.heads();
            let id = id_of(document, &parent, &heads, &version.digest)?;
            let sql = "INSERT INTO crdt_frozen
                (document_id, snapshot_id, parent, crdt_type, clock, digest, fingerprint, log, agent_id, frozen,
                    heads)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
                WHERE (SELECT COUNT(*) FROM crdt_frozen WHERE document_id = ?1) < ?12
                ON CONFLICT DO NOTHING RETURNING id";
            let params = [
                document.as_str().into(),
                id.as_bytes().as_slice().into(),
                parent.as_bytes().as_slice().into(),
                version.crdt_type.as_str().into(),
                version
                    .small_clock()
                    .map(|clock| serde_json::to_string(&clock))
                    .transpose()?
                    .unwrap_or_default()
                    .into(),
                version.digest.as_bytes().as_slice().into(),
                version.state.fingerprint().to_string().into(),
                version.log.into(),
                agent.map(AgentId::as_str).into(),
                now_millis().into(),
                serde_json::to_string(&heads)?.into(),
                most.into(),
            ];
            if !self.0.execute(sql, params)?.is_empty()
                && let Some(new) = self.freeze_of(document, &id)?
            {
                return Ok((new, false));
            }
            self.refuse_beyond_freezes(document, most)?;
        }
        Err(Problem::new(Code::TooMuchContention, "other freezes were quicker every time: try again"))
    }

    fn refuse_beyond_freezes(&self, document: &DocumentId, most: u64) -> Result<(), Problem> {
        let sql = "SELECT COUNT(*) FROM crdt_frozen WHERE document_id = ?1";
        let rows = self.0.execute(sql, [document.as_str().into()])?;
        let freezes = rows.first().map_or(Ok(0), |row| row.uint(0))?;
        if freezes < most {
            return Ok(());
        }
        let detail = format!("{document} has {freezes} freezes; MAX_DOCUMENT_FREEZES is {most}");
        Err(Problem::new(Code::TooManyDocumentFreezes, detail).with("limit", most))
    }

    /// The newest freeze of the chain.
    pub(crate) fn newest_freeze(&self, document: &DocumentId) -> Result<Option<Freeze>, Problem> {
        Ok(self.select_freezes(document, "ORDER BY d.id DESC LIMIT 1", [])?.pop())
    }

    /// The freeze of an id.
    pub(crate) fn freeze_of(&self, document: &DocumentId, id: &Digest) -> Result<Option<Freeze>, Problem> {
        Ok(self.select_freezes(document, "AND d.snapshot_id = ?2", [id.as_bytes().as_slice().into()])?.pop())
    }

    /// The chain past the place `after`, oldest first.
    pub(crate) fn freezes(
        &self,
        document: &DocumentId,
        after: u64,
        limit: u64,
    ) -> Result<Page<Freeze>, Problem> {
        let bytes = "1024 + octet_length(d.clock) + COALESCE(octet_length(d.heads), 0)";
        let source = "crdt_frozen d WHERE d.document_id = ?1 AND d.id > ?2";
        let params = vec![document.as_str().into(), after.into()];
        self.page("crdt_frozen", "id", bytes, COLUMNS, source, params, limit)?
            .try_map(|row| read(document, &row))
    }

    fn select_freezes<const N: usize>(
        &self,
        document: &DocumentId,
        rest: &str,
        params: [Value; N],
    ) -> Result<Vec<Freeze>, Problem> {
        let sql = format!("SELECT {COLUMNS} FROM crdt_frozen d WHERE d.document_id = ?1 {rest}");
        let mut all = vec![document.as_str().into()];
        all.extend(params);
        self.0.execute(&sql, all)?.iter().map(|row| read(document, row)).collect()
    }
}

fn read(document: &DocumentId, row: &Row) -> Result<Freeze, Problem> {
    let corrupt = |what: &str| Problem::new(Code::StoreCorrupt, format!("a stored freeze has a bad {what}"));
    let digest = |column| {
        let bytes: [u8; 32] = row.blob(column)?.try_into().map_err(|_| corrupt("digest"))?;
        Ok::<_, Problem>(Digest(bytes))
    };
    let parent = digest(2)?;
    Ok(Freeze {
        document_id: document.clone(),
        snapshot_id: digest(1)?,
        parent_snapshot: (parent != NO_PARENT).then_some(parent),
        crdt_type: row.text(3)?.parse().map_err(|_| corrupt("type"))?,
        heads: if row.is_null(10) {
            None
        } else {
            Some(serde_json::from_str(row.text(10)?).map_err(|_| corrupt("heads"))?)
        },
        vector_clock: read_clock(row.text(4)?)?,
        digest: digest(5)?,
        log_position: row.uint(6)?,
        agent_id: if row.is_null(7) {
            None
        } else {
            Some(row.text(7)?.parse().map_err(|_| corrupt("agent"))?)
        },
        frozen_at: time::format_rfc3339(row.uint(8)?),
        fingerprint: row.text(9)?.parse().map_err(|_| corrupt("fingerprint"))?,
        place: row.uint(0)?,
    })
}
