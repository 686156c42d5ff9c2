//! Shared facts: sets of equalities as requests have them, and what follows from a set.
//!
//! A stored set only grows. The graph is derived from the whole set each time.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::facts::{Derived, Fact, Facts, derive};
use ramanujan_egraph::saturate::Limits;
use ramanujan_egraph::term::Term;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::theory::{self, Theory};
use crate::view;

/// Most facts of a request.
const MAX_FACTS: usize = 1_000;
/// Longest term of a fact, as text, in bytes.
const MAX_TERM_BYTES: usize = 2_000;
/// Most classes with several terms, and clashes, that a reply shows.
const MAX_SHOWN: usize = 100;

/// Two terms that are equal, or one that is there; each at most 2000 bytes as text.
#[derive(Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(extend("oneOf" = [{"required": ["left", "right"]}, {"required": ["term"]}]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactEntry {
    /// A term that is equal to `right`.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Term>"))]
    left: Option<Value>,
    /// A term that is equal to `left`.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Term>"))]
    right: Option<Value>,
    /// A term that is there, in place of `left` and `right`.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Term>"))]
    term: Option<Value>,
}

/// Reads sets of facts and joins them.
pub(crate) fn read(theory: &mut Theory, graphs: Vec<Vec<FactEntry>>) -> Result<Facts, Problem> {
    let count: usize = graphs.iter().map(Vec::len).sum();
    if count > MAX_FACTS {
        let detail = format!("{count} facts are given; at most {MAX_FACTS} are taken at once");
        return Err(Problem::new(Code::TooManyFacts, detail));
    }
    let mut facts = Facts::default();
    for (at_graph, graph) in graphs.into_iter().enumerate() {
        for (at, entry) in graph.into_iter().enumerate() {
            let place = format!("graphs[{at_graph}][{at}]");
            let mut text = |value: &Value, side: &str| {
                let name = format!("{place}.{side}");
                let text = theory.term(&name, value)?.print(&theory.vocabulary);
                if text.len() > MAX_TERM_BYTES {
                    let detail =
                        format!("{name} has {} bytes; at most {MAX_TERM_BYTES} are allowed", text.len());
                    return Err(Problem::new(Code::InvalidFact, detail));
                }
                Ok(text)
            };
            let fact = match (&entry.left, &entry.right, &entry.term) {
                (Some(left), Some(right), None) => Fact::new(text(left, "left")?, text(right, "right")?),
                (None, None, Some(term)) => {
                    let text = text(term, "term")?;
                    Fact::new(text.clone(), text)
                }
                _ => {
                    let detail = format!("{place}: a fact has left and right, or a term");
                    return Err(Problem::new(Code::InvalidFact, detail));
                }
            };
            facts.insert(fact);
        }
    }
    Ok(facts)
}

/// What follows from a set of facts.
pub(crate) fn describe(
    mut theory: Theory,
    facts: &Facts,
    limits: Limits,
    mode: Mode,
) -> Result<Map<String, Value>, Problem> {
    let mut terms: Vec<(Term, Term)> = Vec::with_capacity(facts.len());
    for fact in facts.iter() {
        let mut read = |text: &str| theory.term("a stored fact", &Value::from(text));
        terms.push((read(fact.left())?, read(fact.right())?));
    }
    let mut egraph = EGraph::new(theory.vocabulary);
    for (number, (left, right)) in terms.iter().enumerate() {
        let name = format!("fact {number} in order");
        theory::add_within(&mut egraph, &name, left, limits)?;
        theory::add_within(&mut egraph, &name, right, limits)?;
    }
    theory::refuse_pairs(&egraph, "a fact", mode)?;
    let empty = || Problem::new(Code::InvalidExpression, "a fact has an empty term");
    let Derived { nodes, clashes } = derive(&mut egraph, &terms, mode).ok_or_else(empty)?;

    let mut of_class: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for (fact, (left, right)) in facts.iter().zip(&nodes) {
        of_class.entry(egraph.find(*left)).or_default().insert(fact.left());
        of_class.entry(egraph.find(*right)).or_default().insert(fact.right());
    }
    let mut equal: Vec<_> = of_class.into_values().filter(|terms| terms.len() > 1).collect();
    equal.sort();
    let conflicts = clashes.iter().take(MAX_SHOWN).map(|clash| {
        let fact = facts.iter().nth(clash.fact);
        let mut shown = view::pair(&egraph, &clash.pair);
        if let (Some(fact), Value::Object(members)) = (fact, &mut shown) {
            members.insert("left".into(), fact.left().into());
            members.insert("right".into(), fact.right().into());
        }
        shown
    });
    let mut reply = Map::new();
    reply.insert("facts".into(), facts.len().into());
    reply.insert("fingerprint".into(), facts.fingerprint().to_string().into());
    reply.insert("nodes".into(), egraph.node_count().into());
    reply.insert("classes".into(), egraph.class_count().into());
    reply.insert("equal_count".into(), equal.len().into());
    reply.insert("color_conflicts".into(), conflicts.collect());
    reply.insert("color_conflict_count".into(), clashes.len().into());
    equal.truncate(MAX_SHOWN);
    reply.insert("equal".into(), json!(equal));
    Ok(reply)
}
