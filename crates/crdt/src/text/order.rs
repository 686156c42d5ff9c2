//! The canonical order of a set of operations: one topological order that depends on the set alone.
//!
//! Go on with the same agent as long as the parents of its next operation have been written; then take the first, by
//! name, of the agents whose next operation can be. So stretches of one agent stay together, whatever order they
//! arrived in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::log::Log;

/// Operations of one run, or the later part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) run: u32,
    /// Operations of the run that are left out.
    pub(crate) skipped: u32,
}

struct Agent {
    /// Place in the author's runs.
    next: usize,
    /// Operations written, or left out because the reader has them.
    done: u32,
    /// Agents waiting for an operation of this one: its number, the agent.
    waiting: BinaryHeap<Reverse<(u32, u32)>>,
}

/// The operations beyond the first `since[author]` of each author in canonical order. `ranks` has the place of each
/// author's name among all.
pub(crate) fn canonical(log: &Log, since: &[u32], ranks: &[u32]) -> Vec<Part> {
    let mut agents: Vec<Agent> = Vec::with_capacity(log.authors.len());
    for (author, done) in log.authors.iter().zip(since) {
        let next = log.runs_done(author, *done);
        agents.push(Agent { next, done: *done, waiting: BinaryHeap::new() });
    }
    let mut parts = Vec::with_capacity(log.runs.len());
    let mut ready: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    for author in 0..log.authors.len() as u32 {
        if !blocked(log, &mut agents, author) {
            ready.push(Reverse((ranks[author as usize], author)));
        }
    }
    while let Some(Reverse((_, author))) = ready.pop() {
        let runs = &log.authors[author as usize].runs;
        loop {
            let agent = &mut agents[author as usize];
            let Some(run) = runs.get(agent.next) else { break };
            let first = log.notes[*run as usize].seq;
            parts.push(Part { run: *run, skipped: agent.done + 1 - first });
            agent.done = first + log.stretch(*run as usize).ops - 1;
            agent.next += 1;
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
    let Some(run) = log.authors[author as usize].runs.get(agent.next) else { return false };
    if log.notes[*run as usize].seq <= agent.done {
        return false;
    }
    for parent in &log.runs[*run as usize].parents {
        let (other, seq) = log.parent_op(*run as usize, *parent);
        if agents[other as usize].done < seq {
            agents[other as usize].waiting.push(Reverse((seq, author)));
            return true;
        }
    }
    false
}
