//! A text document in the form of diamond-types, a peer: for tests that compare what both merge, and for benches.

use std::collections::HashMap;

use diamond_types::list::OpLog;
use ramanujan_core::Dot;
use ramanujan_crdt::{Delta, Op};

/// The deltas as a diamond-types log.
pub(crate) fn log_of(deltas: &[Delta]) -> OpLog {
    let mut log = OpLog::new();
    let mut ends: HashMap<Dot, usize> = HashMap::with_capacity(deltas.len());
    for Delta { dot, parents, op } in deltas {
        let agent = log.get_or_create_agent_id(dot.agent.as_str());
        let mut parents: Vec<usize> = parents.iter().map(|parent| ends[parent]).collect();
        parents.sort_unstable();
        let end = match op {
            Op::Insert { position, text } => log.add_insert_at(agent, &parents, *position as usize, text),
            Op::Delete { position, length } => {
                log.add_delete_at(agent, &parents, *position as usize..(*position + *length) as usize)
            }
            other => panic!("{} is no text operation", other.name()),
        };
        ends.insert(dot.clone(), end);
    }
    log
}
