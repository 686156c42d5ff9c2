//! A stretch of concurrent history: in which order its spans are applied, and what is retreated and advanced between.
//!
//! Spans are applied branch by branch, the smaller branch first, since it is what is retreated from before the larger
//! one is begun (Eg-walker, §3.7).

use std::ops::Range;

use super::super::run::Lv;
use super::change::Sink;
use super::history::{History, Span};
use super::item::StateChange;
use super::kept::{KEPT_SPANS, make_room};
use super::tracker::{Names, Target, Tracker};

/// A span of the window with its place in the graph.
#[derive(Clone, Copy, Debug)]
struct Node {
    span: Span,
    target: Target,
    /// Its parents in the window end here in `Window::parents`; they begin where the previous node's end.
    parents_end: u32,
}

/// What is known of a node while it is being replayed.
#[derive(Clone, Copy, Debug)]
struct Task {
    /// The document has it already.
    known: bool,
    /// End of its children in `Window::children`; they begin where the previous task's end.
    children_end: u32,
    /// Parents that are not applied yet.
    waiting: u32,
    /// Events of the node and of what follows from it alone.
    weight: u64,
}

/// The graph to replay, and what breaks ties between insertions at one place.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) history: History<'a>,
    pub(super) names: Names<'a>,
}

/// An event in a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    event: Lv,
    node: u32,
}

/// Which of two versions contains an event.
const BOTH: u8 = 3;
const LEFT: u8 = 1;
const ENTERED: u8 = 2;

/// A stretch of concurrent history as replayed so far, and working space.
#[derive(Clone, Default)]
pub(super) struct Window {
    tracker: Tracker,
    /// Ascending and without gaps.
    nodes: Vec<Node>,
    parents: Vec<At>,
    /// The version that the tracker is at; none is the one before the window.
    prepared: Vec<At>,
    /// Of the last nodes, which are being replayed.
    tasks: Vec<Task>,
    /// Children of those, among them, by their tasks.
    children: Vec<u32>,
    /// Tasks that may come next.
    stack: Vec<u32>,
    queue: Queue,
    /// Nodes to advance, newest first, with which of their events.
    advance: Vec<(u32, u32, u32)>,
}

