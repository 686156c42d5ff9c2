INSERT INTO crdt_freezes (document_id, snapshot_id, parent, crdt_type, clock, digest, fingerprint, log, agent_id, frozen,
    heads)
SELECT document_id, snapshot_id, parent, crdt_type, clock, digest, fingerprint, log, agent_id, frozen, heads
FROM crdt_frozen WHERE true ORDER BY id
ON CONFLICT DO NOTHING
