//! The tables, in the order in which they came.

use ramanujan_shell::Schema;

/// One statement a file. The number of statements is the version of the schema: append only.
pub(crate) const SCHEMA: Schema = Schema {
    name: "crdt",
    statements: &[
        include_str!("sql/001_deltas.sql"),
        include_str!("sql/002_deltas_by_log.sql"),
        include_str!("sql/003_deltas_by_key.sql"),
        include_str!("sql/004_snapshots.sql"),
        include_str!("sql/005_deletions.sql"),
        include_str!("sql/006_deletions_by_document.sql"),
        include_str!("sql/007_freezes.sql"),
        include_str!("sql/008_memo_counters.sql"),
        include_str!("sql/009_memo.sql"),
        include_str!("sql/010_memo_by_use.sql"),
        include_str!("sql/011_later.sql"),
        include_str!("sql/012_later_by_subject.sql"),
        include_str!("sql/013_later_by_turn.sql"),
        include_str!("sql/014_later_by_end.sql"),
        include_str!("sql/015_hashes.sql"),
        include_str!("sql/016_whole.sql"),
        include_str!("sql/017_agents.sql"),
        include_str!("sql/018_heads.sql"),
        include_str!("sql/019_documents.sql"),
        include_str!("sql/020_delta_stored.sql"),
        include_str!("sql/021_snapshot_deltas.sql"),
        include_str!("sql/022_freeze_heads.sql"),
        include_str!("sql/023_delta_weight.sql"),
        include_str!("sql/024_delta_content.sql"),
        include_str!("sql/025_document_carry.sql"),
        include_str!("sql/026_document_written.sql"),
        include_str!("sql/027_document_measured.sql"),
        include_str!("sql/028_document_measured_at.sql"),
        include_str!("sql/029_document_measured_log.sql"),
        include_str!("sql/030_exact_values.sql"),
        include_str!("sql/031_totals.sql"),
        include_str!("sql/032_document_counted.sql"),
        include_str!("sql/033_delta_taken.sql"),
        include_str!("sql/034_no_delta_stored.sql"),
    ],
};