impl Window {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.parents.clear();
        self.prepared.clear();
        self.tracker.clear();
    }

    /// Number of spans.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The first span.
    pub(super) fn first(&self) -> Option<Span> {
        self.nodes.first().map(|node| node.span)
    }

    /// Replays `known` and then `new` after what the window has, or over a placeholder of what they build on, and emits
    /// what the latter do, unless `sink` refuses one. Both parts ascend and come after what the window has; all that
    /// they build on is among them, in the window, or is the version before it. `growth` counts the code points of the
    /// result.
    pub(super) fn replay(
        &mut self,
        order: Order<'_>,
        known: &[Span],
        new: &[Span],
        growth: &mut i64,
        sink: &mut impl Sink,
    ) -> bool {
        let begin = self.nodes.len();
        self.extend(order, known, new);
        self.tracker.begin();
        if !known.is_empty() {
            self.walk(order, begin, true, 0, &mut |_| ());
        }
        let base = *growth - self.tracker.growth().1;
        let whole = self.walk(order, begin, false, base, sink);
        *growth = base + self.tracker.growth().1;
        if self.tasks.capacity() > KEPT_SPANS {
            (self.tasks, self.children, self.stack) = Default::default();
        }
        whole
    }

    /// Code points by which the document at the merge of `events` is longer than the result, if the window holds them.
    pub(super) fn excess(&mut self, events: &[Lv]) -> Option<i64> {
        let start = self.parents.len();
        for event in events {
            let Some(node) = self.node_of(*event, self.nodes.len()) else {
                self.parents.truncate(start);
                return None;
            };
            self.parents.push(At { event: *event, node });
        }
        self.prepare(start..self.parents.len());
        self.parents.truncate(start);
        let (prepared, result) = self.tracker.growth();
        Some(prepared - result)
    }

    /// Adds spans that are to be replayed.
    fn extend(&mut self, order: Order<'_>, known: &[Span], new: &[Span]) {
        let begin = self.nodes.len();
        make_room(&mut self.nodes, known.len() + new.len());
        let node =
            |span: &Span| Node { span: *span, target: Target::Deleted { start: 0, end: 0 }, parents_end: 0 };
        self.nodes.extend(known.iter().chain(new).map(node));
        if !known.is_empty() {
            self.nodes[begin..].sort_unstable_by_key(|node| node.span.start);
        }
        self.tasks.clear();
        let mut ahead = known.iter().peekable();
        for node in &mut self.nodes[begin..] {
            let Span { run, start, end } = node.span;
            let known = ahead.next_if(|span| **span == node.span).is_some();
            self.tasks.push(Task { known, children_end: 0, waiting: 0, weight: u64::from(end - start) });
            let run = order.history.runs.get(run as usize);
            node.target = self.tracker.announce(run.kind, end - start, run.agent);
        }
        let first_parent = self.parents.len();
        for index in begin..self.nodes.len() {
            let mut inside = 0;
            for parent in order.history.parents(self.nodes[index].span, &mut inside) {
                if let Some(node) = self.node_of(*parent, index) {
                    make_room(&mut self.parents, 1);
                    self.parents.push(At { event: *parent, node });
                    if let Some(parent) = (node as usize).checked_sub(begin) {
                        self.tasks[parent].children_end += 1;
                        self.tasks[index - begin].waiting += 1;
                    }
                }
            }
            self.nodes[index].parents_end = self.parents.len() as u32;
        }
        let mut end = 0;
        for task in &mut self.tasks {
            let start = end;
            end += task.children_end;
            task.children_end = start;
        }
        self.children.clear();
        self.children.resize(self.parents.len() - first_parent, 0);
        for task in 0..self.tasks.len() {
            for parent in self.parents_of(begin + task) {
                if let Some(parent) = (self.parents[parent].node as usize).checked_sub(begin) {
                    self.children[self.tasks[parent].children_end as usize] = task as u32;
                    self.tasks[parent].children_end += 1;
                }
            }
        }
        for task in (0..self.tasks.len()).rev() {
            let parents = self.parents_of(begin + task);
            if parents.len() == 1
                && let Some(parent) = (self.parents[parents.start].node as usize).checked_sub(begin)
            {
                self.tasks[parent].weight += self.tasks[task].weight;
            }
        }
    }

    /// Where a node's parents are in `parents`.
    fn parents_of(&self, index: usize) -> Range<usize> {
        let start = index.checked_sub(1).map_or(0, |before| self.nodes[before].parents_end);
        start as usize..self.nodes[index].parents_end as usize
    }

    /// The node that holds `event`, one of those before `below`; none if it is older than the window.
    fn node_of(&self, event: Lv, below: usize) -> Option<u32> {
        let holds = |node: &Node| node.span.start <= event && event < node.span.end;
        if below > 0 && holds(&self.nodes[below - 1]) {
            return Some(below as u32 - 1);
        }
        let index = self.nodes[..below].partition_point(|node| node.span.start <= event).checked_sub(1)?;
        holds(&self.nodes[index]).then_some(index as u32)
    }

    /// Applies all nodes of one kind from `begin` on, or those before one that `sink` refuses; `base` is what has grown
    /// before the window.
    fn walk(&mut self, order: Order<'_>, begin: usize, known: bool, base: i64, sink: &mut impl Sink) -> bool {
        self.stack.clear();
        let ready = |task: &Task| task.known == known && task.waiting == 0;
        let roots = self.tasks.iter().enumerate().filter(|(_, task)| ready(task));
        self.stack.extend(roots.map(|(task, _)| task as u32));
        self.smallest_last(0);
        while let Some(task) = self.stack.pop() {
            let (task, index) = (task as usize, begin + task as usize);
            self.prepare(self.parents_of(index));
            let Span { run, start, end } = self.nodes[index].span;
            if !known && !sink.admit(run as usize, start..end, base + self.tracker.growth().0) {
                return false;
            }
            let span = self.nodes[index].span;
            let run = order.history.runs.get(run as usize);
            self.tracker.apply(&run, order.names, span, &mut self.nodes[index].target, sink);
            self.prepared.clear();
            self.prepared.push(At { event: end - 1, node: index as u32 });

            let first_ready = self.stack.len();
            let children_start = task.checked_sub(1).map_or(0, |before| self.tasks[before].children_end);
            for child in children_start..self.tasks[task].children_end {
                let child = self.children[child as usize];
                self.tasks[child as usize].waiting -= 1;
                if ready(&self.tasks[child as usize]) {
                    self.stack.push(child);
                }
            }
            self.smallest_last(first_ready);
        }
        true
    }

    fn smallest_last(&mut self, start: usize) {
        if self.stack.len() - start > 1 {
            let tasks = &self.tasks;
            self.stack[start..].sort_by_key(|task| std::cmp::Reverse(tasks[*task as usize].weight));
        }
    }

    /// Brings the tracker to the version that a range of `parents` names.
    fn prepare(&mut self, parents: Range<usize>) {
        if self.parents[parents.clone()] == *self.prepared {
            return;
        }
        self.queue.clear();
        self.advance.clear();
        self.queue.push_all(&self.prepared, LEFT);
        self.queue.push_all(&self.parents[parents.clone()], ENTERED);
        self.prepared.clear();
        self.prepared.extend_from_slice(&self.parents[parents]);
        while let Some((at, side)) = self.queue.pop() {
            let Node { span, target, .. } = self.nodes[at.node as usize];
            let next = self.queue.newest().map_or(0, |next| next.event + 1);
            let (from, to) = (span.start.max(next) - span.start, at.event + 1 - span.start);
            match side {
                LEFT => self.tracker.shift(target, from, to, StateChange::Retreat),
                ENTERED => self.advance.push((at.node, from, to)),
                _ => {}
            }
            if next > span.start {
                self.queue.push(At { event: next - 1, node: at.node }, side);
            } else {
                let parents = self.parents_of(at.node as usize);
                self.queue.push_all(&self.parents[parents], side);
            }
        }
        for (node, from, to) in self.advance.drain(..).rev() {
            self.tracker.shift(self.nodes[node as usize].target, from, to, StateChange::Advance);
        }
    }
}

