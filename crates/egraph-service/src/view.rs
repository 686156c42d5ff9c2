//! Parts of an e-graph as JSON: terms, pairs of colours, conflicts.

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::colors::Pair;
use ramanujan_egraph::conflict::Conflict;
use ramanujan_egraph::egraph::{EGraph, Id};
use ramanujan_egraph::name::Illegal;
use ramanujan_egraph::proof::term_of;
use ramanujan_egraph::rules::RuleSet;
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;
use serde_json::{Value, json};

/// Most nodes of a term that stands in a list of conflicts or steps.
const MAX_SHOWN: u64 = 500;

/// A term as text, or how large it is.
pub(crate) fn short(vocabulary: &Vocabulary, term: &Term) -> String {
    match term.measure() {
        (size, _) if size <= MAX_SHOWN => term.print(vocabulary),
        (size, depth) => format!("… ({size} nodes, {depth} deep)"),
    }
}

fn node(egraph: &EGraph, id: Id) -> String {
    term_of(egraph, id).map_or_else(|| "…".to_owned(), |term| short(egraph.vocabulary(), &term))
}

/// RED above BLUE or the reverse, in a graph as it is.
pub(crate) fn pair(egraph: &EGraph, pair: &Pair) -> Value {
    json!({
        "parent": node(egraph, pair.parent),
        "parent_color": pair.parent_color,
        "child": node(egraph, pair.child),
        "child_color": pair.child_color,
    })
}

/// A step that the colour rule forbids.
pub(crate) fn conflict(egraph: &EGraph, rules: &RuleSet, conflict: &Conflict) -> Value {
    let terms = conflict.terms(egraph, rules);
    let text = |term: &Option<Term>| {
        term.as_ref().map_or_else(|| "…".to_owned(), |term| short(egraph.vocabulary(), term))
    };
    json!({
        "rule": rules.rule_of(conflict.rewrite).map_or("", |rule| &rule.name),
        "left": text(&terms.left),
        "right": text(&terms.right),
        "parent": text(&terms.parent),
        "parent_color": conflict.parent_color,
        "child": text(&terms.child),
        "child_color": conflict.child_color,
    })
}

/// A term as a flat list of nodes, as requests may have it.
pub(crate) fn node_list(vocabulary: &Vocabulary, term: &Term) -> Value {
    let nodes = term.nodes().iter().map(|node| {
        let op = vocabulary.text(node.name);
        if node.children.is_empty() {
            json!({"op": op})
        } else {
            json!({"op": op, "children": node.children})
        }
    });
    json!({"nodes": nodes.collect::<Vec<_>>()})
}

/// The refusal of a result that is too large to write.
pub(crate) fn too_large(Illegal(reason): Illegal) -> Problem {
    Problem::new(Code::ResultTooLarge, format!("the cheapest term cannot be written: {reason}"))
}
