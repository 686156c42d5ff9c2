//! Building the right side of a rewrite: all of it or nothing, within the node limit and the colour rule.

use ramanujan_core::Color;

use crate::colors::Mode;
use crate::egraph::{EGraph, Id};
use crate::pattern::{Pattern, Place};
use crate::rewrite::{Rewrite, Right};

/// Two places of a right side of which one is RED and the other, its argument, BLUE, or the reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Clash {
    pub(crate) parent: usize,
    pub(crate) parent_color: Color,
    pub(crate) child: usize,
    pub(crate) child_color: Color,
}

pub(crate) enum Built {
    /// A node for each place, and where the colour rule is broken.
    Done(Box<[Id]>, Option<Clash>),
    /// There is nothing to build: the value does not exist.
    Nothing,
    /// It would go beyond the limit.
    Full,
    Blocked(Clash),
}

/// What a place will be: a node that is there, or a new one.
#[derive(Clone, Copy)]
enum Planned {
    Known(Id),
    New(Color),
}

/// Builds the right side for a match.
pub(crate) fn build(egraph: &mut EGraph, rewrite: &Rewrite, slots: &[Id], limit: usize, mode: Mode) -> Built {
    match &rewrite.right {
        Right::Value => {
            let Some(number) = rewrite.value(egraph, slots) else { return Built::Nothing };
            let name = egraph.vocabulary_mut().intern(&number.to_string());
            if egraph.lookup(name, &[]).is_none() && egraph.node_count() >= limit {
                return Built::Full;
            }
            Built::Done([egraph.add(name, &[])].into(), None)
        }
        Right::Pattern(right) => {
            if egraph.is_dirty() && egraph.is_coloured() {
                // Colours are those of the graph as it is once closed under congruence.
                egraph.rebuild();
            }
            let (planned, clash) = plan(egraph, rewrite, right, slots);
            let new = planned.iter().filter(|place| matches!(place, Planned::New(_))).count();
            match clash {
                Some(clash) if mode == Mode::Block => Built::Blocked(clash),
                _ if new > 0 && egraph.node_count() + new > limit => Built::Full,
                clash => Built::Done(make(egraph, right, &planned), clash),
            }
        }
    }
}

fn plan(egraph: &EGraph, rewrite: &Rewrite, right: &Pattern, slots: &[Id]) -> (Vec<Planned>, Option<Clash>) {
    let places = right.places();
    let mut planned: Vec<Planned> = vec![Planned::New(Color::Green); places.len()];
    let mut clash = None;
    let mut classes = Vec::new();
    for (at, place) in places.iter().enumerate().rev() {
        planned[at] = match *place {
            Place::Variable(variable) => match rewrite.slot(slots, variable) {
                Some(id) => Planned::Known(id),
                // A rewrite binds what it uses.
                None => Planned::New(Color::Green),
            },
            Place::Node(name, arity) => {
                classes.clear();
                let known = children(right, at).all(|child| match planned[child] {
                    Planned::Known(id) => {
                        classes.push(egraph.find(id));
                        true
                    }
                    Planned::New(_) => false,
                });
                match known.then(|| egraph.lookup(name, &classes)).flatten() {
                    Some(id) => Planned::Known(id),
                    None => {
                        let color = egraph.vocabulary().color(name, arity);
                        for child in children(right, at) {
                            let child_color = match planned[child] {
                                Planned::Known(id) => egraph.known(id).color,
                                Planned::New(color) => color,
                            };
                            if !color.may_contain(child_color) {
                                clash.get_or_insert(Clash {
                                    parent: at,
                                    parent_color: color,
                                    child,
                                    child_color,
                                });
                            }
                        }
                        Planned::New(color)
                    }
                }
            }
        };
    }
    (planned, clash)
}

fn make(egraph: &mut EGraph, right: &Pattern, planned: &[Planned]) -> Box<[Id]> {
    let mut ids: Vec<Id> = vec![Id(0); planned.len()];
    let mut arguments = Vec::new();
    for (at, place) in right.places().iter().enumerate().rev() {
        ids[at] = match (planned[at], place) {
            (Planned::Known(id), _) => id,
            (Planned::New(_), Place::Node(name, _)) => {
                arguments.clear();
                arguments.extend(children(right, at).map(|child| ids[child]));
                egraph.add(*name, &arguments)
            }
            (Planned::New(_), Place::Variable(_)) => ids[at],
        };
    }
    ids.into()
}

/// The places of a place's arguments, in order.
pub(crate) fn children(pattern: &Pattern, at: usize) -> impl Iterator<Item = usize> + '_ {
    (at + 1..pattern.places().len()).filter(move |place| pattern.parent(*place).0 == at)
}
