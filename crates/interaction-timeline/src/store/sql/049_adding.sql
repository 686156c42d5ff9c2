CREATE VIEW IF NOT EXISTS timeline_adding (first, received, rows, ids, bodies, odd) AS
    SELECT NULL, NULL, NULL, NULL, NULL, NULL WHERE FALSE
