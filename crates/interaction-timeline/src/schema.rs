//! Tables of the timeline.
//!
//! Events are stored once, small, and never updated. The tallies are kept by a trigger, which runs inside the one
//! INSERT that appends, so they can never disagree with the log; they make summary and gap counts independent of
//! its length. Seals are a cache of hashes over ranges and can be recomputed.

use ramanujan_shell::Schema;

/// Every index on `timeline_events` but the one on `event_id` grows at its end, so an append touches few pages.
pub const SCHEMA: Schema = Schema {
    name: "timeline",
    statements: &[
        "CREATE TABLE IF NOT EXISTS timeline_events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            event_id BLOB NOT NULL UNIQUE,
            timestamp INTEGER NOT NULL,
            received INTEGER NOT NULL,
            origin_seq INTEGER NOT NULL,
            agent TEXT NOT NULL,
            type TEXT NOT NULL,
            document TEXT,
            color INTEGER,
            body TEXT NOT NULL)",
        "CREATE UNIQUE INDEX IF NOT EXISTS timeline_by_origin ON timeline_events (agent, origin_seq)",
        "CREATE INDEX IF NOT EXISTS timeline_by_agent ON timeline_events (agent, seq)",
        "CREATE INDEX IF NOT EXISTS timeline_by_document ON timeline_events (document, seq) WHERE document IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS timeline_by_type ON timeline_events (type, seq)",
        "CREATE INDEX IF NOT EXISTS timeline_by_color ON timeline_events (color, seq) WHERE color IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS timeline_by_time ON timeline_events (timestamp, seq)",
        "CREATE TABLE IF NOT EXISTS timeline_origins (
            agent TEXT PRIMARY KEY,
            events INTEGER NOT NULL,
            last INTEGER NOT NULL) WITHOUT ROWID",
        // Colour 2 stands for none: a key column cannot be NULL here.
        "CREATE TABLE IF NOT EXISTS timeline_tally (
            type TEXT NOT NULL,
            color INTEGER NOT NULL,
            events INTEGER NOT NULL,
            PRIMARY KEY (type, color)) WITHOUT ROWID",
        "CREATE TRIGGER IF NOT EXISTS timeline_count AFTER INSERT ON timeline_events BEGIN
            INSERT INTO timeline_origins VALUES (new.agent, 1, new.origin_seq)
                ON CONFLICT (agent) DO UPDATE SET events = events + 1, last = MAX(last, excluded.last);
            INSERT INTO timeline_tally VALUES (new.type, COALESCE(new.color, 2), 1)
                ON CONFLICT (type, color) DO UPDATE SET events = events + 1;
        END",
        "CREATE TABLE IF NOT EXISTS timeline_seals (
            size INTEGER PRIMARY KEY,
            chain_head BLOB NOT NULL,
            root BLOB NOT NULL,
            peaks BLOB NOT NULL,
            tags BLOB NOT NULL,
            sealed_at INTEGER NOT NULL)",
        crate::causal::TABLES[0],
        crate::causal::TABLES[1],
        crate::causal::TABLES[2],
        crate::causal::TABLES[3],
        crate::causal::TABLES[4],
        crate::causal::TABLES[5],
        crate::causal::TABLES[6],
        crate::causal::TABLES[7],
        crate::causal::TABLES[8],
        crate::causal::TABLES[9],
        crate::freeze::TABLE,
    ],
};
