CREATE INDEX IF NOT EXISTS egraph_memo_spelling_by_digest ON egraph_memo_spelling (digest)
