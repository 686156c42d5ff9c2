CREATE VIEW IF NOT EXISTS timeline_placing (places, links, awaited, arrived, heard, late) AS
    SELECT NULL, NULL, NULL, NULL, NULL, NULL WHERE FALSE
