//! The e-graph itself as JSON, for drawing: classes from the root downward, each with its nodes.

use std::collections::{HashMap, VecDeque};

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::egraph::{EGraph, Id};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bounds::within;

/// Nodes that are shown where `max_shown` is not given: more are no longer told apart in a drawing.
pub(crate) const DEFAULT_SHOWN: usize = 500;
/// Most nodes that a request may ask to be shown.
pub(crate) const MAX_SHOWN: usize = 5_000;

/// What a request may ask for besides the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// The classes and nodes of the graph.
    Graph,
}

/// How many nodes of the graph to show; `None` where the graph is not asked for.
pub(crate) fn shown(include: &[Part], max_shown: Option<usize>) -> Result<Option<usize>, Problem> {
    match (include.contains(&Part::Graph), max_shown) {
        (true, max_shown) => within("max_shown", max_shown, DEFAULT_SHOWN, MAX_SHOWN).map(Some),
        (false, None) => Ok(None),
        (false, Some(_)) => {
            Err(Problem::new(Code::InvalidLimit, "max_shown belongs to include: [\"graph\"]"))
        }
    }
}

/// The classes that a root reaches, nearest first, until `most` nodes are shown; the last class may be cut short.
///
/// Classes have numbers in that order, the root 0. Children beyond what is shown have numbers too, so that a reader
/// sees where the graph goes on; `complete` says that nothing is left out.
pub(crate) fn show(egraph: &EGraph, root: Id, most: usize) -> Value {
    let root = egraph.find(root);
    let mut numbers = HashMap::from([(root, 0usize)]);
    let mut waiting = VecDeque::from([root]);
    let mut classes = Vec::new();
    let mut left = most;
    let mut whole = true;
    while left > 0
        && let Some(class) = waiting.pop_front()
    {
        let count = egraph.nodes(class).count();
        whole &= count <= left;
        let nodes: Vec<Value> = egraph
            .nodes(class)
            .take(left)
            .map(|node| {
                let children: Vec<usize> = egraph
                    .children(node)
                    .iter()
                    .map(|child| {
                        let child = egraph.find(*child);
                        let next = numbers.len();
                        *numbers.entry(child).or_insert_with(|| {
                            waiting.push_back(child);
                            next
                        })
                    })
                    .collect();
                let op = egraph.vocabulary().text(egraph.name(node));
                json!({"op": op, "color": egraph.node_color(node), "children": children})
            })
            .collect();
        left -= nodes.len();
        let known = egraph.known(class);
        classes.push(json!({
            "id": classes.len(),
            "color": known.color,
            // Numbers beyond 2^53 are not the same to every reader of JSON.
            "size": Some(known.size).filter(|size| *size <= ramanujan_core::MAX_SAFE_INTEGER),
            "node_count": count,
            "nodes": nodes,
        }));
    }
    let complete = whole && classes.len() == numbers.len();
    json!({"root": 0, "classes": classes, "shown_nodes": most - left, "complete": complete})
}
