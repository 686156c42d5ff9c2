-- The order in which tasks are taken; covers what is added up before another may wait.
CREATE INDEX IF NOT EXISTS crdt_lazy_by_turn
    ON crdt_lazy (priority, task_id, bytes) WHERE status IN ('pending', 'in_progress')
