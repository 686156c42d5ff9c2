//! The canonical order of a set of operations: one topological order that depends on the set alone.
//!
//! Go on with the same agent as long as the parents of its next operation have been written; then take the first, by
//! name, of the agents whose next operation can be. So stretches of one agent stay together, whatever order they
//! arrived in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::log::Log;

/// Operations of one chain of runs, or the later part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) chain: u32,
    /// Operations of the chain that are left out.
    pub(crate) skipped: u32,
}

struct Agent {
    /// Place in the author's chains.
    next: usize,
    /// Operations written, or left out because the reader has them.
    done: u32,
    /// Parents of its next operation that are known to be written.
    checked: usize,
    /// Agents waiting for an operation of this one: its number, the agent.
    waiting: BinaryHeap<Reverse<(u32, u32)>>,
}

/// The operations beyond the first `since[author]` of each author in canonical order. `ranks` has the place of each
/// author's name among all.
pub(crate) fn canonical(log: &Log, since: &[u32], ranks: &[u32]) -> Vec<Part> {
    let mut agents: Vec<Agent> = Vec::with_capacity(log.authors.len());
    for (author, done) in log.authors.iter().zip(since) {
        let next = log.chains_done(author, *done);
        agents.push(Agent { next, done: *done, checked: 0, waiting: BinaryHeap::new() });
    }
    let mut parts = Vec::with_capacity(log.runs.chain_count());
    let mut ready: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    for author in 0..log.authors.len() as u32 {
        if !blocked(log, &mut agents, author) {
            ready.push(Reverse((ranks[author as usize], author)));
        }
    }
    while let Some(Reverse((_, author))) = ready.pop() {
        let chains = &log.authors[author as usize].chains;
        loop {
            let agent = &mut agents[author as usize];
            let Some(chain) = chains.get(agent.next) else { break };
            let first = log.notes[*chain as usize].seq;
            parts.push(Part { chain: *chain, skipped: agent.done + 1 - first });
            agent.done = log.last_op(*chain as usize);
            (agent.next, agent.checked) = (agent.next + 1, 0);
            let done = agent.done;
            while let Some(Reverse((seq, other))) = agents[author as usize].waiting.peek().copied()
                && seq <= done
            {
                agents[author as usize].waiting.pop();
                if !blocked(log, &mut agents, other) {
                    ready.push(Reverse((ranks[other as usize], other)));
                }
            }
            if blocked(log, &mut agents, author) {
                break;
            }
        }
    }
    parts
}

/// Whether an agent's next operation has a parent that is not written; it then waits for that one. An agent without
/// further operations is not blocked.
fn blocked(log: &Log, agents: &mut [Agent], author: u32) -> bool {
    let agent = &agents[author as usize];
    let Some(chain) = log.authors[author as usize].chains.get(agent.next) else { return false };
    let chain = *chain as usize;
    if log.notes[chain].seq <= agent.done {
        return false;
    }
    for (place, parent) in log.runs.chain_parents(chain).iter().enumerate().skip(agent.checked) {
        let (other, seq) = log.parent_op(chain, *parent);
        if agents[other as usize].done < seq {
            agents[other as usize].waiting.push(Reverse((seq, author)));
            // Another parent may be waited for afterwards, as often as there are parents.
            agents[author as usize].checked = place;
            return true;
        }
    }
    false
}
