//! A stretch of concurrent history: in which order its spans are applied, and what is retreated and advanced between.
//!
//! Spans are applied branch by branch, the smaller branch first, since it is what is retreated from before the larger
//! one is begun (Eg-walker, §3.7).

use super::super::run::Lv;
use super::Sink;
use super::history::{History, Span};
use super::item::StateChange;
use super::tracker::{Target, Tracker};

/// A span of the window with its place in the graph.
#[derive(Clone, Copy, Debug)]
struct Node {
    span: Span,
    target: Target,
    /// The document has it already.
    known: bool,
    /// Its parents in the window, in `Window::parents`.
    parents: (u32, u32),
    /// End of its children in `Window::children`; they begin where the previous node's end.
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
    /// Place of each agent's name among all names.
    pub(super) rank: &'a [u32],
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

/// Working space for one window after the other.
#[derive(Default)]
pub(super) struct Window {
    tracker: Tracker,
    nodes: Vec<Node>,
    parents: Vec<At>,
    children: Vec<u32>,
    stack: Vec<u32>,
    queue: Queue,
    /// Nodes to advance, newest first, with which of their events.
    advance: Vec<(u32, u32, u32)>,
}

impl Window {
    /// Replays `known` and then `first` and `rest` over a placeholder of what they build on, and emits what the latter
    /// do, unless `sink` refuses one. Both parts ascend, and all that they build on is among them or is the version
    /// before the window. `growth` counts the code points of the result.
    pub(super) fn replay(
        &mut self,
        order: Order<'_>,
        known: &[Span],
        first: Span,
        rest: &[Span],
        growth: &mut i64,
        sink: &mut impl Sink,
    ) -> bool {
        self.build(order, known, first, rest);
        self.tracker.begin();
        let mut at = None;
        if !known.is_empty() {
            self.walk(order, true, &mut at, 0, &mut |_| ());
        }
        let base = *growth - self.tracker.growth().1;
        let whole = self.walk(order, false, &mut at, base, sink);
        *growth = base + self.tracker.growth().1;
        whole
    }

    fn build(&mut self, order: Order<'_>, known: &[Span], first: Span, rest: &[Span]) {
        self.nodes.clear();
        for (spans, known) in [(known, true), (&[first], false), (rest, false)] {
            self.nodes.extend(spans.iter().map(|span| Node {
                span: *span,
                target: Target::Deleted { start: 0, end: 0 },
                known,
                parents: (0, 0),
                children_end: 0,
                waiting: 0,
                weight: u64::from(span.end - span.start),
            }));
        }
        if !known.is_empty() {
            self.nodes.sort_unstable_by_key(|node| node.span.start);
        }
        self.tracker.clear();
        for node in &mut self.nodes {
            let Span { run, start, end } = node.span;
            let run = &order.history.runs[run as usize];
            node.target = self.tracker.announce(run.kind, end - start, order.rank[run.agent as usize]);
        }
        self.parents.clear();
        for index in 0..self.nodes.len() {
            let start = self.parents.len() as u32;
            let mut inside = 0;
            for parent in order.history.parents(self.nodes[index].span, &mut inside) {
                if let Some(node) = self.node_of(*parent, index) {
                    self.parents.push(At { event: *parent, node });
                    self.nodes[node as usize].children_end += 1;
                }
            }
            let end = self.parents.len() as u32;
            self.nodes[index].parents = (start, end);
            self.nodes[index].waiting = end - start;
        }
        let mut end = 0;
        for node in &mut self.nodes {
            let start = end;
            end += node.children_end;
            node.children_end = start;
        }
        self.children.clear();
        self.children.resize(self.parents.len(), 0);
        for index in 0..self.nodes.len() {
            for parent in self.nodes[index].parents.0..self.nodes[index].parents.1 {
                let parent = &mut self.nodes[self.parents[parent as usize].node as usize];
                self.children[parent.children_end as usize] = index as u32;
                parent.children_end += 1;
            }
        }
        for index in (0..self.nodes.len()).rev() {
            let Node { parents: (start, end), weight, .. } = self.nodes[index];
            if end - start == 1 {
                self.nodes[self.parents[start as usize].node as usize].weight += weight;
            }
        }
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

    /// Applies all nodes of one kind, or those before one that `sink` refuses; `at` is the node whose version is
    /// prepared, and `base` what has grown before the window.
    fn walk(
        &mut self,
        order: Order<'_>,
        known: bool,
        at: &mut Option<u32>,
        base: i64,
        sink: &mut impl Sink,
    ) -> bool {
        self.stack.clear();
        let ready = |node: &Node| node.known == known && node.waiting == 0;
        let roots = self.nodes.iter().enumerate().filter(|(_, node)| ready(node));
        self.stack.extend(roots.map(|(index, _)| index as u32));
        self.smallest_last(0);
        while let Some(index) = self.stack.pop() {
            let node = self.nodes[index as usize];
            self.prepare(*at, node.parents);
            let Span { run, start, end } = node.span;
            if !known && !sink.admit(run as usize, start..end, base + self.tracker.growth().0) {
                return false;
            }
            let run = &order.history.runs[run as usize];
            self.tracker.apply(run, node.span, &mut self.nodes[index as usize].target, sink);
            *at = Some(index);

            let first_ready = self.stack.len();
            let children_start = if index == 0 { 0 } else { self.nodes[index as usize - 1].children_end };
            for child in children_start..node.children_end {
                let child = self.children[child as usize];
                self.nodes[child as usize].waiting -= 1;
                if ready(&self.nodes[child as usize]) {
                    self.stack.push(child);
                }
            }
            self.smallest_last(first_ready);
        }
        true
    }

    fn smallest_last(&mut self, start: usize) {
        if self.stack.len() - start > 1 {
            let nodes = &self.nodes;
            self.stack[start..].sort_by_key(|node| std::cmp::Reverse(nodes[*node as usize].weight));
        }
    }

    /// Brings the tracker from the version after node `at` to that of `parents`.
    fn prepare(&mut self, at: Option<u32>, parents: (u32, u32)) {
        let parents = parents.0 as usize..parents.1 as usize;
        let at = at.map(|node| At { event: self.nodes[node as usize].span.end - 1, node });
        if self.parents[parents.clone()] == *at.as_slice() {
            return;
        }
        self.queue.clear();
        self.advance.clear();
        if let Some(at) = at {
            self.queue.push(at, LEFT);
        }
        self.queue.push_all(&self.parents[parents], ENTERED);
        while let Some((at, side)) = self.queue.pop() {
            let Node { span, target, parents, .. } = self.nodes[at.node as usize];
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
                self.queue.push_all(&self.parents[parents.0 as usize..parents.1 as usize], side);
            }
        }
        for (node, from, to) in self.advance.drain(..).rev() {
            self.tracker.shift(self.nodes[node as usize].target, from, to, StateChange::Advance);
        }
    }
}

/// Events on the way back from two versions, ascending, each with the versions that contain it.
#[derive(Default)]
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
