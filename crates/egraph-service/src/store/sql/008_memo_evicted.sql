CREATE TRIGGER IF NOT EXISTS egraph_memo_evicted AFTER DELETE ON egraph_memo BEGIN
    UPDATE egraph_memo_tally SET evicted = evicted + 1;
END
