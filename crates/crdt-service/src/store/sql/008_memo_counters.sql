-- One row: the sums over all instances.
CREATE TABLE IF NOT EXISTS crdt_memo_counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    consultations INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    extended INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    tier2_hits INTEGER NOT NULL,
    evictions INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    invalidations INTEGER NOT NULL
)
