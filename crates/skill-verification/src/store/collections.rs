//! Collections and their blocks. A block is one INSERT: its place is the number of vectors before it, so that writers
//! that meet queue up, and one that repeats itself finds its block already there.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Row, Value};
use ramanujan_verification::embedding::Embedding;
use ramanujan_verification::knn::{self, COMPONENT_BYTES, block};

use super::Database;
use crate::collection::Collection;
use crate::settings::Settings;

/// Vectors and blocks of the collection in the outer query.
const COUNTS: &str = "COALESCE((SELECT first + vectors FROM verify_blocks WHERE collection = name
        ORDER BY first DESC LIMIT 1), 0),
    (SELECT COUNT(*) FROM verify_blocks WHERE collection = name)";

fn read(row: &Row) -> Result<Collection, Problem> {
    Ok(Collection {
        name: row.text(0)?.to_owned(),
        dimension: row.uint(1)? as usize,
        created: row.uint(2)?,
        vectors: row.uint(3)?,
        blocks: row.uint(4)?,
    })
}

/// Makes a collection; `true` if it is new.
///
/// # Errors
/// 409 `dimension-conflict` if it exists with another dimension, 429 `too-many-collections`.
pub(crate) fn create(
    database: &Database,
    settings: &Settings,
    name: &str,
    dimension: usize,
    now: u64,
) -> Result<bool, Problem> {
    const SQL: &str = "INSERT INTO verify_collections (name, dimension, created)
        SELECT ?1, ?2, ?3 WHERE (SELECT COUNT(*) FROM verify_collections) < ?4
        ON CONFLICT DO NOTHING RETURNING 1";
    let values = [name.into(), (dimension as u64).into(), now.into(), settings.max_collections.into()];
    if !database.execute(SQL, values)?.is_empty() {
        return Ok(true);
    }
    match dimension_of(database, name)? {
        Some(found) if found == dimension => Ok(false),
        Some(found) => {
            let detail = format!("the collection {name} exists with {found} components, not {dimension}");
            Err(Problem::new(Code::DimensionConflict, detail).with("dimension", found))
        }
        None => {
            let limit = settings.max_collections;
            let detail = format!("{limit} collections exist, which is the most there may be");
            Err(Problem::new(Code::TooManyCollections, detail).with("limit", limit))
        }
    }
}

fn dimension_of(database: &Database, name: &str) -> Result<Option<usize>, Problem> {
    let rows = database.execute("SELECT dimension FROM verify_collections WHERE name = ?1", [name.into()])?;
    rows.first().map(|row| row.uint(0).map(|dimension| dimension as usize)).transpose()
}

/// The collection of that name.
///
/// # Errors
/// 404 `no-such-collection`.
pub(crate) fn find(database: &Database, name: &str) -> Result<Collection, Problem> {
    let sql = format!("SELECT name, dimension, created, {COUNTS} FROM verify_collections WHERE name = ?1");
    let rows = database.execute(&sql, [name.into()])?;
    let row = rows.first().ok_or_else(|| {
        let detail = format!("there is no collection {name:?}; PUT /verify/collections/NAME makes one");
        Problem::new(Code::NoSuchCollection, detail)
    })?;
    read(row)
}

/// Collections by name, after `after`.
pub(crate) fn list(database: &Database, after: &str, limit: u64) -> Result<Vec<Collection>, Problem> {
    let sql = format!(
        "SELECT name, dimension, created, {COUNTS} FROM verify_collections WHERE name > ?1 ORDER BY name LIMIT ?2"
    );
    database.execute(&sql, [after.into(), limit.into()])?.iter().map(read).collect()
}

/// What became of a block.
pub(crate) struct Appended {
    /// Place of its first vector.
    pub(crate) first: u64,
    pub(crate) digest: Digest,
    /// It was there already.
    pub(crate) duplicate: bool,
}

