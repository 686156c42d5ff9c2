CREATE TABLE IF NOT EXISTS egraph_facts (
    graph TEXT NOT NULL,
    digest TEXT NOT NULL,
    left_term TEXT NOT NULL,
    right_term TEXT NOT NULL,
    PRIMARY KEY (graph, digest)) WITHOUT ROWID
