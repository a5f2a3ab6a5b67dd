-- The run that had done a slot's work already, so that the slot was skipped (`unless_done`).
ALTER TABLE slots ADD COLUMN done_by_run_id TEXT;
