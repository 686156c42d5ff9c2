CREATE INDEX IF NOT EXISTS timeline_causal_order ON timeline_causal (level, total, seq) WHERE level > 0
