-- Here timeline_causal was made, which timeline_places has replaced. It is not made any more: an instance that brings a database up to date
-- behind another one would bring it back.
SELECT 1
