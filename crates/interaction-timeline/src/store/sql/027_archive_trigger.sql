-- Here timeline_archive was made, which timeline_archiving has replaced. It is not made any more: an instance that brings a database up to date
-- behind another one would bring it back.
SELECT 1
