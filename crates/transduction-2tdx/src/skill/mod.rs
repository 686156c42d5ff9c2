//! Patterns and what can be done with them: pure.
//!
//! [`rule`], [`constraint`] and [`operators`] are what a pattern is, `version` is a stored one; [`rewrite`] applies
//! rules to a term. `forms` says how a pattern is written in JSON.

pub mod constraint;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod forms;
pub mod operators;
pub mod rewrite;
pub mod rule;
pub(crate) mod version;
