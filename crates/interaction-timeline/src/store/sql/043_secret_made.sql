INSERT OR IGNORE INTO timeline_secret (id, secret) VALUES (1, randomblob(32))
