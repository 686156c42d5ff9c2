DROP TRIGGER IF EXISTS crdt_delta_stored
