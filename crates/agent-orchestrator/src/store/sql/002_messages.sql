CREATE TABLE IF NOT EXISTS orchestrator_messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    msg_type TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    receiver_id TEXT,
    subject TEXT,
    sent_at INTEGER,
    received_at INTEGER NOT NULL,
    payload TEXT,
    payload_size INTEGER NOT NULL,
    vector_clock TEXT NOT NULL,
    acks TEXT,
    event_type TEXT NOT NULL,
    acknowledged_at INTEGER
)
