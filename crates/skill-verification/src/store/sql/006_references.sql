CREATE TABLE IF NOT EXISTS verify_references (
    collection TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    upto INTEGER NOT NULL,
    reference TEXT NOT NULL)
