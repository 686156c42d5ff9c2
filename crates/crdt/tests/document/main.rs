//! The text document: laws of the join, encodings, and independent models.

mod codec;
mod damage;
mod history;
mod laws;
mod models;
mod refusals;
