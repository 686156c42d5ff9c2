//! The edges of the causal graph, and the events on a document beside one.
//!
//! Direct causes of an event are what it names in `depends_on` and, where its sender does not say by `cause_count` that it
//! knows them all, its origin's previous event; the edges from causes to effects are part of the causal index.

use std::collections::BTreeSet;

use ramanujan_core::Problem;
use ramanujan_shell::Store;
use ramanujan_timeline::Stored;
use serde_json::json;

use crate::store::ids::has_id;
use crate::store::log::{self, COLUMNS, E_COLUMNS};
use crate::walk::{Bounds, Relation, Walked, walk};

/// Events expanded by one statement.
const FRONTIER: usize = 500;
/// Most names of events that are not there listed in a reply.
const MAX_MISSING: usize = 100;

const CAUSES: &str = concat!(
    "
SELECT x.seq FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
    CROSS JOIN json_each(e.body, '$.depends_on') AS d CROSS JOIN timeline_events AS x ON ",
    has_id!("x", "unhex(d.value)"),
    "
UNION
SELECT (SELECT p.seq FROM timeline_events AS p WHERE p.agent = e.agent AND p.origin_seq < e.origin_seq
        ORDER BY p.origin_seq DESC LIMIT 1)
FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
WHERE e.body ->> '$.cause_count' IS NULL
ORDER BY 1"
);

const EFFECTS: &str = "
SELECT g.effect FROM json_each(?1) AS f CROSS JOIN timeline_links AS g ON g.cause = f.value
UNION
SELECT n.seq FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
    CROSS JOIN timeline_events AS n ON n.seq = (
        SELECT p.seq FROM timeline_events AS p WHERE p.agent = e.agent AND p.origin_seq > e.origin_seq
        ORDER BY p.origin_seq LIMIT 1)
WHERE n.body ->> '$.cause_count' IS NULL
ORDER BY 1";

/// What is named and not there; NULL, which comes first, says that one of the events has causes that it does not name.
const MISSING: &str = concat!(
    "
SELECT NULL FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
WHERE e.body ->> '$.cause_count' > COALESCE(json_array_length(e.body, '$.depends_on'), 0)
UNION
SELECT d.value FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value
    CROSS JOIN json_each(e.body, '$.depends_on') AS d
WHERE NOT EXISTS (SELECT 1 FROM timeline_events AS x WHERE ",
    has_id!("x", "unhex(d.value)"),
    ")
ORDER BY 1 LIMIT ?2"
);

/// The events reached from `seq`, and the names in `depends_on` that no stored event has, at most [`MAX_MISSING`]; the
/// latter of causes only. A walk to causes is not complete where an event on the way does not name all of its own. Effects
/// are those that the causal index of `store` has.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn reach(
    store: &Store,
    seq: u64,
    relation: Relation,
    bounds: Bounds,
) -> Result<(Walked, BTreeSet<String>), Problem> {
    let mut missing = BTreeSet::new();
    let mut all_named = true;
    let mut walked = walk(seq, bounds, |frontier, next, most| {
        for part in frontier.chunks(FRONTIER) {
            let part = json!(part).to_string();
            if relation == Relation::Causes {
                for row in store.execute(MISSING, [part.as_str().into(), (MAX_MISSING as u64 + 1).into()])? {
                    if row.is_null(0) {
                        all_named = false;
                    } else if missing.len() < MAX_MISSING {
                        missing.insert(row.text(0)?.to_owned());
                    }
                }
            }
            let sql = if relation == Relation::Causes { CAUSES } else { EFFECTS };
            for row in store.execute(sql, [part.into()])?.iter().filter(|row| !row.is_null(0)) {
                next.insert(row.uint(0)?);
            }
            if next.len() as u64 > most {
                break;
            }
        }
        Ok::<(), Problem>(())
    })?;
    walked.complete &= all_named;
    Ok((walked, missing))
}

/// The events with these numbers, in their order.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn events(store: &Store, seqs: &[u64]) -> Result<Vec<Stored>, Problem> {
    let sql = format!(
        "SELECT {E_COLUMNS} FROM json_each(?1) AS f CROSS JOIN timeline_events AS e ON e.seq = f.value ORDER BY f.key"
    );
    log::read_all(store, &sql, vec![json!(seqs).to_string().into()])
}

/// Events about a document, or about none, after `seq`.
///
/// # Errors
/// 503 if the store does not answer.
pub(crate) fn of_document(
    store: &Store,
    document: Option<&str>,
    seq: u64,
    limit: u64,
) -> Result<Vec<Stored>, Problem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM timeline_events WHERE document IS ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
    );
    log::read_all(store, &sql, vec![document.into(), seq.into(), limit.into()])
}
