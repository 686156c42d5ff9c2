//! egraph-service: equality saturation over the operation algebra.
//!
//! [`operators`] declares laws, [`rules`] turns them into rewrites, [`read`] and [`term`] take terms in and give them
//! out, [`graph`] is egg's e-graph with colours, [`pattern`] and [`saturate`] run the rules within hard limits,
//! [`extract`] picks the canonical form. These know neither HTTP nor a clock; [`routes`] does.

pub mod extract;
pub mod graph;
pub mod operators;
pub mod pattern;
pub mod read;
pub mod routes;
pub mod rules;
pub mod saturate;
pub mod term;

pub use routes::service;

ramanujan_shell::entry!(crate::service);
