CREATE TRIGGER IF NOT EXISTS egraph_memo_stored AFTER INSERT ON egraph_memo BEGIN
    UPDATE egraph_memo_tally SET stored = stored + 1;
END
