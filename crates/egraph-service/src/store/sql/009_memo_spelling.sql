CREATE TABLE IF NOT EXISTS egraph_memo_spelling (
    request BLOB PRIMARY KEY,
    digest BLOB NOT NULL) WITHOUT ROWID
