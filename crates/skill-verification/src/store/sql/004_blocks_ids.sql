CREATE TRIGGER IF NOT EXISTS verify_blocks_ids AFTER INSERT ON verify_blocks WHEN NEW.ids IS NOT NULL BEGIN
    INSERT INTO verify_ids SELECT NEW.collection, NEW.first + key, value FROM json_each(NEW.ids);
END
