CREATE TABLE IF NOT EXISTS egraph_memo_tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    hits INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    evicted INTEGER NOT NULL)
