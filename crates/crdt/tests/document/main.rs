//! The text document: laws of the join, encodings, and independent models.

mod codec;
mod damage;
#[path = "../peers/diamond.rs"]
mod diamond;
mod example;
mod history;
mod laws;
mod models;
mod part;
mod recordings;
mod refusals;
