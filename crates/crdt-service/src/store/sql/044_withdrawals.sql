-- A document's deltas that were taken out of its history, because other sites hold others under their dots: one row each
-- time that this was done. low is the log position of the first of them, high the last position of the log then. rows is
-- what the trigger crdt_withdrawal_made takes out: agent, number, canonical bytes, and the dot under which it comes back.
-- freezes are the ids of those that named one of them. until: numbers up to which these agents must be here again before
-- clients may write. ended: when all had come back; NULL until then. refused: why what came back last was not stored.
CREATE TABLE IF NOT EXISTS crdt_withdrawals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    rows TEXT NOT NULL,
    freezes TEXT NOT NULL DEFAULT '[]',
    until TEXT NOT NULL,
    made INTEGER NOT NULL,
    ended INTEGER,
    refused TEXT
)
