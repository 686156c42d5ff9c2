CREATE INDEX IF NOT EXISTS egraph_memo_by_use ON egraph_memo (used)
