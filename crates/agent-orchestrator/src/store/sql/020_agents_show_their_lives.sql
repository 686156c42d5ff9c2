UPDATE orchestrator_agents SET
    version = (SELECT MAX(sequence) FROM orchestrator_agent_events AS e WHERE e.life = orchestrator_agents.life),
    life_status = CASE WHEN registered_at IS NULL THEN 'Deployed' ELSE 'Active' END
    WHERE version = 0
