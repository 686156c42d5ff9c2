CREATE TRIGGER IF NOT EXISTS timeline_merge INSTEAD OF INSERT ON timeline_merging BEGIN
    INSERT INTO timeline_ids_mid SELECT key, seq FROM timeline_ids_new ORDER BY key;
    DELETE FROM timeline_ids_new;
    INSERT INTO timeline_ids SELECT key, seq FROM timeline_ids_mid WHERE key >= new.low AND key < new.high ORDER BY key;
    DELETE FROM timeline_ids_mid WHERE key >= new.low AND key < new.high;
END
