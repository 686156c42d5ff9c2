//! Which analyses were made, so that one asked for again is the same event and not a second one. The newest are
//! remembered.

use ramanujan_core::{Code, Digest, Problem};

use super::Database;
use crate::settings::Settings;

/// Old analyses are forgotten in steps of this many.
const FORGET_EVERY: u64 = 256;

/// The number of this analysis: one more than that of the newest, or its own if it is remembered.
pub(crate) fn number(database: &Database, settings: &Settings, digest: &Digest) -> Result<u64, Problem> {
    const SQL: &str = "INSERT INTO verify_analyses (seq, digest)
        SELECT (SELECT COALESCE(MAX(seq), 0) + 1 FROM verify_analyses), ?1 WHERE true
        ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING seq";
    let rows = database.execute(SQL, [digest.as_bytes().as_slice().into()])?;
    let row = rows.first().ok_or_else(|| Problem::new(Code::StoreShape, "an upsert returned no row"))?;
    let seq = row.uint(0)?;
    if seq.is_multiple_of(FORGET_EVERY) && seq > settings.max_analyses {
        database
            .execute("DELETE FROM verify_analyses WHERE seq <= ?1", [(seq - settings.max_analyses).into()])?;
    }
    Ok(seq)
}
