-- Documents of which operations are taken out because a peer holds others under their dots, until all is done. Written down
-- before it begins, so that the next call goes on.
CREATE TABLE IF NOT EXISTS transduction_mending (
    site TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (site, document)
) WITHOUT ROWID
