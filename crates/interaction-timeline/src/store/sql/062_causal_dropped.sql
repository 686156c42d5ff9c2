DROP TABLE IF EXISTS timeline_causal
