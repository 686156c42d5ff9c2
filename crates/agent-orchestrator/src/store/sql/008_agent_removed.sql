CREATE TRIGGER IF NOT EXISTS orchestrator_agent_removed
    AFTER DELETE ON orchestrator_agents WHEN OLD.registration IS NOT NULL
    BEGIN
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        VALUES ('AgentDeregistered', OLD.agent_id, OLD.registration, unixepoch() * 1000,
            json_object('operation', 'deregister'));
    END
