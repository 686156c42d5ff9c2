//! Events that the timeline is to be told: written down before what they tell of happens, taken away when it is told.

use ramanujan_core::Problem;
use ramanujan_shell::{Value as Sql, now_millis};
use serde::{Deserialize, Serialize};

use super::shape;
use crate::sites::event::SiteEvent;
use crate::sites::operations;

/// Something to tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Due {
    /// The events of operations.
    Operations(operations::Due),
    /// An event of this component's own.
    Event(SiteEvent),
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) id: u64,
    pub(crate) due: Due,
    /// When it was written down, in milliseconds since 1970.
    pub(crate) since: u64,
}

const INSERT: &str =
    "INSERT INTO transduction_due (what, since) SELECT value, ?2 FROM json_each(?1) RETURNING id";
const OLDEST: &str = "SELECT id, what, since FROM transduction_due ORDER BY id LIMIT ?1";
const DELETE: &str = "DELETE FROM transduction_due WHERE id IN (SELECT value FROM json_each(?1))";

/// Writes down what is to be told.
pub(crate) fn insert(all: Vec<Due>) -> Result<Vec<Kept>, Problem> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let texts: Vec<String> = all.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let since = now_millis();
    let params: Vec<Sql> = vec![serde_json::to_string(&texts)?.into(), since.into()];
    let mut ids = super::open()?
        .execute(INSERT, params)?
        .iter()
        .map(|row| row.uint(0))
        .collect::<Result<Vec<_>, _>>()?;
    // Numbered in the order in which they were inserted; they may be returned in another.
    ids.sort_unstable();
    Ok(ids.into_iter().zip(all).map(|(id, due)| Kept { id, due, since }).collect())
}

/// The oldest rows.
pub(crate) fn oldest(most: u64) -> Result<Vec<Kept>, Problem> {
    let rows = super::open()?.execute(OLDEST, [most.into()])?;
    rows.iter()
        .map(|row| {
            let due = serde_json::from_str(row.text(1)?).map_err(shape("event"))?;
            Ok(Kept { id: row.uint(0)?, due, since: row.uint(2)? })
        })
        .collect()
}

/// Takes rows away whose events are told.
pub(crate) fn delete(ids: &[u64]) -> Result<(), Problem> {
    if ids.is_empty() {
        return Ok(());
    }
    super::open()?.execute(DELETE, [serde_json::to_string(ids)?.into()]).map(|_| ())
}
