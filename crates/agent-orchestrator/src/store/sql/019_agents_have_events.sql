INSERT INTO orchestrator_agent_events (agent_id, life, sequence, at, event)
    SELECT agent_id, life, sequence, at, json_object('aggregate_id', life, 'sequence', sequence,
        'event', json(event), 'timestamp', time, 'schema', 1)
    FROM (
        SELECT agent_id, life, 1 AS sequence, at, time, json_object('type', 'AgentDeployed', 'agent_id', life,
            'agent_type', CASE WHEN seeded THEN 'System' ELSE 'External' END,
            'metadata', json_object('name', agent_id, 'description', COALESCE(role, ''), 'version', '1',
                'tags', json(CASE WHEN seeded THEN '["roster"]' ELSE '[]' END)),
            'deployed_at', time) AS event
        FROM (SELECT *, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time FROM (
            SELECT *, COALESCE(registered_at, unixepoch() * 1000) AS at FROM orchestrator_agents))
        UNION ALL
        SELECT agent_id, life, 2, at, time, json_object('type', 'ConfigurationChanged', 'agent_id', life,
            'changed_keys', json((SELECT json_group_array(key) FROM json_each(settings))),
            'old_values', json('{}'), 'new_values', json(settings), 'changed_at', time)
        FROM (SELECT *, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time FROM (
            SELECT *, COALESCE(registered_at, unixepoch() * 1000) AS at,
                json_patch('{}', json_object('mathematician', mathematician, 'polarity', polarity,
                    'neighbors', json(neighbors), 'region', region)) AS settings
            FROM orchestrator_agents))
        UNION ALL
        SELECT agent_id, life, 3, registered_at, time,
            json_object('type', 'AgentActivated', 'agent_id', life, 'activated_at', time)
        FROM (SELECT *, strftime('%Y-%m-%dT%H:%M:%fZ', registered_at / 1000.0, 'unixepoch') AS time
            FROM orchestrator_agents WHERE registered_at IS NOT NULL)
    ) AS happened
    WHERE NOT EXISTS (SELECT 1 FROM orchestrator_agent_events AS stored WHERE stored.life = happened.life)
    ORDER BY length(agent_id), agent_id, sequence
