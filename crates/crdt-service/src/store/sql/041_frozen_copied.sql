-- What an instance of the revision before still puts there.
CREATE TRIGGER IF NOT EXISTS crdt_frozen_copied AFTER INSERT ON crdt_frozen BEGIN
    INSERT INTO crdt_freezes (document_id, snapshot_id, parent, crdt_type, clock, digest, fingerprint, log, agent_id,
        frozen, heads)
    VALUES (new.document_id, new.snapshot_id, new.parent, new.crdt_type, new.clock, new.digest, new.fingerprint, new.log,
        new.agent_id, new.frozen, new.heads)
    ON CONFLICT DO NOTHING;
END
