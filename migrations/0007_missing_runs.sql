-- One 404 on a run proves nothing: how many there were in a row, and since when.
ALTER TABLE process_runs ADD COLUMN missing_reads INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process_runs ADD COLUMN missing_since_at INTEGER;
