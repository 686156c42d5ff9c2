CREATE INDEX IF NOT EXISTS orchestrator_messages_waiting
    ON orchestrator_messages (receiver_id, acknowledged_at, msg_type)
