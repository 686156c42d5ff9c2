CREATE TABLE IF NOT EXISTS verify_statistics (
    collection TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    upto INTEGER NOT NULL,
    sums TEXT NOT NULL)
