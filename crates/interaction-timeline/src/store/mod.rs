//! The tables of the component and every statement on them.
//!
//! `schema` has the tables; `log` reads stored events and knows where the log begins and ends; `append` is the one
//! statement that adds to it, `ids` finds an event by its id. The other modules keep what is derived from the log: seals (`seals`, read back by
//! `leaves`), stubs of archived events (`archive`), states at earlier sizes (`checkpoints`, `states`, `freezes`), the
//! causal index (`causal`, walked by `graph`).

pub mod append;
pub mod archive;
pub mod causal;
pub mod checkpoints;
pub mod feed;
pub mod freezes;
pub mod graph;
pub mod ids;
pub mod leaves;
pub mod log;
mod placing;
pub mod proofs;
pub mod query;
pub mod replicas;
pub mod samples;
pub mod schema;
pub mod seals;
pub mod states;
pub mod summary;
pub mod verify;

pub(crate) use schema::open;
