//! Tables of the timeline.
//!
//! Events are stored once, small, and never updated. The tallies are kept by a trigger, which runs inside the one
//! INSERT that appends, so they can never disagree with the log; they make summary and gap counts independent of
//! its length. Seals are a cache of hashes over ranges and can be recomputed.

use ramanujan_shell::Schema;

use crate::checkpoint;

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
        // Roots of the perfect subtrees of 1024 events and more that end at this size, smallest first.
        "ALTER TABLE timeline_seals ADD COLUMN nodes BLOB",
        // The stub of archived events: `leaves` and `contents` hold 32 bytes for each.
        "CREATE TABLE IF NOT EXISTS timeline_segments (
            first INTEGER PRIMARY KEY,
            last INTEGER NOT NULL,
            digest BLOB NOT NULL,
            leaves BLOB NOT NULL,
            contents BLOB NOT NULL,
            archived_at INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS timeline_archived (
            event_id BLOB PRIMARY KEY,
            seq INTEGER NOT NULL,
            agent TEXT NOT NULL,
            origin_seq INTEGER NOT NULL,
            timestamp INTEGER NOT NULL,
            content BLOB NOT NULL) WITHOUT ROWID",
        "CREATE UNIQUE INDEX IF NOT EXISTS timeline_archived_by_seq ON timeline_archived (seq)",
        "CREATE UNIQUE INDEX IF NOT EXISTS timeline_archived_by_origin ON timeline_archived (agent, origin_seq)",
        "CREATE TRIGGER IF NOT EXISTS timeline_archive AFTER INSERT ON timeline_segments BEGIN
            INSERT INTO timeline_archived (event_id, seq, agent, origin_seq, timestamp, content)
                SELECT event_id, seq, agent, origin_seq, timestamp,
                       substr(new.contents, 1 + 32 * (seq - new.first), 32)
                FROM timeline_events WHERE seq BETWEEN new.first AND new.last;
            DELETE FROM timeline_events WHERE seq BETWEEN new.first AND new.last;
        END",
        // Passes the rows of a restored segment to the trigger and is empty again when the statement ends.
        "CREATE TABLE IF NOT EXISTS timeline_restored (
            first INTEGER PRIMARY KEY,
            last INTEGER NOT NULL,
            rows TEXT NOT NULL)",
        // The rows come back with all that appending does; then the tallies, which never forgot them, are set right.
        "CREATE TRIGGER IF NOT EXISTS timeline_restore AFTER INSERT ON timeline_restored BEGIN
            DELETE FROM timeline_archived WHERE seq BETWEEN new.first AND new.last;
            DELETE FROM timeline_segments WHERE first = new.first;
            INSERT INTO timeline_events
                    (seq, event_id, timestamp, received, origin_seq, agent, type, document, color, body)
                SELECT value ->> 'seq', unhex(value ->> 'event_id'), value ->> 'timestamp', value ->> 'received',
                       value ->> 'origin_seq', value ->> 'agent', value ->> 'type', value ->> 'document',
                       value ->> 'color', value ->> 'body'
                FROM json_each(new.rows);
            UPDATE timeline_origins SET events = events - (
                    SELECT COUNT(*) FROM timeline_events AS e
                    WHERE e.seq BETWEEN new.first AND new.last AND e.agent = timeline_origins.agent)
                WHERE agent IN (SELECT agent FROM timeline_events WHERE seq BETWEEN new.first AND new.last);
            UPDATE timeline_tally SET events = events - (
                    SELECT COUNT(*) FROM timeline_events AS e
                    WHERE e.seq BETWEEN new.first AND new.last
                      AND e.type = timeline_tally.type AND COALESCE(e.color, 2) = timeline_tally.color)
                WHERE type IN (SELECT type FROM timeline_events WHERE seq BETWEEN new.first AND new.last);
            DELETE FROM timeline_restored;
        END",
        // The causal index passes by what is archived; it is made anew when something comes back.
        "CREATE TRIGGER IF NOT EXISTS timeline_reindex AFTER DELETE ON timeline_segments BEGIN
            DELETE FROM timeline_causal;
            DELETE FROM timeline_edges;
            DELETE FROM timeline_seen;
            DELETE FROM timeline_late;
        END",
        // After the archive, whose tables they read.
        checkpoint::CHECKPOINTS,
        checkpoint::AT_TYPES,
        checkpoint::AT_ORIGINS,
        checkpoint::AT_DOCUMENTS,
        checkpoint::AT_REPLICAS,
        checkpoint::MISSING,
        checkpoint::BACKWARDS,
        checkpoint::KNOWN,
        checkpoint::FILL,
        checkpoint::FREEZES,
        checkpoint::FREEZES_BY_SIZE,
    ],
};
