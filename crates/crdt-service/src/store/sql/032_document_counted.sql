CREATE TRIGGER IF NOT EXISTS crdt_document_counted AFTER INSERT ON crdt_documents BEGIN
    INSERT INTO crdt_totals VALUES
        (1, CASE WHEN EXISTS (SELECT 1 FROM crdt_totals) THEN 1 ELSE (SELECT COUNT(*) FROM crdt_documents) END)
        ON CONFLICT (id) DO UPDATE SET documents = documents + 1;
END
