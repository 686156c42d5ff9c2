//! Saturations per second: `cargo bench -p ramanujan-egraph`.

use divan::{Bencher, black_box};
use ramanujan_core::Color;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::egraph::EGraph;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, RuleSet};
use ramanujan_egraph::saturate::{Limits, run};
use ramanujan_egraph::vocabulary::Vocabulary;

fn main() {
    divan::main();
}

fn canonical_size(text: &str, rules: &[&str], nodes: usize) -> Option<u64> {
    let mut vocabulary = Vocabulary::new(signature(&Language::ALL, Vec::new()).ok()?);
    let term = s_expression(&mut vocabulary, text, 100_000).ok()?;
    let names: Vec<String> = rules.iter().map(|name| (*name).to_owned()).collect();
    let chosen = if rules.is_empty() { Chosen::All } else { Chosen::Named(&names) };
    let rules = RuleSet::new(&mut vocabulary, &chosen, &[], &Color::ALL).ok()?;
    let mut egraph = EGraph::new(vocabulary);
    let root = egraph.add_term(&term)?;
    let limits = Limits { iterations: 100, nodes };
    run(&mut egraph, &rules, limits, Mode::Block, &mut |_| false);
    extract(&egraph, root, &Cost::ast_size())?.ok().map(|(_, cost)| cost)
}

fn chain(op: &str, n: usize) -> String {
    (1..n).fold("x0".to_owned(), |term, i| format!("({op} {term} x{i})"))
}

#[divan::bench]
fn small_term_all_rules() -> Option<u64> {
    canonical_size(black_box("(merge (merge b a) (merge a (id)))"), &[], 50_000)
}

#[divan::bench(args = [16, 64], sample_count = 10)]
fn history(bencher: Bencher<'_, '_>, operations: usize) {
    let text = chain("merge", operations);
    bencher.bench(|| canonical_size(&text, &["assoc", "identity", "idem"], 50_000));
}

#[divan::bench(args = [6, 8], sample_count = 10)]
fn sum_with_all_rules(bencher: Bencher<'_, '_>, operands: usize) {
    let text = chain("+", operands);
    bencher.bench(|| canonical_size(&text, &[], 20_000));
}
