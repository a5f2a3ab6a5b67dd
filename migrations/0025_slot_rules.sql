-- A schedule may have several rules: a slot says which of them made it, where there is a choice.
-- A slot's identity is its instant still, so that rules that meet make one slot.
ALTER TABLE slots ADD COLUMN rule TEXT;
-- The window that a slot falls into: it was skipped for it, waits for its end, or started all the same.
ALTER TABLE slots ADD COLUMN window TEXT;
CREATE INDEX slots_of_window ON slots (window, slot_at) WHERE window IS NOT NULL;
