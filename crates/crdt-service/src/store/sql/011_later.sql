CREATE TABLE IF NOT EXISTS crdt_lazy (
    task_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    priority INTEGER NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    created INTEGER NOT NULL,
    started INTEGER,
    completed INTEGER,
    result TEXT,
    error TEXT
)
