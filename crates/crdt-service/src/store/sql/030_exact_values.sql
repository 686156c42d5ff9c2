-- What left the integers once is added up anew, what is there already is split. It may run again.
UPDATE crdt_documents SET
    value = COALESCE((SELECT SUM((a.plus - a.minus) & 67108863) FROM crdt_agents a
        WHERE a.document_id = crdt_documents.document_id), 0),
    carry = COALESCE((SELECT SUM((a.plus - a.minus) >> 26) FROM crdt_agents a
        WHERE a.document_id = crdt_documents.document_id), 0)
WHERE typeof(value) <> 'integer' OR value < 0 OR value > 67108863
