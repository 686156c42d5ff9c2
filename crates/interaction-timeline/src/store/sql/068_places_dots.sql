CREATE INDEX IF NOT EXISTS timeline_places_dots ON timeline_places (document, agent, own DESC, total) WHERE total > 0
