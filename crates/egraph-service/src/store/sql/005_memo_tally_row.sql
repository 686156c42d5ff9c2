INSERT OR IGNORE INTO egraph_memo_tally VALUES (1, 0, 0, 0)
