//! A document's freezes, in the order in which they came. What is frozen here follows the last of them; those of other sites
//! may have any parent.

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, Problem, time};
use ramanujan_shell::page::Page;
use ramanujan_shell::{Row, Value, now_millis};

use super::database::Database;
use super::rows::read_clock;
use crate::freeze::{Freeze, NO_PARENT, id_of};
use crate::settings::MAX_DOCUMENT_FREEZES;
use crate::version::{At, Version};

/// How often a lost race for the end of the chain is run again; every round another freeze has succeeded.
const MAX_ROUNDS: usize = 50;

/// What [`read`] reads.
const COLUMNS: &str = "d.id, d.snapshot_id, d.parent, d.crdt_type, d.clock, d.digest, d.log, d.agent_id, d.frozen, \
     d.fingerprint, d.heads";

/// What a freeze has beside its version.
struct New<'a> {
    id: &'a Digest,
    parent: &'a Digest,
    heads: &'a [Dot],
    agent: Option<&'a AgentId>,
    /// Milliseconds since 1970.
    frozen: u64,
}

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
            let (parent, place) = last.map_or((NO_PARENT, 0), |last| (last.snapshot_id, last.place));
            let heads = version.heads();
            let id = id_of(document, &parent, &heads, &version.digest)?;
            let new = New { id: &id, parent: &parent, heads: &heads, agent, frozen: now_millis() };
            if self.insert_freeze(document, version, &new, Some(place), most)?
                && let Some(new) = self.freeze_of(document, &id)?
            {
                return Ok((new, false));
            }
            self.refuse_beyond_freezes(document, most)?;
        }
        Err(Problem::new(Code::TooMuchContention, "other freezes were quicker every time: try again"))
    }

    /// Stores a freeze unless it is there, or there are too many, or, if `last` is given, another one came after that place;
    /// says whether it did.
    fn insert_freeze(
        &self,
        document: &DocumentId,
        version: &Version,
        new: &New<'_>,
        last: Option<u64>,
        most: u64,
    ) -> Result<bool, Problem> {
        let sql = "INSERT INTO crdt_freezes
            (document_id, snapshot_id, parent, crdt_type, clock, digest, fingerprint, log, agent_id, frozen,
                heads, sealed)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1
            WHERE (SELECT COUNT(*) FROM crdt_freezes WHERE document_id = ?1) < ?12
            AND (?13 IS NULL OR NOT EXISTS (SELECT 1 FROM crdt_freezes WHERE document_id = ?1 AND id > ?13))
            ON CONFLICT DO NOTHING RETURNING id";
        let clock = version.small_clock().map(|clock| serde_json::to_string(&clock)).transpose()?;
        let params = [
            document.as_str().into(),
            new.id.as_bytes().as_slice().into(),
            new.parent.as_bytes().as_slice().into(),
            version.crdt_type.as_str().into(),
            clock.unwrap_or_default().into(),
            version.digest.as_bytes().as_slice().into(),
            version.state.fingerprint().to_string().into(),
            version.log.into(),
            new.agent.map(AgentId::as_str).into(),
            new.frozen.into(),
            serde_json::to_string(new.heads)?.into(),
            most.into(),
            last.into(),
        ];
        Ok(!self.0.execute(sql, params)?.is_empty())
    }

    /// Stores a freeze of another site, if its version is here and has its digest, and if there is room. False if it does
    /// not follow from what is here.
    pub(super) fn adopt_freeze(
        &self,
        document: &DocumentId,
        freeze: &ramanujan_sync::change::Freeze,
    ) -> Result<bool, Problem> {
        let version = match self.version(document, &At::Heads(freeze.heads.clone())) {
            Ok(version) => version,
            // A head is not here: others may be of deltas that are.
            Err(problem) if problem.is_of_request() => return Ok(true),
            Err(problem) => return Err(problem),
        };
        if version.digest != freeze.digest || version.heads() != freeze.heads {
            return Ok(false);
        }
        let (id, agent) = (freeze.id(document), freeze.agent.as_ref());
        let new = New { id: &id, parent: &freeze.parent, heads: &freeze.heads, agent, frozen: freeze.frozen };
        self.insert_freeze(document, &version, &new, None, MAX_DOCUMENT_FREEZES.read()?)?;
        Ok(true)
    }

    fn refuse_beyond_freezes(&self, document: &DocumentId, most: u64) -> Result<(), Problem> {
        let sql = "SELECT COUNT(*) FROM crdt_freezes WHERE document_id = ?1";
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
        let source = "crdt_freezes d WHERE d.document_id = ?1 AND d.id > ?2";
        let params = vec![document.as_str().into(), after.into()];
        self.page("crdt_freezes", "id", bytes, COLUMNS, source, params, limit)?
            .try_map(|row| read(document, &row))
    }

    fn select_freezes<const N: usize>(
        &self,
        document: &DocumentId,
        rest: &str,
        params: [Value; N],
    ) -> Result<Vec<Freeze>, Problem> {
        let sql = format!("SELECT {COLUMNS} FROM crdt_freezes d WHERE d.document_id = ?1 {rest}");
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
