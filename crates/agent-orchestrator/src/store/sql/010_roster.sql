INSERT INTO orchestrator_agents
    (agent_id, mathematician, polarity, address, role, seeded, node_id)
    SELECT column1, column2, column3, column4, column5, 1,
        lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
            || substr('89AB', (random() & 3) + 1, 1) || substr(hex(randomblob(2)), 2) || '-'
            || hex(randomblob(6)))
    FROM (VALUES
        ('0', 'Ramanujan', 'positive', '000', 'insert, TextCRDT'),
        ('1', 'Grothendieck', 'neutral', '010', 'JSON merge'),
        ('2', 'Euler', 'negative', '020', 'set delete'),
        ('3', 'de Paiva', 'neutral', '100', 'counter update'),
        ('4', 'Hedges', 'positive', '110', 'e-graph verification'),
        ('5', 'Girard', 'negative', '120', 'TAP union'),
        ('6', 'Spivak', 'positive', '200', 'snapshot'),
        ('7', 'Lawvere', 'neutral', '210', 'recover, rollback'),
        ('8', 'Scholze', 'negative', '220', 'invalidate, Möbius'))
    WHERE true ON CONFLICT (agent_id) DO NOTHING
