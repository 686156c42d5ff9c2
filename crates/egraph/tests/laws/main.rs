//! What the library promises, as laws over random terms and rules.

mod colours;
mod common;
mod extraction;
mod facts;
mod limits;
mod models;
mod numbers;
mod peers;
mod proofs;
mod reachable;
mod saturation;
