CREATE TABLE IF NOT EXISTS transduction_patterns (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    complexity INTEGER NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    constraints TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (name, version))
