CREATE INDEX IF NOT EXISTS timeline_causal_agent ON timeline_causal (agent, level, total, seq) WHERE level > 0
