//! Tables of egraph-service, one statement a file; how many have run is the version of the schema, so none may go.
//!
//! Facts are never updated nor deleted. Memoised replies are a cache; its tallies are kept by triggers, inside the
//! statements that change it.

use ramanujan_shell::Schema;

pub(super) const SCHEMA: Schema = Schema {
    name: "egraph",
    statements: &[
        include_str!("sql/001_facts.sql"),
        include_str!("sql/002_memo.sql"),
        include_str!("sql/003_memo_by_use.sql"),
        include_str!("sql/004_memo_tally.sql"),
        include_str!("sql/005_memo_tally_row.sql"),
        include_str!("sql/006_memo_hit.sql"),
        include_str!("sql/007_memo_stored.sql"),
        include_str!("sql/008_memo_evicted.sql"),
        include_str!("sql/009_memo_spelling.sql"),
        include_str!("sql/010_memo_spelling_by_digest.sql"),
        include_str!("sql/011_memo_forgotten.sql"),
    ],
};
