CREATE TRIGGER IF NOT EXISTS orchestrator_agent_added
    AFTER INSERT ON orchestrator_agents WHEN NEW.registration IS NOT NULL
    BEGIN
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        VALUES ('AgentRegistered', NEW.agent_id, NEW.registration, NEW.registered_at,
            json_object('operation', 'register', 'payload', json_object('polarity', NEW.polarity)));
    END
