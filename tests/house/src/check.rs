//! All rules on one tree.

use crate::error::Error;
use crate::finding::Finding;
use crate::tree::Tree;
use crate::{anatomy, circles, length, rooms, settings, words};

/// What all rules find, in the order of rules, packages and lines.
///
/// # Errors
/// spin.toml is not TOML.
pub fn check(tree: &Tree) -> Result<Vec<Finding>, Error> {
    let mut findings: Vec<Finding> = tree.crates.iter().flat_map(rooms::check).collect();
    findings.extend(tree.crates.iter().flat_map(circles::check));
    findings.extend(settings::check(tree)?);
    findings.extend(anatomy::check(tree)?);
    findings.extend(words::check(tree));
    findings.extend(length::check(tree));
    findings.sort_by(|a, b| (a.rule, &a.owner, &a.path, a.line).cmp(&(b.rule, &b.owner, &b.path, b.line)));
    findings.dedup();
    Ok(findings)
}