/// Events on the way back from two versions, ascending, each with the versions that contain it.
#[derive(Clone, Default)]
struct Queue {
    events: Vec<(At, u8)>,
    /// Those that one version alone is known to contain.
    one_sided: usize,
}

impl Queue {
    fn clear(&mut self) {
        self.events.clear();
        self.one_sided = 0;
    }

    fn push(&mut self, at: At, side: u8) {
        // Mostly newer than the rest, of which there are as many as branches side by side.
        let newest = self.events.last().is_none_or(|(last, _)| *last < at);
        let place =
            if newest { self.events.len() } else { self.events.partition_point(|(other, _)| *other < at) };
        match self.events.get_mut(place).filter(|(other, _)| *other == at) {
            Some((_, other)) if *other != BOTH => {
                *other |= side;
                self.one_sided -= usize::from(*other == BOTH);
            }
            Some(_) => {}
            None => {
                self.events.insert(place, (at, side));
                self.one_sided += usize::from(side != BOTH);
            }
        }
    }

    fn push_all(&mut self, events: &[At], side: u8) {
        for at in events {
            self.push(*at, side);
        }
    }

    fn newest(&self) -> Option<At> {
        self.events.last().map(|(at, _)| *at)
    }

    /// The newest event, unless both versions contain all that are left.
    fn pop(&mut self) -> Option<(At, u8)> {
        let (at, side) = self.events.pop_if(|_| self.one_sided > 0)?;
        self.one_sided -= usize::from(side != BOTH);
        Some((at, side))
    }
}
