CREATE TABLE IF NOT EXISTS orchestrator_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    token TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    refused TEXT
)
