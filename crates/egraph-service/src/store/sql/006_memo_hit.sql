CREATE TRIGGER IF NOT EXISTS egraph_memo_hit AFTER UPDATE OF hits ON egraph_memo BEGIN
    UPDATE egraph_memo_tally SET hits = hits + 1;
END
