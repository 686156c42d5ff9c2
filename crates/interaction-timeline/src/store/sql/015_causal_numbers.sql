CREATE INDEX IF NOT EXISTS timeline_causal_numbers ON timeline_causal (agent, number) WHERE number IS NOT NULL
