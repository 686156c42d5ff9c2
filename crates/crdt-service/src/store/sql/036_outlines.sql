-- The deltas of a text, 32 to a row, a line each: log, agent, seq, i(nsert) or d(elete), position, length, size, whole,
-- parents (nothing if they are the agent's last delta), and the inserted text in JSON. In place of parents or a text that are
-- too long for a line stands *. first is the log position of the first of them. Deltas that are older than this table are
-- in none of its rows.
CREATE TABLE IF NOT EXISTS crdt_outlines (
    document_id TEXT NOT NULL,
    first INTEGER NOT NULL,
    deltas INTEGER NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (document_id, first)
)
