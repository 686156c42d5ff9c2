CREATE TABLE IF NOT EXISTS timeline_checkpoints (
    size INTEGER PRIMARY KEY,
    previous INTEGER NOT NULL,
    received INTEGER NOT NULL,
    origins INTEGER NOT NULL,
    documents INTEGER NOT NULL)
