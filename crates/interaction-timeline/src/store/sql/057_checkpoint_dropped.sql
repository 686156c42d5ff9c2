DROP TRIGGER IF EXISTS timeline_checkpoint
