//! Frozen versions of a document: `POST /crdt/{document}/freeze` and the chain that they form.
//!
//! A frozen snapshot names a version by its vector clock and commits to its deltas by the state digest and to its
//! parent by id; the deltas themselves stay where they are. So it costs nothing to keep, and recovering it proves
//! that history was not changed since.

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Fingerprint, Problem, VectorClock, time};
use ramanujan_crdt::CrdtType;
use ramanujan_shell::{Request, Response, Row, Store, now_millis, ok, setting};
use serde::{Deserialize, Serialize};

use crate::deleted;
use crate::history::DEFAULT_MAX_LIMIT;
use crate::row::SCHEMA;
use crate::version::{At, find, missing};

pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS crdt_frozen (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL,
    snapshot_id BLOB NOT NULL,
    parent BLOB NOT NULL,
    crdt_type TEXT NOT NULL,
    clock TEXT NOT NULL,
    digest BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    log INTEGER NOT NULL,
    agent_id TEXT,
    frozen INTEGER NOT NULL,
    UNIQUE (document_id, parent),
    UNIQUE (document_id, snapshot_id)
)";

/// Parent of a document's first snapshot.
const NO_PARENT: Digest = Digest([0; 32]);

/// How often a lost race for the end of the chain is run again; every round another freeze has succeeded.
const MAX_ROUNDS: usize = 50;

/// Snapshots in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 20;

/// A frozen snapshot.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) document_id: DocumentId,
    /// SHA-256 over document, parent, clock and digest.
    pub(crate) snapshot_id: Digest,
    /// Null for the first.
    pub(crate) parent_snapshot: Option<Digest>,
    pub(crate) crdt_type: CrdtType,
    pub(crate) vector_clock: VectorClock,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) digest: Digest,
    pub(crate) log_position: u64,
    pub(crate) agent_id: Option<AgentId>,
    pub(crate) frozen_at: String,
    #[serde(skip)]
    id: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FreezeRequest {
    agent_id: Option<AgentId>,
    /// An earlier version: log position, time or version vector, as `?at=` takes them.
    at: Option<String>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let document: DocumentId = request.parse_param("document")?;
    let wanted: FreezeRequest =
        if request.body.is_empty() { FreezeRequest { agent_id: None, at: None } } else { request.json()? };
    let at = match &wanted.at {
        Some(at) => {
            at.parse().map_err(|error| Problem::new(Code::InvalidParameter, format!("at: {error}")))?
        }
        None => At::Now,
    };
    let store = Store::open(SCHEMA)?;
    deleted::check(&store, &document)?;
    let version = find(&store, &document, &at)?;
    for _ in 0..MAX_ROUNDS {
        let last = select(&store, &document, "ORDER BY id DESC LIMIT 1", [])?.pop();
        if let Some(last) = last.as_ref().filter(|last| last.digest == version.digest) {
            return reply(last, true);
        }
        let parent = last.map_or(NO_PARENT, |last| last.snapshot_id);
        let clock =
            serde_json::to_string(&version.clock).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
        let id = Digest::of_parts([
            document.as_str().as_bytes(),
            parent.as_bytes().as_slice(),
            clock.as_bytes(),
            version.digest.as_bytes(),
        ]);
        let sql = "INSERT INTO crdt_frozen
            (document_id, snapshot_id, parent, crdt_type, clock, digest, fingerprint, log, agent_id, frozen)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING RETURNING id";
        let params = [
            document.as_str().into(),
            id.as_bytes().as_slice().into(),
            parent.as_bytes().as_slice().into(),
            version.crdt_type().as_str().into(),
            clock.into(),
            version.digest.as_bytes().as_slice().into(),
            version.state.fingerprint().to_string().into(),
            version.log.into(),
            wanted.agent_id.as_ref().map(AgentId::as_str).into(),
            now_millis().into(),
        ];
        if !store.execute(sql, params)?.is_empty()
            && let Some(new) = by_id(&store, &document, &id)?
        {
            return reply(&new, false);
        }
    }
    Err(Problem::new(Code::TooMuchContention, "other freezes were quicker every time: try again"))
}

#[derive(Serialize)]
struct Frozen<'a> {
    #[serde(flatten)]
    snapshot: &'a Snapshot,
    /// The document has not changed since this snapshot was made.
    duplicate: bool,
}

fn reply(snapshot: &Snapshot, duplicate: bool) -> Result<Response, Problem> {
    ok(&Frozen { snapshot, duplicate })
}

#[derive(Serialize)]
struct Page {
    document_id: DocumentId,
    items: Vec<Snapshot>,
    next_cursor: Option<String>,
}

/// `GET /crdt/{document}/snapshots`: the chain, oldest first.
pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let document: DocumentId = request.parse_param("document")?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let after: u64 = query.parse("cursor")?.unwrap_or(0);
    let store = Store::open(SCHEMA)?;
    let mut items =
        select(&store, &document, "AND id > ?2 ORDER BY id LIMIT ?3", [after.into(), (limit + 1).into()])?;
    if items.is_empty() && after == 0 && crate::version::Version::now(&store, document.as_str())?.is_none() {
        return Err(missing(&document));
    }
    let more = items.len() as u64 > limit;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    ok(&Page { document_id: document, items, next_cursor })
}

/// The newest snapshot of the chain.
pub(crate) fn newest(store: &Store, document: &DocumentId) -> Result<Option<Snapshot>, Problem> {
    Ok(select(store, document, "ORDER BY id DESC LIMIT 1", [])?.pop())
}

pub(crate) fn by_id(store: &Store, document: &DocumentId, id: &Digest) -> Result<Option<Snapshot>, Problem> {
    Ok(select(store, document, "AND snapshot_id = ?2", [id.as_bytes().as_slice().into()])?.pop())
}

fn select<const N: usize>(
    store: &Store,
    document: &DocumentId,
    rest: &str,
    params: [ramanujan_shell::Value; N],
) -> Result<Vec<Snapshot>, Problem> {
    let sql = format!(
        "SELECT id, snapshot_id, parent, crdt_type, clock, digest, log, agent_id, frozen, fingerprint
         FROM crdt_frozen WHERE document_id = ?1 {rest}"
    );
    let mut all = vec![document.as_str().into()];
    all.extend(params);
    store.execute(&sql, all)?.iter().map(|row| read(document, row)).collect()
}

fn read(document: &DocumentId, row: &Row) -> Result<Snapshot, Problem> {
    let corrupt =
        |what: &str| Problem::new(Code::StoreCorrupt, format!("a frozen snapshot has a bad {what}"));
    let digest = |column| {
        let bytes: [u8; 32] = row.blob(column)?.try_into().map_err(|_| corrupt("digest"))?;
        Ok::<_, Problem>(Digest(bytes))
    };
    let parent = digest(2)?;
    Ok(Snapshot {
        document_id: document.clone(),
        snapshot_id: digest(1)?,
        parent_snapshot: (parent != NO_PARENT).then_some(parent),
        crdt_type: row.text(3)?.parse().map_err(|_| corrupt("type"))?,
        vector_clock: serde_json::from_str(row.text(4)?).map_err(|_| corrupt("clock"))?,
        digest: digest(5)?,
        log_position: row.uint(6)?,
        agent_id: if row.is_null(7) {
            None
        } else {
            Some(row.text(7)?.parse().map_err(|_| corrupt("agent"))?)
        },
        frozen_at: time::format_rfc3339(row.uint(8)?),
        fingerprint: row.text(9)?.parse().map_err(|_| corrupt("fingerprint"))?,
        id: row.uint(0)?,
    })
}
