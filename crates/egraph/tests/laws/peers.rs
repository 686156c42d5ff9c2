//! Beside egg: its published test problems, as far as the language allows, with the same rules in both.
//!
//! Problems and rules after egg 0.11's `tests/math.rs`, `tests/prop.rs` and `tests/lambda.rs`. Left out: rules whose
//! left side is a single variable, and problems that need to know the free variables of a class.

use egg::{AstSize, EGraph, Extractor, Id, RecExpr, Rewrite, Runner, Subst, SymbolLang, Var};
use ramanujan_core::Color;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::extract::{Cost, extract};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::rules::{Chosen, CustomRule, RuleSet};
use ramanujan_egraph::saturate::{Limits, run};
use ramanujan_egraph::vocabulary::Vocabulary;

use super::common::proved;

/// Left, right, condition.
type Rule = (&'static str, &'static str, &'static str);

const MATH: &[Rule] = &[
    ("(+ ?a ?b)", "(+ ?b ?a)", ""),
    ("(* ?a ?b)", "(* ?b ?a)", ""),
    ("(+ ?a (+ ?b ?c))", "(+ (+ ?a ?b) ?c)", ""),
    ("(* ?a (* ?b ?c))", "(* (* ?a ?b) ?c)", ""),
    ("(- ?a ?b)", "(+ ?a (* -1 ?b))", ""),
    ("(+ ?a 0)", "?a", ""),
    ("(* ?a 0)", "0", ""),
    ("(* ?a 1)", "?a", ""),
    ("(- ?a ?a)", "0", ""),
    ("(+ ?a ?a)", "(* 2 ?a)", ""),
    ("(+ ?a (* ?b ?a))", "(* (+ ?b 1) ?a)", ""),
    ("(* ?a (+ ?b ?c))", "(+ (* ?a ?b) (* ?a ?c))", ""),
    ("(+ (* ?a ?b) (* ?a ?c))", "(* ?a (+ ?b ?c))", ""),
    ("(* (pow ?a ?b) (pow ?a ?c))", "(pow ?a (+ ?b ?c))", ""),
    ("(pow ?a 1)", "?a", ""),
    ("(pow ?a 2)", "(* ?a ?a)", ""),
    ("(d x x)", "1", ""),
    ("(d x y)", "0", ""),
    ("(d ?x ?c)", "0", "literal ?c"),
    ("(d ?x (+ ?a ?b))", "(+ (d ?x ?a) (d ?x ?b))", ""),
    ("(d ?x (* ?a ?b))", "(+ (* ?a (d ?x ?b)) (* ?b (d ?x ?a)))", ""),
    ("(d ?x (sin ?x))", "(cos ?x)", ""),
    ("(d ?x (cos ?x))", "(* -1 (sin ?x))", ""),
    ("(d ?x (ln ?x))", "(/ 1 ?x)", ""),
    ("(* ?x (/ 1 ?x))", "1", ""),
    ("(i 1 ?x)", "?x", ""),
    ("(i (cos ?x) ?x)", "(sin ?x)", ""),
    ("(i (sin ?x) ?x)", "(* -1 (cos ?x))", ""),
    ("(i (+ ?f ?g) ?x)", "(+ (i ?f ?x) (i ?g ?x))", ""),
    ("(i (pow ?x ?c) ?x)", "(/ (pow ?x (+ ?c 1)) (+ ?c 1))", "literal ?c"),
    ("(i (* ?a ?b) ?x)", "(- (* ?a (i ?b ?x)) (i (* (d ?x ?a) (i ?b ?x)) ?x))", ""),
];

const PROP: &[Rule] = &[
    ("(-> ?a ?b)", "(| (~ ?a) ?b)", ""),
    ("(| (~ ?a) ?b)", "(-> ?a ?b)", ""),
    ("(~ (~ ?a))", "?a", ""),
    ("(| ?a (| ?b ?c))", "(| (| ?a ?b) ?c)", ""),
    ("(& ?a (| ?b ?c))", "(| (& ?a ?b) (& ?a ?c))", ""),
    ("(| ?a (& ?b ?c))", "(& (| ?a ?b) (| ?a ?c))", ""),
    ("(| ?a ?b)", "(| ?b ?a)", ""),
    ("(& ?a ?b)", "(& ?b ?a)", ""),
    ("(| ?a (~ ?a))", "true", ""),
    ("(| ?a true)", "true", ""),
    ("(& ?a true)", "?a", ""),
    ("(-> ?a ?b)", "(-> (~ ?b) (~ ?a))", ""),
];

const LAMBDA: &[Rule] = &[
    ("(if true ?then ?else)", "?then", ""),
    ("(if false ?then ?else)", "?else", ""),
    ("(= ?a ?a)", "true", ""),
    ("(+ ?a ?b)", "(+ ?b ?a)", ""),
    ("(+ (+ ?a ?b) ?c)", "(+ ?a (+ ?b ?c))", ""),
    ("(app (lam ?v ?body) ?e)", "(let ?v ?e ?body)", ""),
    ("(let ?v ?e (app ?a ?b))", "(app (let ?v ?e ?a) (let ?v ?e ?b))", ""),
    ("(let ?v ?e (+ ?a ?b))", "(+ (let ?v ?e ?a) (let ?v ?e ?b))", ""),
    ("(let ?v ?e (= ?a ?b))", "(= (let ?v ?e ?a) (let ?v ?e ?b))", ""),
    ("(let ?v ?e (if ?c ?t ?f))", "(if (let ?v ?e ?c) (let ?v ?e ?t) (let ?v ?e ?f))", ""),
    ("(let ?v ?e ?c)", "?c", "literal ?c"),
    ("(let ?v ?e (var ?v))", "?e", ""),
    ("(let ?v ?e (var ?w))", "(var ?w)", "differ ?v ?w"),
    ("(let ?v ?e (lam ?v ?body))", "(lam ?v ?body)", ""),
];

/// Folds constants, as the analyses of egg's own tests do.
#[derive(Default)]
struct Fold;

impl egg::Analysis<SymbolLang> for Fold {
    type Data = Option<i64>;

    fn make(egraph: &mut EGraph<SymbolLang, Self>, node: &SymbolLang, _: Id) -> Option<i64> {
        let value = |id: &Id| egraph[*id].data;
        match (node.op.as_str(), &node.children[..]) {
            ("+", [a, b]) => Some(value(a)? + value(b)?),
            ("-", [a, b]) => Some(value(a)? - value(b)?),
            ("*", [a, b]) => Some(value(a)? * value(b)?),
            (symbol, []) => symbol.parse().ok(),
            _ => None,
        }
    }

    fn merge(&mut self, a: &mut Option<i64>, b: Option<i64>) -> egg::DidMerge {
        egg::merge_option(a, b, |a, b| {
            assert_eq!(*a, b);
            egg::DidMerge(false, false)
        })
    }

    fn modify(egraph: &mut EGraph<SymbolLang, Self>, id: Id) {
        if let Some(value) = egraph[id].data {
            let leaf = egraph.add(SymbolLang::leaf(value.to_string()));
            egraph.union(id, leaf);
        }
    }
}

fn of_egg(rules: &[Rule]) -> Vec<Rewrite<SymbolLang, Fold>> {
    let rules = rules.iter().enumerate();
    rules
        .map(|(number, (left, right, condition))| {
            let (left, right): (egg::Pattern<SymbolLang>, egg::Pattern<SymbolLang>) =
                (left.parse().unwrap(), right.parse().unwrap());
            let words: Vec<&str> = condition.split(' ').collect();
            let variable = |word: &str| word.parse::<Var>().unwrap();
            type Graph = EGraph<SymbolLang, Fold>;
            let name = format!("rule-{number}");
            match words[..] {
                ["literal", a] => {
                    let a = variable(a);
                    let holds =
                        move |egraph: &mut Graph, _: Id, subst: &Subst| egraph[subst[a]].data.is_some();
                    let right = egg::ConditionalApplier { condition: holds, applier: right };
                    Rewrite::new(name, left, right).unwrap()
                }
                ["differ", a, b] => {
                    let (a, b) = (variable(a), variable(b));
                    let holds = move |egraph: &mut Graph, _: Id, subst: &Subst| {
                        egraph.find(subst[a]) != egraph.find(subst[b])
                    };
                    let right = egg::ConditionalApplier { condition: holds, applier: right };
                    Rewrite::new(name, left, right).unwrap()
                }
                _ => Rewrite::new(name, left, right).unwrap(),
            }
        })
        .collect()
}

/// The cost that egg finds with its own defaults but for the node limit.
fn eggs_cost(term: &str, rules: &[Rule], nodes: usize) -> u64 {
    let term: RecExpr<SymbolLang> = term.parse().unwrap();
    let runner: Runner<SymbolLang, Fold> =
        Runner::default().with_expr(&term).with_node_limit(nodes).run(&of_egg(rules));
    Extractor::new(&runner.egraph, AstSize).find_best(runner.roots[0]).0 as u64
}

/// The cost and the term that we find, with the proof checked.
fn our_cost(term: &str, rules: &[Rule], nodes: usize) -> (u64, String) {
    let mut vocabulary = Vocabulary::new(signature(&[Language::Arithmetic], Vec::new()).unwrap());
    let term = s_expression(&mut vocabulary, term, 1_000).unwrap();
    let custom = rules.iter().enumerate().map(|(number, (left, right, condition))| CustomRule {
        name: format!("rule-{number}"),
        left: (*left).into(),
        right: (*right).into(),
        both_ways: false,
        conditions: (!condition.is_empty()).then(|| (*condition).to_owned()).into_iter().collect(),
        gadget: Color::Green,
    });
    let custom: Vec<CustomRule> = custom.collect();
    let fold = ["fold".to_owned()];
    let rules = RuleSet::new(&mut vocabulary, &Chosen::Named(&fold), &custom, &Color::ALL).unwrap();
    let mut egraph = ramanujan_egraph::egraph::EGraph::new(vocabulary);
    let root = egraph.add_term(&term).unwrap();
    run(&mut egraph, &rules, Limits { iterations: 100, nodes }, Mode::Block, &mut |_| false);
    let (best, cost) = extract(&egraph, root, &Cost::ast_size()).unwrap().unwrap();
    let form = best.print(egraph.vocabulary());
    let end = egraph.represent(&best).unwrap();
    proved(&egraph, &rules, root, end);
    (cost, form)
}

#[test]
fn published_problems_cost_no_more_than_with_egg() {
    for (problems, rules) in [
        (
            &[
                "(+ 1 (+ 2 (+ 3 (+ 4 (+ 5 (+ 6 7))))))",
                "(+ x (+ x (+ x x)))",
                "(* (pow 2 x) (pow 2 y))",
                "(+ 1 (- a (* (- 2 1) a)))",
                "(* (+ x 3) (+ x 1))",
                "(d x x)",
                "(d x y)",
                "(d x (+ 1 (* 2 x)))",
                "(d x (+ 1 (* y x)))",
                "(d x (ln x))",
                "(i 1 x)",
                "(i (cos x) x)",
                "(i (pow x 1) x)",
                "(i (+ x (cos x)) x)",
                "(+ (* y (+ x y)) (- (+ x 2) (+ x x)))",
            ][..],
            MATH,
        ),
        (
            &[
                "(-> x y)",
                "(| (~ x) (~ (~ y)))",
                "(| (& x true) (~ x))",
                "(& (-> x y) (-> y z))",
                "(| x (& y (~ x)))",
                "(-> (~ (~ x)) x)",
            ][..],
            PROP,
        ),
        (
            &[
                "(lam x (+ 4 (app (lam y (var y)) 4)))",
                "(let x 0 (app (lam y (var x)) 1))",
                "(let x 1 (lam x (var x)))",
                "(if (= 1 1) 7 9)",
                "(app (lam x (+ (var x) (+ (var x) 1))) 3)",
                "(let zeroone (lam x (if (= (var x) 0) 0 1)) (app (var zeroone) 0))",
            ][..],
            LAMBDA,
        ),
    ] {
        for problem in problems {
            let nodes = 5_000;
            let ((ours, form), eggs) = (our_cost(problem, rules, nodes), eggs_cost(problem, rules, nodes));
            assert!(ours <= eggs, "{problem}: {ours} ({form}), egg {eggs}");
        }
    }
}

#[test]
fn published_answers_are_found() {
    for (problem, rules, answer) in [
        ("(d x (+ 1 (* 2 x)))", MATH, "2"),
        ("(d x (+ 1 (* y x)))", MATH, "y"),
        ("(+ 1 (- a (* (- 2 1) a)))", MATH, "1"),
        ("(* (pow 2 x) (pow 2 y))", MATH, "(pow 2 (+ x y))"),
        ("(+ x (+ x (+ x x)))", MATH, "(* 4 x)"),
        ("(i (cos x) x)", MATH, "(sin x)"),
        ("(-> (~ (~ x)) x)", PROP, "true"),
        ("(lam x (+ 4 (app (lam y (var y)) 4)))", LAMBDA, "(lam x 8)"),
        ("(let x 0 (app (lam y (var x)) 1))", LAMBDA, "0"),
        ("(if (= 1 1) 7 9)", LAMBDA, "7"),
        ("(app (lam x (+ (var x) (+ (var x) 1))) 3)", LAMBDA, "7"),
    ] {
        assert_eq!(our_cost(problem, rules, 5_000).1, answer, "{problem}");
    }
}
