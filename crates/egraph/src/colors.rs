//! The colour discipline: no RED class has a BLUE child, nor the reverse.
//!
//! RED constructs, BLUE undoes, GREEN takes no side. A class has the join of its nodes' colours, RED over BLUE over
//! GREEN, so uniting two classes may bring RED next to BLUE where there was none. That is asked before it is done:
//!
//! ```
//! use ramanujan_egraph::colors::{conflict, violations};
//! use ramanujan_egraph::egraph::EGraph;
//! use ramanujan_egraph::languages::{Language, signature};
//! use ramanujan_egraph::read::s_expression;
//! use ramanujan_egraph::vocabulary::Vocabulary;
//!
//! let mut names = Vocabulary::new(signature(&[Language::Operations], Vec::new()).unwrap());
//! let terms = ["(inv x)", "x", "(merge a b)", "c"].map(|text| s_expression(&mut names, text, 10).unwrap());
//! let mut graph = EGraph::new(names);
//! let [_, x, merge, c] = terms.map(|term| graph.add_term(&term).unwrap());
//! graph.rebuild();
//!
//! // x stands below the BLUE inv: it may be equal to a symbol, and not to a RED merge.
//! assert_eq!(conflict(&graph, x, c), None);
//! assert!(conflict(&graph, x, merge).is_some());
//! assert!(violations(&graph, 10).is_empty());
//! ```
//!
//! A union is tried on an overlay before it is made, with every union that congruence draws after it; what would break
//! the rule is known before anything has changed, at a cost in proportion to what the union would touch.

use std::collections::HashMap;

use ramanujan_core::Color;

use crate::egraph::{EGraph, Id};
use crate::vocabulary::Name;

/// What becomes of a step that would bring RED next to BLUE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is left out and reported.
    #[default]
    Block,
    /// It is taken and reported.
    Report,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 2] = [Mode::Block, Mode::Report];

    /// Its name in requests and replies.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Block => "block",
            Mode::Report => "report",
        }
    }

    /// The mode of a name.
    pub fn named(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// A parent and a child that would break the rule, with the colours of their classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The node above.
    pub parent: Id,
    /// The colour of its class.
    pub parent_color: Color,
    /// Its child.
    pub child: Id,
    /// The colour of the child's class.
    pub child_color: Color,
}

/// The pairs that break the rule in a graph as it is, in the order of the parents; at most `most`.
pub fn violations(egraph: &EGraph, most: usize) -> Vec<Pair> {
    if !egraph.is_two_coloured() {
        return Vec::new();
    }
    let color = |id| egraph.known(id).color;
    let nodes = egraph.class_ids().flat_map(|class| egraph.nodes(class));
    let pairs = nodes.flat_map(|node| egraph.given(node).iter().map(move |child| (node, *child)));
    let pairs = pairs.map(|(parent, child)| Pair {
        parent,
        parent_color: color(parent),
        child,
        child_color: color(child),
    });
    pairs.filter(|pair| !pair.parent_color.may_contain(pair.child_color)).take(most).collect()
}

/// A pair that would newly break the rule if `a` and `b` were united. The graph must be rebuilt.
pub fn conflict(egraph: &EGraph, a: Id, b: Id) -> Option<Pair> {
    if !egraph.is_two_coloured() || egraph.find(a) == egraph.find(b) {
        return None;
    }
    let mut overlay =
        Overlay { egraph, leader: HashMap::new(), united: HashMap::new(), keys: HashMap::new() };
    overlay.close(a, b);
    overlay.conflict()
}

/// Classes of the graph as they would be united.
struct Overlay<'g> {
    egraph: &'g EGraph,
    /// For a class that would lose its identity the one that it goes into; that one may too.
    leader: HashMap<Id, Id>,
    /// For each united class the classes that it is made of.
    united: HashMap<Id, Vec<Id>>,
    /// Nodes by what they would be.
    keys: HashMap<(Name, Vec<Id>), Id>,
}

impl Overlay<'_> {
    fn find(&self, id: Id) -> Id {
        let mut id = self.egraph.find(id);
        while let Some(next) = self.leader.get(&id) {
            id = *next;
        }
        id
    }

    fn members(&self, class: Id) -> Vec<Id> {
        self.united.get(&class).cloned().unwrap_or_else(|| vec![class])
    }

    /// Unites two classes and all that congruence then unites.
    fn close(&mut self, a: Id, b: Id) {
        let mut todo = vec![(a, b)];
        while let Some((a, b)) = todo.pop() {
            let (mut keep, mut drop) = (self.find(a), self.find(b));
            if keep == drop {
                continue;
            }
            let (mut kept, mut dropped) = (self.members(keep), self.members(drop));
            let weight =
                |members: &[Id]| members.iter().map(|class| self.egraph.parent_count(*class)).sum::<usize>();
            if weight(&dropped) > weight(&kept) {
                std::mem::swap(&mut keep, &mut drop);
                std::mem::swap(&mut kept, &mut dropped);
            }
            self.leader.insert(drop, keep);
            self.united.remove(&drop);
            // What has a child among the dropped becomes something else: perhaps what another is or becomes. The
            // others that have one among the kept stay what they are, for the class that is kept stays itself.
            let parents: Vec<Id> = dropped.iter().flat_map(|class| self.egraph.parents(*class)).collect();
            kept.extend(dropped);
            self.united.insert(keep, kept);
            for node in parents {
                let classes: Vec<Id> =
                    self.egraph.children(node).iter().map(|child| self.find(*child)).collect();
                let name = self.egraph.name(node);
                let known = self.egraph.lookup(name, &classes);
                let earlier = *self.keys.entry((name, classes)).or_insert(node);
                todo.extend([earlier].into_iter().chain(known).map(|same| (node, same)));
            }
        }
    }

    fn color(&self, class: Id) -> Color {
        let members = self.united.get(&class);
        members.map_or(self.egraph.known(class).color, |members| {
            members.iter().fold(Color::Green, |color, member| color.join(self.egraph.known(*member).color))
        })
    }

    fn conflict(&self) -> Option<Pair> {
        let mut united: Vec<Id> = self.united.keys().copied().collect();
        united.sort_unstable();
        let colors: HashMap<Id, Color> = united.iter().map(|class| (*class, self.color(*class))).collect();
        let after = |id: Id| {
            let class = self.find(id);
            colors.get(&class).copied().unwrap_or_else(|| self.egraph.known(class).color)
        };
        let before = |id: Id| self.egraph.known(id).color;
        let newly = |parent: Id, child: Id| {
            let pair = Pair { parent, parent_color: after(parent), child, child_color: after(child) };
            let breaks = !pair.parent_color.may_contain(pair.child_color);
            (breaks && before(parent).may_contain(before(child))).then_some(pair)
        };
        let members = united.iter().flat_map(|class| &self.united[class]);
        // An edge changes only with a class at its end that changes its colour.
        members.filter(|member| before(**member) != after(**member)).find_map(|member| {
            let egraph = self.egraph;
            let below = egraph
                .nodes(*member)
                .flat_map(|node| egraph.given(node).iter().map(move |child| (node, *child)));
            let above = egraph.parents(*member).flat_map(|node| {
                let children = egraph.given(node).iter().copied();
                children.filter(|child| egraph.find(*child) == *member).map(move |child| (node, child))
            });
            below.chain(above).find_map(|(parent, child)| newly(parent, child))
        })
    }
}
