-- What is asked of a document without reading its deltas. value is what a counter shows: a REAL once it no longer fits an
-- integer, which is why the column has no type. size, log and received are those of the newest delta. A document whose
-- deltas are all older than this table has no row here until it is touched.
CREATE TABLE IF NOT EXISTS crdt_documents (
    document_id TEXT PRIMARY KEY,
    crdt_type TEXT NOT NULL,
    operations INTEGER NOT NULL,
    agents INTEGER NOT NULL,
    value NOT NULL,
    size INTEGER NOT NULL,
    log INTEGER NOT NULL,
    received INTEGER NOT NULL
) WITHOUT ROWID