/// Adds a block at the end of its collection.
///
/// # Errors
/// 409 `id-conflict` if a vector of that id is in another block, 429 `collection-full`.
pub(crate) fn append(
    database: &Database,
    settings: &Settings,
    collection: &Collection,
    block: &block::Block,
) -> Result<Appended, Problem> {
    const SQL: &str = "INSERT INTO verify_blocks (collection, first, vectors, digest, ids, norms, data)
        SELECT ?1, before, ?2, ?3, ?4, ?5, ?6 FROM (SELECT COALESCE((SELECT first + vectors FROM verify_blocks
            WHERE collection = ?1 ORDER BY first DESC LIMIT 1), 0) AS before)
        WHERE before + ?2 <= ?7
            AND NOT EXISTS (SELECT 1 FROM json_each(COALESCE(?4, '[]')) AS given
                JOIN verify_ids ON verify_ids.collection = ?1 AND verify_ids.id = given.value)
        ON CONFLICT DO NOTHING RETURNING first";
    let digest = block.digest();
    let ids = block.names().map(|names| serde_json::Value::from(names).to_string());
    let limit = settings.max_vectors.min(settings.max_bytes / (block.dimension() * COMPONENT_BYTES) as u64);
    let norms: Vec<u8> =
        knn::norms(block.dimension(), block.bytes()).iter().flat_map(|norm| norm.to_le_bytes()).collect();
    let name = collection.name.as_str();
    let address = digest.as_bytes().as_slice();
    let rows = database.execute(
        SQL,
        [
            name.into(),
            (block.len() as u64).into(),
            address.into(),
            ids.clone().into(),
            norms.into(),
            block.bytes().into(),
            limit.into(),
        ],
    )?;
    if let Some(row) = rows.first() {
        return Ok(Appended { first: row.uint(0)?, digest, duplicate: false });
    }
    const KNOWN: &str = "SELECT first FROM verify_blocks WHERE collection = ?1 AND digest = ?2";
    if let Some(row) = database.execute(KNOWN, [name.into(), address.into()])?.first() {
        return Ok(Appended { first: row.uint(0)?, digest, duplicate: true });
    }
    const TAKEN: &str = "SELECT given.key, given.value FROM json_each(COALESCE(?2, '[]')) AS given
        JOIN verify_ids ON verify_ids.collection = ?1 AND verify_ids.id = given.value ORDER BY given.key LIMIT 1";
    if let Some(row) = database.execute(TAKEN, [name.into(), ids.into()])?.first() {
        let (index, id) = (row.uint(0)?, row.text(1)?);
        let detail = format!("id {index}: {name} has {id:?} already, in a block of other content");
        return Err(Problem::new(Code::IdConflict, detail).with("index", index).with("id", id));
    }
    let detail = format!("the collection {name} may have {limit} vectors; these are too many");
    Err(Problem::new(Code::CollectionFull, detail).with("limit", limit))
}

/// A stored block.
pub(crate) struct Stored {
    pub(crate) first: u64,
    pub(crate) digest: Vec<u8>,
    pub(crate) norms: Vec<f64>,
    pub(crate) data: Vec<u8>,
}

impl Stored {
    pub(crate) fn rows(&self, dimension: usize) -> Result<knn::Rows<'_>, Problem> {
        knn::Rows::new(dimension, &self.data, &self.norms).ok_or_else(|| {
            Problem::new(Code::StoreShape, "a stored block has not the length that its collection gives it")
        })
    }

    /// Each vector with its place.
    pub(crate) fn vectors(&self, dimension: usize) -> impl Iterator<Item = (u64, &[u8])> {
        (self.first..).zip(self.data.chunks_exact(dimension * COMPONENT_BYTES))
    }
}

/// Visits the blocks that begin at places `from` to `to` (exclusive), in order, a page at a time: blocks that begin
/// within one block's capacity, so that at most two blocks' bytes are in memory however small the blocks are.
pub(crate) fn scan(
    database: &Database,
    collection: &Collection,
    from: u64,
    to: u64,
    mut visit: impl FnMut(&Stored) -> Result<(), Problem>,
) -> Result<(), Problem> {
    const SQL: &str = "SELECT first, digest, norms, data FROM verify_blocks
        WHERE collection = ?1 AND first >= ?2 AND first < ?3 ORDER BY first";
    let page = block::capacity(collection.dimension) as u64;
    let mut at = from;
    while at < to {
        let end = (at + page).min(to);
        let rows = database.execute(SQL, [collection.name.as_str().into(), at.into(), end.into()])?;
        for mut row in rows {
            let (norms, []) = row.blob(2)?.as_chunks::<8>() else {
                return Err(Problem::new(Code::StoreShape, "stored norms are not whole numbers of f64"));
            };
            visit(&Stored {
                first: row.uint(0)?,
                norms: norms.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
                digest: row.take_blob(1)?,
                data: row.take_blob(3)?,
            })?;
        }
        at = end;
    }
    Ok(())
}

/// Names of the vectors at these places, where they have one.
pub(crate) fn ids(
    database: &Database,
    collection: &str,
    places: &[u64],
) -> Result<std::collections::BTreeMap<u64, String>, Problem> {
    const SQL: &str = "SELECT place, id FROM verify_ids
        WHERE collection = ?1 AND place IN (SELECT value FROM json_each(?2))";
    let rows = database.execute(SQL, [collection.into(), json_list(places)])?;
    rows.iter().map(|row| Ok((row.uint(0)?, row.text(1)?.to_owned()))).collect()
}

/// The vectors at these places, read again from the store.
pub(crate) fn vectors_at(
    database: &Database,
    collection: &Collection,
    places: &[u64],
) -> Result<Vec<(u64, Embedding)>, Problem> {
    const SQL: &str = "SELECT value, (SELECT substr(data, (value - first) * ?3 + 1, ?3) FROM verify_blocks
            WHERE collection = ?1 AND first <= value ORDER BY first DESC LIMIT 1)
        FROM json_each(?2)";
    let bytes = (collection.dimension * COMPONENT_BYTES) as u64;
    let rows = database.execute(SQL, [collection.name.as_str().into(), json_list(places), bytes.into()])?;
    rows.iter()
        .map(|row| {
            let vector = Embedding::from_le_bytes(row.blob(1)?)
                .map_err(|error| Problem::new(Code::StoreShape, format!("a stored vector: {error}")))?;
            Ok((row.uint(0)?, vector))
        })
        .collect()
}

fn json_list(places: &[u64]) -> Value {
    serde_json::Value::from(places).to_string().into()
}
