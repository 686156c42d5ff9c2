CREATE INDEX IF NOT EXISTS orchestrator_messages_sent ON orchestrator_messages (sender_id)
