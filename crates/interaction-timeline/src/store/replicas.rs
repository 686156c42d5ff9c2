//! The replicas of a document, by what the events of their agents say.

use ramanujan_core::{Code, DocumentId, Problem, VectorClock};
use ramanujan_shell::Store;
use ramanujan_timeline::Stored;
use serde::Deserialize;

use crate::convergence::Replica;
use crate::store::log::{self, E_COLUMNS};

/// Most agents compared: a network has at most 48.
const MAX_AGENTS: u64 = 1000;

/// Each agent's latest event with a clock and a fingerprint on the document, by agent.
///
/// # Errors
/// 413 `too-many-agents`; 503 if the store does not answer.
pub(crate) fn replicas(store: &Store, document: &DocumentId) -> Result<Vec<Replica>, Problem> {
    let sql = format!(
        "SELECT {E_COLUMNS} FROM timeline_heard AS s CROSS JOIN timeline_events AS e ON e.seq = (
             SELECT c.seq FROM timeline_places AS c JOIN timeline_events AS x ON x.seq = c.seq
             WHERE c.total > 0 AND c.document = s.document AND c.agent = s.agent
               AND x.body ->> '$.fingerprint' IS NOT NULL
             ORDER BY c.own DESC, c.total DESC, c.seq DESC LIMIT 1)
         WHERE s.document = ?1 ORDER BY s.agent LIMIT ?2"
    );
    let rows = store.execute(&sql, [document.as_str().into(), (MAX_AGENTS + 1).into()])?;
    if rows.len() as u64 > MAX_AGENTS {
        let detail = format!("more than {MAX_AGENTS} agents have events on {document}");
        return Err(Problem::new(Code::TooManyStates, detail).with("limit", MAX_AGENTS));
    }
    rows.into_iter()
        .map(|row| {
            let event = log::read(row)?;
            let body = Reported::read(&event)?;
            Ok(Replica {
                agent: event.agent,
                clock: body.vector_clock,
                fingerprint: body.fingerprint,
                seq: event.seq,
                timestamp: event.timestamp,
            })
        })
        .collect()
}

/// What an event says of its agent's state.
#[derive(Deserialize)]
struct Reported {
    #[serde(default)]
    vector_clock: VectorClock,
    fingerprint: Option<String>,
}

impl Reported {
    fn read(event: &Stored) -> Result<Self, Problem> {
        serde_json::from_slice(event.body.as_bytes()).map_err(|error| {
            Problem::new(Code::StoreShape, format!("the body of event {} cannot be read", event.seq))
                .caused_by(error)
        })
    }
}

/// The clock of a stored event, empty if it has none.
///
/// # Errors
/// 500 `store-shape`.
pub(crate) fn clock_of(event: &Stored) -> Result<VectorClock, Problem> {
    Reported::read(event).map(|reported| reported.vector_clock)
}
