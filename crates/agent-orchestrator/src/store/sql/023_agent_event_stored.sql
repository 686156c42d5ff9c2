CREATE TRIGGER IF NOT EXISTS orchestrator_agent_event_stored
    AFTER INSERT ON orchestrator_agent_events
    BEGIN
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        SELECT json_extract(NEW.event, '$.event.type'), NEW.agent_id, NEW.life || ' ' || NEW.sequence, NEW.at,
            json_object('operation', NEW.told,
                'payload', json_object('aggregate_id', NEW.life, 'version', NEW.sequence))
        WHERE NEW.told IS NOT NULL;
        DELETE FROM orchestrator_agents WHERE agent_id = NEW.agent_id AND NEW.entry = 'null';
        INSERT INTO orchestrator_agents (agent_id, life, version, life_status, node_id, registered_at,
            registration, last_heartbeat, mathematician, polarity, neighbors, region, seeded)
        SELECT NEW.agent_id, NEW.life, NEW.sequence, json_extract(NEW.entry, '$.status'),
            json_extract(NEW.entry, '$.node_id'), json_extract(NEW.entry, '$.registered_at'),
            CASE WHEN json_extract(NEW.entry, '$.registered_at') IS NOT NULL THEN NEW.life END,
            json_extract(NEW.entry, '$.heard'), json_extract(NEW.entry, '$.mathematician'),
            json_extract(NEW.entry, '$.polarity'), json_extract(NEW.entry, '$.neighbors'),
            json_extract(NEW.entry, '$.region'), 0
        WHERE NEW.entry <> 'null'
        ON CONFLICT (agent_id) DO UPDATE SET
            last_heartbeat = CASE WHEN life = excluded.life THEN NULLIF(
                    MAX(COALESCE(last_heartbeat, 0), COALESCE(excluded.last_heartbeat, 0)), 0)
                ELSE excluded.last_heartbeat END,
            life = excluded.life, version = excluded.version, life_status = excluded.life_status,
            registered_at = excluded.registered_at, registration = excluded.registration,
            mathematician = excluded.mathematician, polarity = excluded.polarity,
            neighbors = excluded.neighbors, region = excluded.region;
    END
