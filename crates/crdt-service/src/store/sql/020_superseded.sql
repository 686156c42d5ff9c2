-- Here crdt_delta_stored was made, which crdt_delta_taken has replaced. It is not made any more: an instance that brings a
-- database up to date behind another one would bring it back, and if it is ended then, it stays.
SELECT 1
