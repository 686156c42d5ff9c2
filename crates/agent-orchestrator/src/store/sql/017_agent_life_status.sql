ALTER TABLE orchestrator_agents ADD COLUMN life_status TEXT NOT NULL DEFAULT 'Deployed'
