//! Tables of transduction-2tdx, one statement a file; how many have run is the version of the schema, so none may go.
//! Patterns are never deleted, so the greatest `seq` is their number.

use ramanujan_shell::Schema;

pub(super) const SCHEMA: Schema = Schema {
    name: "transduction",
    statements: &[
        include_str!("sql/001_patterns.sql"),
        include_str!("sql/002_by_schedule.sql"),
        include_str!("sql/003_usage.sql"),
        include_str!("sql/004_operators.sql"),
        include_str!("sql/005_peers.sql"),
        include_str!("sql/006_memory.sql"),
        include_str!("sql/007_quarantines.sql"),
        include_str!("sql/008_evidence.sql"),
        include_str!("sql/009_accusations.sql"),
        include_str!("sql/010_due.sql"),
        include_str!("sql/011_log.sql"),
        include_str!("sql/012_log_digests.sql"),
        include_str!("sql/013_mending.sql"),
    ],
};
