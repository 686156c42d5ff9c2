//! Tables of egraph-service.
//!
//! Facts are never updated nor deleted. Memoised replies are a cache; its tallies are kept by triggers, inside the
//! statements that change it.

use ramanujan_shell::Schema;

pub(crate) const SCHEMA: Schema = Schema {
    name: "egraph",
    statements: &[
        "CREATE TABLE IF NOT EXISTS egraph_facts (
            graph TEXT NOT NULL,
            digest TEXT NOT NULL,
            left_term TEXT NOT NULL,
            right_term TEXT NOT NULL,
            PRIMARY KEY (graph, digest)) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS egraph_memo (
            digest BLOB PRIMARY KEY,
            used INTEGER NOT NULL,
            hits INTEGER NOT NULL DEFAULT 0,
            reply TEXT NOT NULL)",
        "CREATE INDEX IF NOT EXISTS egraph_memo_by_use ON egraph_memo (used)",
        "CREATE TABLE IF NOT EXISTS egraph_memo_tally (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            hits INTEGER NOT NULL,
            stored INTEGER NOT NULL,
            evicted INTEGER NOT NULL)",
        "INSERT OR IGNORE INTO egraph_memo_tally VALUES (1, 0, 0, 0)",
        "CREATE TRIGGER IF NOT EXISTS egraph_memo_hit AFTER UPDATE OF hits ON egraph_memo BEGIN
            UPDATE egraph_memo_tally SET hits = hits + 1;
        END",
        "CREATE TRIGGER IF NOT EXISTS egraph_memo_stored AFTER INSERT ON egraph_memo BEGIN
            UPDATE egraph_memo_tally SET stored = stored + 1;
        END",
        "CREATE TRIGGER IF NOT EXISTS egraph_memo_evicted AFTER DELETE ON egraph_memo BEGIN
            UPDATE egraph_memo_tally SET evicted = evicted + 1;
        END",
        "CREATE TABLE IF NOT EXISTS egraph_memo_spelling (
            request BLOB PRIMARY KEY,
            digest BLOB NOT NULL) WITHOUT ROWID",
        "CREATE INDEX IF NOT EXISTS egraph_memo_spelling_by_digest ON egraph_memo_spelling (digest)",
        "CREATE TRIGGER IF NOT EXISTS egraph_memo_forgotten AFTER DELETE ON egraph_memo BEGIN
            DELETE FROM egraph_memo_spelling WHERE digest = OLD.digest;
        END",
    ],
};
