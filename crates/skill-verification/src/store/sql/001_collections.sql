CREATE TABLE IF NOT EXISTS verify_collections (
    name TEXT PRIMARY KEY,
    dimension INTEGER NOT NULL,
    created INTEGER NOT NULL)
