//! Equality saturation over declared operators: terms, patterns, rules, an e-graph with colours, proofs, extraction.
//!
//! [`operators`], [`languages`] and [`vocabulary`] say what names mean; [`read`] and [`term`] take terms in and give
//! them out; [`pattern`], [`rewrite`] and [`rules`] say what may be rewritten; [`egraph`] holds terms up to equality,
//! [`saturate`] applies rules within hard limits and the rule of [`colors`]; [`extract`] picks the cheapest term,
//! [`facts`] shares equalities, [`proof`] says why terms are equal, [`check`] checks that, [`model`] shows that they are
//! not; [`syntactic`] matches patterns on plain terms. No I/O, no clock (time is asked of the caller), no HTTP.

mod build;
pub mod check;
pub mod colors;
pub mod conflict;
pub mod egraph;
pub mod extract;
pub mod facts;
mod forest;
mod functions;
pub mod languages;
pub mod model;
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
