//! `GET /timeline/convergence?document=`: which agents have seen what, by the clocks and fingerprints of their events.
//!
//! An agent's state is what its latest event on the document says (greatest own counter, then greatest clock). The
//! document has converged if all agents have the join of all clocks and one fingerprint; two agents with equal
//! clocks and different fingerprints have diverged, which no further exchange mends.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, DocumentId, Problem, VectorClock};
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde_json::{Value, json};

use crate::causal;
use crate::graph::clock_of;
use crate::query::{DEFAULT_LIMIT, DEFAULT_MAX_LIMIT};
use crate::row::{E_COLUMNS, Stored};

/// Most agents compared: a network has at most 48.
const MAX_AGENTS: u64 = 1000;

struct State {
    agent: String,
    clock: VectorClock,
    fingerprint: Option<Value>,
    seq: u64,
    timestamp: u64,
}

/// Each agent's latest event with a clock and a fingerprint on the document, by agent.
fn states(store: &Store, document: &DocumentId) -> Result<Vec<State>, Problem> {
    let sql = format!(
        "SELECT {E_COLUMNS} FROM timeline_seen AS s CROSS JOIN timeline_events AS e ON e.seq = (
             SELECT c.seq FROM timeline_causal AS c JOIN timeline_events AS x ON x.seq = c.seq
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
            let event = Stored::read(row)?;
            let clock = clock_of(&event)?;
            let (seq, timestamp, agent) = (event.seq, event.timestamp, event.agent.clone());
            let fingerprint = event.into_json()?.remove("fingerprint");
            Ok(State { agent, clock, fingerprint, seq, timestamp })
        })
        .collect()
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["document", "limit", "cursor"])?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let document: DocumentId = query
        .parse("document")?
        .ok_or_else(|| Problem::new(Code::InvalidParameter, "document: which one is needed"))?;
    let states = states(&causal::open()?, &document)?;
    if states.is_empty() {
        let detail = format!("no event on {document} has a clock and a fingerprint");
        return Err(Problem::new(Code::NoSuchDocument, detail));
    }
    let mut join = VectorClock::new();
    for state in &states {
        join.join(&state.clock);
    }
    let mut prints: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for state in &states {
        let print = state.fingerprint.as_ref().and_then(Value::as_str).unwrap_or_default();
        prints.entry(json!(state.clock).to_string()).or_default().insert(print.to_owned());
    }
    let diverged = prints.values().any(|prints| prints.len() > 1);
    let latest: BTreeSet<String> = prints.get(&json!(join).to_string()).cloned().unwrap_or_default();
    let up_to_date = states.iter().filter(|state| state.clock == join).count();
    let outcome = match (diverged, up_to_date == states.len()) {
        (true, _) => "diverged",
        (false, true) => "converged",
        (false, false) => "converging",
    };
    let after = query.get("cursor").unwrap_or_default();
    let mut rest = states.iter().filter(|state| state.agent.as_str() > after);
    let page: Vec<&State> = rest.by_ref().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let next_cursor = page.last().filter(|_| rest.next().is_some()).map(|state| state.agent.clone());
    let agents: Vec<Value> = page
        .into_iter()
        .map(|state| {
            json!({
                "agent_id": state.agent,
                "up_to_date": state.clock == join,
                "behind": join.total() - state.clock.total(),
                "vector_clock": state.clock,
                "fingerprint": state.fingerprint,
                "seq": state.seq,
                "timestamp": format_rfc3339(state.timestamp),
            })
        })
        .collect();
    ok(&json!({
        "document_id": document,
        "convergence": outcome,
        "agents_total": states.len(),
        "up_to_date": up_to_date,
        "vector_clock": join,
        // Of those who have everything; several if they diverged, none if nobody has.
        "fingerprints": latest,
        "agents": agents,
        "next_cursor": next_cursor,
    }))
}
