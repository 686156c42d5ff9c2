CREATE TRIGGER IF NOT EXISTS egraph_memo_forgotten AFTER DELETE ON egraph_memo BEGIN
    DELETE FROM egraph_memo_spelling WHERE digest = OLD.digest;
END
