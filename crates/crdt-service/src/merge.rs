//! `POST /crdt/merge` and `/crdt/compare`: pure functions of states and clocks. Nothing is stored: what should stay
//! is sent to `/crdt/apply`.

use std::collections::BTreeMap;

use ramanujan_core::{DocumentId, Dot, Problem, VectorClock};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, Delta, Op, PnCounter, StateDigest, TextGraph};
use ramanujan_shell::{Request, Response, Store, ok};
use serde::Deserialize;
use serde_json::json;

use crate::document::{counter, counter_value};
use crate::row::{COLUMNS, SCHEMA, select};
use crate::version::{missing, newest_until};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeRequest {
    crdt_type: Option<CrdtType>,
    left: Option<State>,
    right: Option<State>,
    document_id: Option<DocumentId>,
    remote: Option<State>,
}

/// A state on the wire: all deltas of a text, or each agent's totals of a counter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    deltas: Option<Vec<DeltaRecord>>,
    totals: Option<PnCounter>,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let request: MergeRequest = request.json()?;
    let invalid = |detail: &str| Problem::invalid("invalid-merge", detail);
    match request {
        MergeRequest {
            crdt_type: Some(crdt_type),
            left: Some(left),
            right: Some(right),
            document_id: None,
            remote: None,
        } => match crdt_type {
            CrdtType::Text => merge_text(None, vec![deltas(left)?, deltas(right)?]),
            CrdtType::PnCounter => merge_counters(None, &totals(left)?, &totals(right)?),
            other => Err(not_built(other)),
        },
        MergeRequest {
            crdt_type,
            left: None,
            right: None,
            document_id: Some(document),
            remote: Some(remote),
        } => with_document(&document, crdt_type, remote),
        _ => Err(invalid("give crdt_type, left and right, or document_id and remote; GET shows examples")),
    }
}

fn with_document(
    document: &DocumentId,
    claimed: Option<CrdtType>,
    remote: State,
) -> Result<Response, Problem> {
    let store = Store::open(SCHEMA)?;
    let newest = newest_until(&store, document.as_str(), u64::MAX)?;
    let Some(last) = newest.last() else { return Err(missing(document)) };
    if claimed.is_some_and(|claimed| claimed != last.crdt_type) {
        let detail = format!("{document} is a {} document", last.crdt_type);
        return Err(Problem::conflict("type-conflict", detail));
    }
    match last.crdt_type {
        CrdtType::PnCounter => merge_counters(Some(document), &counter(&newest), &totals(remote)?),
        CrdtType::Text => {
            let remote = deltas(remote)?;
            let sql = format!(
                "SELECT {COLUMNS} FROM crdt_deltas d WHERE d.document_id = ?1 AND d.log <= ?2 ORDER BY d.log"
            );
            let rows = select(&store, &sql, [document.as_str().into(), last.log.into()])?;
            let own = rows
                .into_iter()
                .map(|row| Delta { dot: row.dot, parents: row.parents, op: row.op })
                .collect();
            merge_text(Some(document), vec![own, remote])
        }
        other => Err(not_built(other)),
    }
}

fn not_built(crdt_type: CrdtType) -> Problem {
    Problem::not_implemented(format!("merging {crdt_type} states is not built yet"))
}

fn deltas(state: State) -> Result<Vec<Delta>, Problem> {
    match state {
        State { deltas: Some(records), totals: None } => records.iter().map(DeltaRecord::to_delta).collect(),
        _ => Err(Problem::invalid(
            "invalid-merge",
            "a text state is {\"deltas\": […]}, as /history lists them",
        )),
    }
}

fn totals(state: State) -> Result<PnCounter, Problem> {
    let invalid = |detail: &str| Problem::invalid("invalid-merge", detail);
    match state {
        State { totals: Some(totals), deltas: None } => {
            if totals.is_oversized() {
                return Err(invalid("a total exceeds 2^53-1"));
            }
            for (agent, _) in totals.iter() {
                ramanujan_core::AgentId::check(agent).map_err(|error| invalid(&error.to_string()))?;
            }
            Ok(totals)
        }
        _ => Err(invalid("a pn-counter state is {\"totals\": {\"agent\": {\"p\": 1, \"n\": 0}}}")),
    }
}

