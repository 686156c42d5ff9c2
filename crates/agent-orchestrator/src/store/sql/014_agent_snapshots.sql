CREATE TABLE IF NOT EXISTS orchestrator_agent_snapshots (
    life TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    snapshot TEXT NOT NULL
)
