CREATE INDEX IF NOT EXISTS timeline_causal_dots ON timeline_causal (document, agent, own DESC, total) WHERE total > 0
