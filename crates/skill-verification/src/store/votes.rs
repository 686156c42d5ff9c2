//! The grow-only set of votes: rows by content address, added all or none in one INSERT.

use std::collections::BTreeSet;

use ramanujan_core::{Code, Problem};
use ramanujan_verification::votes::{Subject, VoteRecord, VoteSet};
use serde_json::{Value, json};

use super::Database;
use crate::settings::Settings;

/// Adds records; says how many were new.
///
/// # Errors
/// 429 `too-many-votes` if a subject would have more than it may; then none is added.
pub(crate) fn add(
    database: &Database,
    settings: &Settings,
    records: &[VoteRecord],
) -> Result<usize, Problem> {
    const SQL: &str = "INSERT INTO verify_votes (subject, key, record)
        WITH given AS MATERIALIZED (
            SELECT json_extract(value, '$[0]') AS subject, json_extract(value, '$[1]') AS key,
                json_extract(value, '$[2]') AS record FROM json_each(?1)),
        fresh AS MATERIALIZED (
            SELECT * FROM given WHERE NOT EXISTS (SELECT 1 FROM verify_votes
                WHERE verify_votes.subject = given.subject AND verify_votes.key = given.key)),
        full AS (
            SELECT 1 FROM fresh GROUP BY subject HAVING COUNT(DISTINCT key) > ?2
                - (SELECT COUNT(*) FROM verify_votes WHERE verify_votes.subject = fresh.subject))
        SELECT subject, key, record FROM fresh WHERE NOT EXISTS (SELECT 1 FROM full)
        ON CONFLICT DO NOTHING RETURNING key";
    let rows: Vec<Value> = records
        .iter()
        .map(|record| {
            let text = serde_json::to_string(record).unwrap_or_default();
            json!([record.subject().to_string(), record.key().to_string(), text])
        })
        .collect();
    let added = database.execute(SQL, [Value::Array(rows).to_string().into(), settings.max_votes.into()])?;
    if added.is_empty() {
        let known = records.iter().map(|record| (record.subject(), record.key().to_string()));
        let known =
            known.map(|(subject, key)| has(database, &subject, &key)).collect::<Result<Vec<_>, _>>()?;
        if let Some(index) = known.iter().position(|known| !known) {
            let limit = settings.max_votes;
            let detail = format!("vote {index}: a subject may have {limit} votes, and these are too many");
            return Err(Problem::new(Code::TooManyVotes, detail).with("index", index).with("limit", limit));
        }
    }
    Ok(added.len())
}

fn has(database: &Database, subject: &Subject, key: &str) -> Result<bool, Problem> {
    const SQL: &str = "SELECT 1 FROM verify_votes WHERE subject = ?1 AND key = ?2";
    Ok(!database.execute(SQL, [subject.to_string().into(), key.into()])?.is_empty())
}

/// All votes on a subject; their number is bounded where they are added.
pub(crate) fn of(database: &Database, subject: &Subject) -> Result<VoteSet, Problem> {
    const SQL: &str = "SELECT record FROM verify_votes WHERE subject = ?1";
    let rows = database.execute(SQL, [subject.to_string().into()])?;
    rows.iter()
        .map(|row| {
            serde_json::from_str::<VoteRecord>(row.text(0)?)
                .map_err(|error| Problem::new(Code::StoreShape, format!("a stored vote: {error}")))
        })
        .collect()
}

/// Subjects that have votes, after `after`.
pub(crate) fn subjects(database: &Database, after: &str, limit: u64) -> Result<Vec<(String, u64)>, Problem> {
    const SQL: &str = "SELECT subject, COUNT(*) FROM verify_votes WHERE subject > ?1
        GROUP BY subject ORDER BY subject LIMIT ?2";
    let rows = database.execute(SQL, [after.into(), limit.into()])?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.uint(1)?))).collect()
}

/// The subjects of some records.
pub(crate) fn subjects_of(records: &[VoteRecord]) -> BTreeSet<Subject> {
    records.iter().map(VoteRecord::subject).collect()
}
