//! Versions of a document: the current one, and earlier ones by log position, time or version vector.
//!
//! A version is known by the newest delta of each agent in it, because agents are sequential.

use std::str::FromStr;

use ramanujan_core::{Code, Digest, DocumentId, Dot, Problem, VectorClock, time};
use ramanujan_crdt::StateDigest;
use ramanujan_crdt::text::maximal;
use ramanujan_shell::Store;

use crate::row::{AGENTS, COLUMNS, Stored, select};

/// Which version of a document is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Now,
    /// Every delta up to this position of the log.
    Log(u64),
    /// Every delta received up to this time, in milliseconds since 1970.
    Time(u64),
    Clock(VectorClock),
}

impl FromStr for At {
    type Err = String;

    /// A log position, an RFC 3339 time, or a version vector as a JSON object.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('{') {
            return serde_json::from_str(text).map(At::Clock).map_err(|error| error.to_string());
        }
        if let Ok(position) = text.parse() {
            return Ok(At::Log(position));
        }
        match time::parse_rfc3339(text) {
            Some(millis) => Ok(At::Time(millis)),
            None => Err(format!(
                "{text:.80?} is no version: give a log position, an RFC 3339 time or a version vector"
            )),
        }
    }
}

/// A version of a document that exists.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Newest delta of each agent, by log position; never empty.
    pub(crate) newest: Vec<Stored>,
    pub(crate) heads: Vec<Dot>,
    pub(crate) clock: VectorClock,
    /// Log position of the newest delta.
    pub(crate) log: u64,
    /// Whether every delta up to `log` belongs to it.
    pub(crate) prefix: bool,
    /// The canonical state: what it holds of each agent.
    pub(crate) state: StateDigest,
    /// Digest of the canonical state.
    pub(crate) digest: Digest,
}

impl Version {
    fn of(newest: Vec<Stored>, prefix: bool) -> Option<Self> {
        let (log, crdt_type) = newest.last().map(|row| (row.log, row.crdt_type))?;
        let mut state = StateDigest::new(crdt_type);
        for row in &newest {
            state.set(row.dot.agent.as_str(), row.dot.seq, row.chain);
        }
        let heads = maximal(newest.iter().map(|row| (row.dot.clone(), &row.clock)).collect());
        let (clock, digest) = (state.clock(), state.digest());
        Some(Version { newest, heads, clock, log, prefix, state, digest })
    }

    /// The current version, `None` without deltas.
    pub(crate) fn now(store: &Store, document: &str) -> Result<Option<Self>, Problem> {
        Ok(Version::of(newest_until(store, document, u64::MAX)?, true))
    }

    /// Number of deltas.
    pub(crate) fn operations(&self) -> u64 {
        self.newest.iter().map(|row| row.dot.seq).sum()
    }
}

/// The version of `document` that `at` names.
///
/// # Errors
/// 404 if the document had no deltas then; 422 if a version vector names no version of it.
pub(crate) fn find(store: &Store, document: &DocumentId, at: &At) -> Result<Version, Problem> {
    let id = document.as_str();
    let version = match at {
        At::Now => Version::now(store, id)?,
        At::Log(log) => Version::of(newest_until(store, id, *log)?, true),
        At::Time(millis) => {
            // Walks back from the newest delta: positions are in order of arrival, as times are but for clock steps.
            let sql = "SELECT log FROM crdt_deltas WHERE document_id = ?1 AND received <= ?2 ORDER BY log DESC LIMIT 1";
            match store.execute(sql, [id.into(), (*millis).into()])?.first() {
                Some(row) => Version::of(newest_until(store, id, row.uint(0)?)?, true),
                None => None,
            }
        }
        At::Clock(clock) => by_clock(store, document, clock)?,
    };
    version.ok_or_else(|| match at {
        At::Now => missing(document),
        _ => Problem::new(Code::NoSuchVersion, format!("{document} had no operations then")),
    })
}

/// The 404 of a document without deltas.
pub(crate) fn missing(document: &DocumentId) -> Problem {
    Problem::new(Code::NoSuchDocument, format!("{document} has no operations; POST one to /crdt/apply"))
}

fn by_clock(store: &Store, document: &DocumentId, clock: &VectorClock) -> Result<Option<Version>, Problem> {
    let dots: Vec<(&str, u64)> = clock.iter().collect();
    let dots = serde_json::to_string(&dots).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    let sql = format!(
        "SELECT {COLUMNS} FROM json_each(?2) n CROSS JOIN crdt_deltas d
         ON d.document_id = ?1 AND d.agent_id = n.value->>0 AND d.seq = n.value->>1 ORDER BY d.log"
    );
    let rows = select(store, &sql, [document.as_str().into(), dots.into()])?;
    let mut closure = VectorClock::new();
    rows.iter().for_each(|row| closure.join(&row.clock));
    if closure != *clock {
        let unknown = clock
            .iter()
            .find(|(agent, seq)| !rows.iter().any(|r| r.dot.agent.as_str() == *agent && r.dot.seq == *seq));
        let detail = match unknown {
            Some((agent, seq)) => format!("{document} has no {agent}:{seq}"),
            None => {
                "the vector leaves out deltas that its own deltas have seen; `closure` has them".to_owned()
            }
        };
        let closure = serde_json::to_value(&closure).unwrap_or_default();
        return Err(Problem::new(Code::UnclosedVersion, detail).with("closure", closure));
    }
    Ok(Version::of(rows, false))
}

/// The newest delta of each agent up to a log position: one statement, so one moment.
pub(crate) fn newest_until(store: &Store, document: &str, until: u64) -> Result<Vec<Stored>, Problem> {
    select(store, &newest_sql(), [document.into(), until.into()])
}

/// `CROSS` and `+` keep the planner from the index by log position, through which the walk would cost O(deltas).
fn newest_sql() -> String {
    format!(
        "{AGENTS}
        SELECT {COLUMNS} FROM agents CROSS JOIN crdt_deltas d ON d.document_id = ?1 AND d.agent_id = agents.id
            AND d.seq = (SELECT m.seq FROM crdt_deltas m WHERE m.document_id = ?1 AND m.agent_id = agents.id
                AND +m.log <= ?2 ORDER BY m.seq DESC LIMIT 1)
        WHERE agents.id IS NOT NULL
        ORDER BY d.log"
    )
}

#[cfg(test)]
mod tests {
    use super::newest_sql;
    use crate::row::SCHEMA;
    use ramanujan_shell::Store;
    use ramanujan_shell::native::fresh_database;

    /// The cost of every write hangs on this plan, and no answer tells when another is taken.
    #[test]
    fn the_newest_deltas_are_found_by_agent_not_by_walking_the_log() {
        let _database = fresh_database();
        let store = Store::open(SCHEMA).unwrap();
        store.execute("SELECT 1 FROM crdt_deltas", []).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", newest_sql());
        let plan = store.execute(&sql, ["d".into(), 1u64.into()]).unwrap();
        let steps: Vec<&str> = plan.iter().map(|row| row.text(3).unwrap()).collect();
        assert!(steps.iter().any(|step| step.contains("agent_id=? AND seq=?")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("by_log")), "{steps:?}");
    }
}
