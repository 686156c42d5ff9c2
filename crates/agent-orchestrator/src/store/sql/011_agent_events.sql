CREATE TABLE IF NOT EXISTS orchestrator_agent_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id TEXT NOT NULL,
    life TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    command_id TEXT,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    told TEXT,
    entry TEXT,
    UNIQUE (life, sequence)
)
