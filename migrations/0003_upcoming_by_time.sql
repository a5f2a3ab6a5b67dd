-- Which schedules' first line of `upcoming` has passed, without reading all of them.
CREATE INDEX upcoming_by_time ON upcoming_slots (slot_at);
