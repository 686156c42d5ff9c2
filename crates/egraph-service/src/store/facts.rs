//! Shared facts by graph. A fact is inserted once and neither changed nor deleted.

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::facts::{Fact, Facts};
use ramanujan_shell::{Page, Pager};
use serde_json::{Value, json};

const LOAD: &str = "SELECT left_term, right_term FROM egraph_facts WHERE graph = ?1";
const PAGE: &str = "SELECT digest, left_term, right_term FROM egraph_facts
    WHERE graph = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3";
const INSERT: &str = "INSERT INTO egraph_facts (graph, digest, left_term, right_term)
    SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
    FROM json_each(?2)
    WHERE (SELECT COUNT(*) FROM egraph_facts WHERE graph = ?1) + ?3 <= ?4
        AND (EXISTS (SELECT 1 FROM egraph_facts WHERE graph = ?1)
            OR (SELECT COUNT(DISTINCT graph) FROM egraph_facts) < ?5)
    ON CONFLICT DO NOTHING";
const STORED: &str = "SELECT COUNT(*) FROM egraph_facts WHERE graph = ?1
    AND digest IN (SELECT json_extract(value, '$[0]') FROM json_each(?2))";

/// All facts of a graph; none where nothing is stored under its name.
pub(crate) fn load(graph: &str) -> Result<Facts, Problem> {
    let mut facts = Facts::default();
    for mut row in super::open()?.execute(LOAD, [graph.into()])? {
        facts.insert(Fact::new(row.take_text(0)?, row.take_text(1)?));
    }
    Ok(facts)
}

/// A fact as it is listed.
pub(crate) struct Listed {
    pub(crate) digest: String,
    pub(crate) left: String,
    pub(crate) right: String,
}

/// The facts of a graph whose content addresses come after `after`.
pub(crate) fn page(graph: &str, after: &str, pager: Pager) -> Result<Page<Listed>, Problem> {
    let rows = super::open()?.execute(PAGE, [graph.into(), after.into(), pager.fetch().into()])?;
    pager.cut(rows).try_map(|mut row| {
        Ok(Listed { digest: row.take_text(0)?, left: row.take_text(1)?, right: row.take_text(2)? })
    })
}

/// Stores facts that are new to a graph, all or none.
///
/// # Errors
/// 429 `graph-full` if the graph would hold more than `most` facts, or there would be more than `graphs` graphs.
pub(crate) fn insert(graph: &str, new: &[&Fact], most: u64, graphs: u64) -> Result<(), Problem> {
    if new.is_empty() {
        return Ok(());
    }
    let facts: Vec<Value> =
        new.iter().map(|fact| json!([fact.digest().to_string(), fact.left(), fact.right()])).collect();
    let facts = Value::from(facts).to_string();
    let store = super::open()?;
    let count = new.len() as u64;
    store.execute(INSERT, [graph.into(), facts.as_str().into(), count.into(), most.into(), graphs.into()])?;
    // Others may have stored some of them meanwhile, so only what is there tells.
    let rows = store.execute(STORED, [graph.into(), facts.into()])?;
    if rows.first().map_or(Ok(0), |row| row.uint(0))? == count {
        return Ok(());
    }
    let detail = format!("a graph holds at most {most} facts, and at most {graphs} graphs are stored");
    Err(Problem::new(Code::GraphFull, detail))
}
