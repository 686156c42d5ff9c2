CREATE INDEX IF NOT EXISTS timeline_places_document ON timeline_places (document, level, total, seq)
