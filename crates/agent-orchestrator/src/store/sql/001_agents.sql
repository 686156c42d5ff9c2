CREATE TABLE IF NOT EXISTS orchestrator_agents (
    agent_id TEXT NOT NULL PRIMARY KEY,
    node_id TEXT NOT NULL,
    mathematician TEXT,
    polarity TEXT NOT NULL,
    address TEXT,
    role TEXT,
    neighbors TEXT,
    region TEXT,
    seeded INTEGER NOT NULL,
    registration TEXT,
    fresh INTEGER NOT NULL DEFAULT 0,
    registered_at INTEGER,
    last_heartbeat INTEGER,
    vector_clock TEXT NOT NULL DEFAULT '{}',
    egraph_nodes INTEGER NOT NULL DEFAULT 0
)
