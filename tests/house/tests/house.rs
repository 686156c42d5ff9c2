//! The house itself, as it stands.

use std::path::Path;

use ramanujan_house::{Tree, check, finding};

#[test]
fn the_sources_keep_to_the_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = Tree::read(&root).unwrap();
    // A tree that was not found would have nothing wrong.
    assert!(tree.crates.len() > 15 && tree.crates.iter().all(|own| !own.sources.is_empty()));
    let findings = check(&tree).unwrap();
    assert!(findings.is_empty(), "the rules are in tests/house/src/lib.rs\n{}", finding::list(&findings));
}
