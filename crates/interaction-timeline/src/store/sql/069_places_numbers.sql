CREATE INDEX IF NOT EXISTS timeline_places_numbers ON timeline_places (agent, number) WHERE number IS NOT NULL
