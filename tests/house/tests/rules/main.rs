//! Each rule on sources of a few lines: it finds what it is for, and nothing else.

mod circles;
mod repository;
mod rooms;

use ramanujan_house::tree::{Crate, Kind, Source};

/// A crate `crates/one` of these files below `src/`.
fn sample(kind: Kind, files: &[(&str, &str)]) -> Crate {
    let sources =
        files.iter().map(|(path, text)| Source::new(&format!("crates/one/src/{path}"), text).unwrap());
    Crate {
        name: "one".into(),
        folder: "crates/one".into(),
        kind,
        dependencies: ["ramanujan-shell".to_owned()].into(),
        sources: sources.collect(),
    }
}
