//! egraph-service: equality saturation over the operation algebra, as HTTP routes over `ramanujan-egraph`.
//!
//! [`routes`] reads requests and settings, keeps the time and writes JSON; everything with a law is in the library.

pub mod routes;

pub use routes::service;

ramanujan_shell::entry!(crate::service);
