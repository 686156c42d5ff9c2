//! The test of the house: the sources keep to one plan, so that whoever has read one component knows them all.
//!
//! | rule | what it asks |
//! |---|---|
//! | `sql` | in a component, SQL and the types of shell that hold rows stand in `store/` alone |
//! | `http` | in a component, requests, replies and statuses stand in `routes/` alone (and in the table of `lib.rs`); in a pure library nowhere, nor does `Problem` |
//! | `circle` | the modules of a crate form no circle |
//! | `settings` | what `spin.toml` sets, a `settings.rs` reads, and the reverse; nothing else reads variables |
//! | `anatomy` | a component has `lib.rs`, `settings.rs`, `routes/` and `store/`, as far as it needs them; its watch list has its statements |
//! | `words` | no text speaks of a file or an issue that is not in the repository |
//! | `length` | no source file is longer than 500 lines |
//!
//! Files are parsed, so a rule sees names and texts and not comments; `#[cfg(test)]`, `tests/` and `examples/` are
//! free. What macros make, the rules do not see. `cargo run -p ramanujan-house -- CRATE…` shows the findings in some
//! crates, `--circles CRATE…` every step of their circles.

pub mod anatomy;
pub mod cfg;
pub mod check;
pub mod circles;
pub mod error;
pub mod finding;
pub mod length;
pub mod modules;
pub mod rooms;
pub mod scan;
pub mod settings;
pub mod tree;
pub mod words;

pub use check::check;
pub use error::Error;
pub use finding::{Finding, Rule};
pub use tree::Tree;
