ALTER TABLE orchestrator_agents ADD COLUMN life TEXT
