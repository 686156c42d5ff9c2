//! Equality saturation over the operation algebra: terms, patterns, rules, the e-graph with colours, extraction.
//!
//! [`operators`] declares laws, [`rules`] turns them into rewrites, [`read`] and [`term`] take terms in and give them
//! out, [`graph`] is egg's e-graph with colours, [`pattern`] and [`saturate`] run the rules within hard limits,
//! [`extract`] picks the canonical form. [`syntactic`] matches the same patterns on plain terms. No I/O, no clock (time is asked of the caller), no HTTP.

pub mod extract;
pub mod graph;
pub mod operators;
pub mod pattern;
pub mod read;
pub mod rules;
pub mod saturate;
pub mod syntactic;
pub mod term;
