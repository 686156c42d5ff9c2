ALTER TABLE transduction_patterns ADD COLUMN operators TEXT NOT NULL DEFAULT '[]'
