CREATE INDEX IF NOT EXISTS transduction_by_schedule ON transduction_patterns (priority DESC, complexity, name)
