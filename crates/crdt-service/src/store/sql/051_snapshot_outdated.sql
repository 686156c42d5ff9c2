-- A state that somebody was making while deltas of it were taken out.
CREATE TRIGGER IF NOT EXISTS crdt_snapshot_outdated AFTER INSERT ON crdt_snapshots
WHEN EXISTS (SELECT 1 FROM crdt_withdrawals w
    WHERE w.document_id = new.document_id AND new.log BETWEEN w.low AND w.high) BEGIN
    DELETE FROM crdt_snapshots WHERE id = new.id;
END
