//! Tables of skill-verification.
//!
//! Collections, blocks and votes are never updated nor deleted. `verify_ids` is filled by a trigger, inside the
//! statement that adds a block. Statistics, references and analyses are caches: they can be lost and are bounded.

use ramanujan_shell::Schema;

/// Migrations in the order they came, one statement each; a later version appends.
pub(super) const SCHEMA: Schema = Schema {
    name: "verify",
    statements: &[
        include_str!("sql/001_collections.sql"),
        include_str!("sql/002_blocks.sql"),
        include_str!("sql/003_ids.sql"),
        include_str!("sql/004_blocks_ids.sql"),
        include_str!("sql/005_statistics.sql"),
        include_str!("sql/006_references.sql"),
        include_str!("sql/007_analyses.sql"),
        include_str!("sql/008_votes.sql"),
    ],
};
