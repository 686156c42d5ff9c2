-- The newest delta of each agent, and its totals with it.
CREATE TABLE IF NOT EXISTS crdt_agents (
    document_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    plus INTEGER NOT NULL,
    minus INTEGER NOT NULL,
    log INTEGER NOT NULL,
    PRIMARY KEY (document_id, agent_id)
) WITHOUT ROWID
