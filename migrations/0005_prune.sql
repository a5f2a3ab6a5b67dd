-- Old history may be removed (config key `keep_history`, `carillon prune`).

-- What ended before it may lack rows; NULL: nothing was ever removed.
ALTER TABLE daemon ADD COLUMN pruned_before_at INTEGER;

-- Removing a row looks for those that name it: not by reading whole tables.
CREATE INDEX attempts_by_run ON attempts (run_key) WHERE run_key IS NOT NULL;
CREATE INDEX slots_by_upstream ON slots (upstream_slot_id) WHERE upstream_slot_id IS NOT NULL;
CREATE INDEX after_uses_by_upstream ON after_uses (upstream_slot_id);
CREATE INDEX after_uses_by_slot ON after_uses (slot_id) WHERE slot_id IS NOT NULL;
