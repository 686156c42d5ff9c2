-- Here the view timeline_known was made, which nothing reads any more. It is not made any more: an instance that brings a database up to date
-- behind another one would bring it back.
SELECT 1
