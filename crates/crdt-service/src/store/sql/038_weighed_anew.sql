UPDATE crdt_documents SET measured = NULL, measured_log = 0 WHERE measured > 0 OR written > 2000000
