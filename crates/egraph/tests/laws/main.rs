//! What the library promises, as laws over random terms and rules.

mod colours;
mod common;
mod extraction;
mod models;
mod proofs;
mod saturation;
