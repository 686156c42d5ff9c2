//! In which order operations are sent, and which share a request.
//!
//! A request carries operations of one colour, and everything an operation refers to is sent before it or stands
//! earlier in the same request. The schedule is a series of *runs*, alternating between RED and BLUE: a run takes every
//! operation of its colour that is ready, including those that become ready through the run itself, until none is
//! left. That is the shortest possible series: an operation behind k changes of colour on some path cannot come before
//! the k-th run, and is never later than that, one more if the first run has the wrong colour. Both beginnings are
//! tried.
//!
//! The order depends on the session alone and not on the size of the requests. A second attempt therefore sends in the
//! same order as the first, whatever its `--batch`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use ramanujan_core::Color;

use crate::session::Session;

/// Largest sum of [`crate::operation::Operation::size`] and identifiers in one request, in bytes: half of the
/// components' default body limit of 1 MiB, because a stream passes operations on with members added.
pub const MAX_BATCH_BYTES: usize = 512 << 10;

/// One request: operations `order[range]`, all of one colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub color: Color,
    pub range: Range<usize>,
}

/// The order of a session's operations and its division into requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Indices into the session's operations.
    pub order: Vec<usize>,
    pub batches: Vec<Batch>,
    /// Number of runs: the least possible number of requests, if requests were unlimited.
    pub runs: usize,
}

impl Schedule {
    /// Schedules a session in requests of at most `limit` operations (0 counts as 1). `name_bytes` is the length of
    /// the longest identifier, which a request repeats for every operation.
    pub fn new(session: &Session, limit: usize, name_bytes: usize) -> Self {
        let graph = Graph::new(session);
        let red = graph.runs(Color::Red);
        let blue = graph.runs(Color::Blue);
        let (order, runs) = if blue.1.len() < red.1.len() { blue } else { red };
        let batches = runs
            .iter()
            .flat_map(|run| split(session, &order, run.clone(), limit.max(1), name_bytes))
            .collect();
        Schedule { order, batches, runs: runs.len() }
    }
}

/// Who waits for whom.
struct Graph {
    colors: Vec<Color>,
    /// Number of parents per operation.
    parents: Vec<u32>,
    /// Operations that name an operation as parent: those of `i` are `children[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    children: Vec<usize>,
}

impl Graph {
    fn new(session: &Session) -> Self {
        let mut of_replica: Vec<Vec<usize>> = vec![Vec::new(); session.replicas.len()];
        for (index, operation) in session.operations.iter().enumerate() {
            of_replica[operation.mark.replica as usize].push(index);
        }
        let edges = || {
            session.operations.iter().enumerate().flat_map(|(child, operation)| {
                let parent =
                    |mark: &crate::operation::Mark| of_replica[mark.replica as usize][mark.seq as usize - 1];
                operation.parents.iter().map(move |mark| (parent(mark), child)).collect::<Vec<_>>()
            })
        };
        let mut starts = vec![0; session.operations.len() + 1];
        for (parent, _) in edges() {
            starts[parent + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut free = starts.clone();
        let mut children = vec![0; starts.last().copied().unwrap_or(0)];
        for (parent, child) in edges() {
            children[free[parent]] = child;
            free[parent] += 1;
        }
        Graph {
            colors: session.operations.iter().map(|operation| operation.color()).collect(),
            parents: session.operations.iter().map(|operation| operation.parents.len() as u32).collect(),
            starts,
            children,
        }
    }

    /// The order and its runs, if the first run may have colour `first`.
    fn runs(&self, first: Color) -> (Vec<usize>, Vec<Range<usize>>) {
        let queue = |color| usize::from(color == Color::Blue);
        let mut ready = [BinaryHeap::new(), BinaryHeap::new()];
        let mut waiting = self.parents.clone();
        for (index, count) in waiting.iter().enumerate() {
            if *count == 0 {
                ready[queue(self.colors[index])].push(Reverse(index));
            }
        }
        let mut order = Vec::with_capacity(self.colors.len());
        let mut runs = Vec::new();
        let mut turn = queue(first);
        while ready.iter().any(|heap| !heap.is_empty()) {
            let start = order.len();
            while let Some(Reverse(index)) = ready[turn].pop() {
                order.push(index);
                for child in &self.children[self.starts[index]..self.starts[index + 1]] {
                    waiting[*child] -= 1;
                    if waiting[*child] == 0 {
                        ready[queue(self.colors[*child])].push(Reverse(*child));
                    }
                }
            }
            if order.len() > start {
                runs.push(start..order.len());
            }
            turn = 1 - turn;
        }
        (order, runs)
    }
}

/// Divides a run into requests of at most `limit` operations and [`MAX_BATCH_BYTES`], as evenly filled as comes.
fn split(
    session: &Session,
    order: &[usize],
    run: Range<usize>,
    limit: usize,
    name_bytes: usize,
) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut start = run.start;
    let mut bytes = 0;
    for place in run.clone() {
        let operation = &session.operations[order[place]];
        let size = operation.size() + name_bytes * (2 + operation.parents.len());
        if place > start && (place - start == limit || bytes + size > MAX_BATCH_BYTES) {
            batches.push(Batch { color: operation.color(), range: start..place });
            (start, bytes) = (place, 0);
        }
        bytes += size;
    }
    if let Some(last) = order.get(start)
        && start < run.end
    {
        batches.push(Batch { color: session.operations[*last].color(), range: start..run.end });
    }
    batches
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
