//! Equality saturation with three colours: which terms are equal, which of them is the cheapest, and why.
//!
//! # What an e-graph is for
//!
//! A rewrite rule such as `(merge ?a ?a) → ?a` says that two terms are equal. Rewriting a term step by step loses the
//! term that was there before, so the order of the steps decides what comes out. An *e-graph* loses nothing: it holds
//! a term together with every term that the rules make of it. Equal terms are in one *class*. A *node* is a name over
//! classes, so that `(f x)` and `(f y)` are one node as soon as `x` and `y` are in one class; that is congruence.
//! *Saturation* applies the rules until they say nothing new; *extraction* then takes the cheapest term of a class.
//!
//! ```
//! use ramanujan_core::Color;
//! use ramanujan_egraph::colors::Mode;
//! use ramanujan_egraph::egraph::EGraph;
//! use ramanujan_egraph::extract::{Cost, extract};
//! use ramanujan_egraph::languages::{Language, signature};
//! use ramanujan_egraph::read::s_expression;
//! use ramanujan_egraph::rules::{Chosen, RuleSet};
//! use ramanujan_egraph::saturate::{Limits, StopReason, run};
//! use ramanujan_egraph::vocabulary::Vocabulary;
//!
//! // The operators that there are, with their laws, and the names of one request.
//! let mut names = Vocabulary::new(signature(&Language::ALL, Vec::new())?);
//! // Every rule of the library for every operator that has the rule's law.
//! let rules = RuleSet::new(&mut names, &Chosen::All, &[], &Color::ALL)?;
//! let term = s_expression(&mut names, "(merge (merge b a) (merge a (id)))", 100)?;
//!
//! let mut graph = EGraph::new(names);
//! let root = graph.add_term(&term).expect("a term has a root");
//! let limits = Limits { iterations: 100, nodes: 10_000 };
//! let done = run(&mut graph, &rules, limits, Mode::Block, &mut |_| false);
//! assert_eq!(done.stop_reason, StopReason::Saturated);
//!
//! let (best, cost) = extract(&graph, root, &Cost::ast_size()).expect("the class has a term")?;
//! assert_eq!((best.print(graph.vocabulary()).as_str(), cost), ("(merge a b)", 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The way through the modules
//!
//! | question | modules |
//! |---|---|
//! | What may be written? | [`name`], [`number`], [`vocabulary`] (the names of one request), [`term`], [`read`] |
//! | What do names mean? | [`operators`] (laws are declared, never guessed), [`languages`] |
//! | What may be rewritten? | [`pattern`], [`rewrite`], [`rules`] |
//! | What is equal? | [`egraph`] holds it, [`saturate`] finds it within hard limits |
//! | Which colours may stand together? | [`colors`], [`conflict`] |
//! | What is the cheapest term? | [`extract`] |
//! | Why are two terms equal? | [`proof`] gives the steps, [`check`] replays them, [`steps`] writes them down |
//! | Why are two terms not equal? | [`model`] |
//! | What do several people know together? | [`facts`] |
//! | And without an e-graph? | [`syntactic`] matches the same patterns on plain terms |
//!
//! # What is promised
//!
//! No term is stacked on the machine's stack, so depth costs memory only. Each loop has a limit, and a limit is never
//! passed: no node is added beyond it, and time is looked at within a search. What comes out depends on what went in
//! alone, not on addresses or hash seeds. An equality has a proof that a checker of its own has replayed, a refutation
//! a model in which every rule holds.
//!
//! The library does no I/O and has no clock: whoever runs it says when the time is over.
#![deny(missing_docs)]

mod build;
pub mod check;
pub mod colors;
pub mod conflict;
pub mod egraph;
pub mod extract;
pub mod facts;
mod forest;
mod id;
pub mod languages;
pub mod model;
pub mod name;
pub mod number;
pub mod operators;
pub mod pattern;
pub mod proof;
pub mod read;
pub mod rewrite;
pub mod rules;
pub mod saturate;
pub mod steps;
pub mod syntactic;
pub mod term;
pub mod vocabulary;
