CREATE INDEX IF NOT EXISTS transduction_log_digests ON transduction_log (digest)
