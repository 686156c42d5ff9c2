//! `POST /egraph/merge` and `GET /egraph/graphs/{graph}`: sets of facts joined, stored, and what follows from them.
//!
//! The stored set only grows: one INSERT of the facts that are new. The graph is derived from the whole set each time.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::facts::{Derived, Fact, Facts, derive};
use ramanujan_egraph::term::Term;
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::schema::SCHEMA;
use crate::theory::{self, Names, OperatorEntry, Theory};
use crate::{gadgets, settings, show};

/// Most facts of a request.
const MAX_FACTS: usize = 1_000;
/// Most facts of a stored graph where `MAX_GRAPH_FACTS` does not say.
const DEFAULT_GRAPH_FACTS: u64 = 5_000;
/// Most stored graphs where `MAX_GRAPHS` does not say.
const DEFAULT_GRAPHS: u64 = 1_000;
/// Longest term of a fact, as text, in bytes.
const MAX_TERM_BYTES: usize = 2_000;
/// Most classes with several terms, and clashes, that a reply shows.
const MAX_SHOWN: usize = 100;
const DEFAULT_PAGE: u64 = 100;
const MAX_PAGE: u64 = 1_000;

/// Two terms that are equal, or one that is there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactEntry {
    #[serde(default)]
    left: Option<Value>,
    #[serde(default)]
    right: Option<Value>,
    #[serde(default)]
    term: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeRequest {
    #[serde(default)]
    operation: Option<String>,
    /// Where the facts are stored; without it nothing is.
    #[serde(default)]
    graph: Option<String>,
    #[serde(default)]
    graphs: Vec<Vec<FactEntry>>,
    #[serde(default)]
    language: Option<Names>,
    #[serde(default)]
    operators: Vec<OperatorEntry>,
    #[serde(default)]
    max_nodes: Option<usize>,
    #[serde(default)]
    color_mode: Option<String>,
}

pub(crate) fn merge(request: &Request) -> Result<Response, Problem> {
    let MergeRequest { operation, graph, graphs, language, operators, max_nodes, color_mode } =
        request.json()?;
    if operation.is_some_and(|operation| operation != "merge") {
        return Err(Problem::new(Code::InvalidOperation, "operation must be merge"));
    }
    let mode = settings::mode(color_mode.as_deref())?;
    let limits = settings::limits(None, max_nodes)?;
    let mut theory = Theory::read(language, operators, Some(Vec::new()), &gadgets()?)?;
    let given = read_graphs(&mut theory, graphs)?;
    let stored = match &graph {
        Some(name) => load(check_name(name)?)?,
        None => Facts::default(),
    };
    let new: Vec<&Fact> = given.iter().filter(|fact| !stored.contains(fact)).collect();
    let added = new.len();
    // What would not fit, or has RED next to BLUE, is refused before it is stored.
    let mut reply = describe(theory, &stored.clone().join(given.clone()), limits.nodes, mode)?;
    if let Some(name) = &graph {
        store(name, &new)?;
        reply.insert("graph".into(), name.as_str().into());
    }
    reply.insert("added".into(), added.into());
    reply.insert("operation".into(), "merge".into());
    ok(&reply)
}

/// `GET /egraph/graphs/{graph}?limit=&cursor=`: its facts, by content address.
pub(crate) fn facts(request: &Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let limit = query.limit(DEFAULT_PAGE, MAX_PAGE)?;
    let name = check_name(request.param("graph"))?;
    const SQL: &str = "SELECT digest, left_term, right_term FROM egraph_facts
        WHERE graph = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3";
    let after = query.get("cursor").unwrap_or_default();
    let mut rows = Store::open(SCHEMA)?.execute(SQL, [name.into(), after.into(), (limit + 1).into()])?;
    if rows.is_empty() && after.is_empty() {
        return Err(Problem::new(Code::NoSuchGraph, format!("no facts are stored for the graph {name}")));
    }
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.text(0)).transpose()?;
    let facts = rows.iter().map(|row| Ok(show_fact(row.text(1)?, row.text(2)?)));
    let facts = facts.collect::<Result<Vec<_>, Problem>>()?;
    ok(&json!({"graph": name, "facts": facts, "next_cursor": next}))
}

fn show_fact(left: &str, right: &str) -> Value {
    if left == right { json!({"term": left}) } else { json!({"left": left, "right": right}) }
}

fn check_name(name: &str) -> Result<&str, Problem> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if (1..=128).contains(&name.len()) && name.bytes().all(legal) {
        return Ok(name);
    }
    Err(Problem::new(Code::InvalidGraph, "a graph's name is 1 to 128 of A-Z a-z 0-9 . _ -"))
}

fn read_graphs(theory: &mut Theory, graphs: Vec<Vec<FactEntry>>) -> Result<Facts, Problem> {
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
fn describe(
    mut theory: Theory,
    facts: &Facts,
    most_nodes: usize,
    mode: Mode,
) -> Result<Map<String, Value>, Problem> {
    let mut terms: Vec<(Term, Term)> = Vec::with_capacity(facts.len());
    for fact in facts.iter() {
        let mut read = |text: &str| theory.term("a stored fact", &Value::from(text));
        terms.push((read(fact.left())?, read(fact.right())?));
    }
    let mut egraph = EGraph::new(theory.vocabulary);
    let limits = settings::limits(None, Some(most_nodes))?;
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
        let mut shown = show::pair(&egraph, &clash.pair);
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

fn load(graph: &str) -> Result<Facts, Problem> {
    const SQL: &str = "SELECT left_term, right_term FROM egraph_facts WHERE graph = ?1";
    let rows = Store::open(SCHEMA)?.execute(SQL, [graph.into()])?;
    let mut facts = Facts::default();
    for mut row in rows {
        facts.insert(Fact::new(row.take_text(0)?, row.take_text(1)?));
    }
    Ok(facts)
}

fn store(graph: &str, new: &[&Fact]) -> Result<(), Problem> {
    if new.is_empty() {
        return Ok(());
    }
    let most = setting::number("MAX_GRAPH_FACTS", DEFAULT_GRAPH_FACTS)?;
    let graphs = setting::number("MAX_GRAPHS", DEFAULT_GRAPHS)?;
    const SQL: &str = "INSERT INTO egraph_facts (graph, digest, left_term, right_term)
        SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
        FROM json_each(?2)
        WHERE (SELECT COUNT(*) FROM egraph_facts WHERE graph = ?1) + ?3 <= ?4
            AND (EXISTS (SELECT 1 FROM egraph_facts WHERE graph = ?1)
                OR (SELECT COUNT(DISTINCT graph) FROM egraph_facts) < ?5)
        ON CONFLICT DO NOTHING";
    const STORED: &str = "SELECT COUNT(*) FROM egraph_facts WHERE graph = ?1
        AND digest IN (SELECT json_extract(value, '$[0]') FROM json_each(?2))";
    let facts: Vec<Value> =
        new.iter().map(|fact| json!([fact.digest().to_string(), fact.left(), fact.right()])).collect();
    let facts = Value::from(facts).to_string();
    let database = Store::open(SCHEMA)?;
    let count = new.len() as u64;
    database.execute(SQL, [graph.into(), facts.as_str().into(), count.into(), most.into(), graphs.into()])?;
    // Others may have stored some of them meanwhile, so only what is there tells.
    let rows = database.execute(STORED, [graph.into(), facts.into()])?;
    if rows.first().map_or(Ok(0), |row| row.uint(0))? == count {
        return Ok(());
    }
    let detail = format!("a graph holds at most {most} facts, and at most {graphs} graphs are stored");
    Err(Problem::new(Code::GraphFull, detail))
}
