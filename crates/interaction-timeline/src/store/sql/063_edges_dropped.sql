DROP TABLE IF EXISTS timeline_edges
