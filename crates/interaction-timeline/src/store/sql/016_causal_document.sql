CREATE INDEX IF NOT EXISTS timeline_causal_document ON timeline_causal (document, level, total, seq) WHERE level > 0
