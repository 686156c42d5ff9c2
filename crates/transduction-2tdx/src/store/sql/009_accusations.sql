CREATE TABLE IF NOT EXISTS transduction_accusations (
    site TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (site, digest)) WITHOUT ROWID
