CREATE INDEX IF NOT EXISTS timeline_by_document ON timeline_events (document, seq) WHERE document IS NOT NULL