fn merge_counters(
    document: Option<&DocumentId>,
    left: &PnCounter,
    right: &PnCounter,
) -> Result<Response, Problem> {
    let mut merged = left.clone();
    merged.join(right);
    // State-based: there are no dots, so the canonical form is the totals themselves.
    let canonical = serde_json::to_vec(&merged).map_err(|e| Problem::new(500, "encoding", e.to_string()))?;
    ok(&json!({
        "document_id": document,
        "crdt_type": CrdtType::PnCounter,
        "result": {"value": counter_value(merged.value())?, "totals": merged},
        "fingerprint": ramanujan_core::Fingerprint::of(&canonical),
        "polarity": "neutral",
        "cached": false,
    }))
}

/// The union of the delta sets, replayed in a causal order.
fn merge_text(document: Option<&DocumentId>, sides: Vec<Vec<Delta>>) -> Result<Response, Problem> {
    let mut union: BTreeMap<Dot, Delta> = BTreeMap::new();
    for delta in sides.into_iter().flatten() {
        if let Some(other) = union.get(&delta.dot) {
            if *other != delta {
                let detail = format!("{} has two different contents", delta.dot);
                return Err(
                    Problem::conflict("dot-conflict", detail).with("operation_id", delta.dot.to_string())
                );
            }
            continue;
        }
        union.insert(delta.dot.clone(), delta);
    }
    let mut graph = TextGraph::new();
    let mut state = StateDigest::new(CrdtType::Text);
    for dot in causal_order(&union)? {
        let Some(delta) = union.get(&dot) else { continue };
        if !matches!(delta.op, Op::Insert { .. } | Op::Delete { .. }) {
            return Err(Problem::invalid("invalid-merge", format!("{dot} is not a text operation")));
        }
        graph
            .push(&delta.dot, &delta.parents, &delta.op)
            .map_err(|error| Problem::invalid("invalid-delta", format!("{dot}: {error}")))?;
        state.push(dot.agent.as_str(), &delta.digest());
    }
    let text = graph.text().map_err(|error| Problem::new(500, "merge", error.to_string()))?;
    ok(&json!({
        "document_id": document,
        "crdt_type": CrdtType::Text,
        "result": {"value": text, "operations": graph.len()},
        "vector_clock": state.clock(),
        "fingerprint": state.fingerprint(),
        "digest": state.digest(),
        "polarity": "neutral",
        "cached": false,
    }))
}

/// Kahn's algorithm over the parents; each agent's own order counts too, because a replica is sequential.
fn causal_order(union: &BTreeMap<Dot, Delta>) -> Result<Vec<Dot>, Problem> {
    let mut waits: BTreeMap<&Dot, usize> = BTreeMap::new();
    let mut unlocks: BTreeMap<Dot, Vec<&Dot>> = BTreeMap::new();
    for (dot, delta) in union {
        let previous = (dot.seq > 1).then(|| Dot::new(dot.agent.clone(), dot.seq - 1));
        let needs = delta.parents.iter().cloned().chain(previous.filter(|p| !delta.parents.contains(p)));
        let mut count = 0;
        for need in needs {
            if !union.contains_key(&need) {
                let detail = format!("{dot} comes after {need}, which neither side has");
                return Err(Problem::invalid("unknown-parent", detail).with("parent", need.to_string()));
            }
            unlocks.entry(need).or_default().push(dot);
            count += 1;
        }
        waits.insert(dot, count);
    }
    let mut ready: Vec<&Dot> = waits.iter().filter(|(_, count)| **count == 0).map(|(dot, _)| *dot).collect();
    let mut order = Vec::with_capacity(union.len());
    while let Some(dot) = ready.pop() {
        order.push(dot.clone());
        for next in unlocks.get(dot).into_iter().flatten() {
            if let Some(count) = waits.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.push(next);
                }
            }
        }
    }
    if order.len() < union.len() {
        return Err(Problem::invalid("invalid-delta", "the parents form a cycle"));
    }
    Ok(order)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompareRequest {
    left: VectorClock,
    right: VectorClock,
}

pub(crate) async fn compare(request: Request) -> Result<Response, Problem> {
    let CompareRequest { left, right } = request.json()?;
    let mut join = left.clone();
    join.join(&right);
    ok(&json!({"causality": left.compare(&right), "join": join}))
}
