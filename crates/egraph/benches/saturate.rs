//! Saturations per second: `cargo bench -p ramanujan-egraph`.

use divan::{Bencher, black_box};
use ramanujan_core::Color;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::graph;
use ramanujan_egraph::operators::Names;
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::Selection;
use ramanujan_egraph::saturate::{Limits, run};

fn main() {
    divan::main();
}

fn canonical_size(text: &str, rules: &[&str], nodes: usize) -> Option<u64> {
    let mut names = Names::default();
    let term = s_expression(&mut names, text, 100_000).ok()?;
    let selection = if rules.is_empty() {
        Selection::all(&Color::ALL)
    } else {
        Selection::of(rules, &Color::ALL).ok()?
    };
    let rewrites = selection.rewrites(&mut names);
    let mut egraph = graph::empty(&names);
    let root = graph::add(&mut egraph, &term)?;
    egraph.rebuild();
    run(&mut egraph, &rewrites, Limits { iterations: 100, nodes }, &mut || false);
    extract(&egraph, &names, root, Cost::AST_SIZE)?.ok().map(|(_, cost)| cost)
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
