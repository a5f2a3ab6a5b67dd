-- The run that had done a slot's work already, so that the slot was skipped (`unless_done`).
ALTER TABLE slots ADD COLUMN done_by_run_id TEXT;
-- A run does the work of one slot of a schedule.
CREATE INDEX slots_done ON slots (done_by_run_id) WHERE done_by_run_id IS NOT NULL;
