-- One row, made with the first document that comes after the table.
CREATE TABLE IF NOT EXISTS crdt_totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    documents INTEGER NOT NULL
)
