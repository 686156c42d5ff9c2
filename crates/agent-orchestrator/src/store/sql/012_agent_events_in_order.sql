CREATE INDEX IF NOT EXISTS orchestrator_agent_events_in_order ON orchestrator_agent_events (agent_id, position)
