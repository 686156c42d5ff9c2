//! The text document: laws of the join, encodings, and independent models.

mod codec;
mod damage;
mod example;
mod history;
mod laws;
mod models;
mod recordings;
mod refusals;
