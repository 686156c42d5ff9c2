-- Here an index of timeline_causal was made.
SELECT 1
