//! Checking operations before they are stored. Pure: what is stored is handed in.
//!
//! `operation` is what is asked for, `known` what a check needs to know of a document, `check` decides, and `resolve`
//! finds the places that an operation names in other terms than ours; `unfit` is why it cannot be accepted; `cause` is what
//! is told of a parent.

pub(crate) mod cause;
pub(crate) mod check;
pub(crate) mod known;
mod lineage;
pub(crate) mod operation;
mod resolve;
mod unfit;
