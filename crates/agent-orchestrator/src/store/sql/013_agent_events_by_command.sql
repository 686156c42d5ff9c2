CREATE INDEX IF NOT EXISTS orchestrator_agent_events_by_command
    ON orchestrator_agent_events (agent_id, command_id)
