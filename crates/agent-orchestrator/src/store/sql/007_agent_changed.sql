CREATE TRIGGER IF NOT EXISTS orchestrator_agent_changed
    AFTER UPDATE OF registration ON orchestrator_agents WHEN NEW.registration IS NOT OLD.registration
    BEGIN
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        SELECT 'AgentRegistered', NEW.agent_id, NEW.registration, NEW.registered_at,
            json_object('operation', 'register', 'payload', json_object('polarity', NEW.polarity))
        WHERE NEW.registration IS NOT NULL;
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        SELECT 'AgentDeregistered', NEW.agent_id, OLD.registration, unixepoch() * 1000,
            json_object('operation', 'deregister')
        WHERE NEW.registration IS NULL;
    END
