-- What a turn asks costs the same however long the history is.

-- Where the search for ends of an upstream that a waiting schedule has not used begins: earlier slots
-- of the upstream have all ended and are used, or never will be. A row may always be deleted: the
-- next search then begins where the waiting schedule's own revision did.
CREATE TABLE after_marks (
    upstream      TEXT NOT NULL,
    schedule      TEXT NOT NULL,
    slot_at       INTEGER NOT NULL,
    -- Ends since then were looked at; for an earlier instant the mark tells nothing.
    since_at      INTEGER NOT NULL,
    PRIMARY KEY (upstream, schedule)
) STRICT, WITHOUT ROWID;

-- Attempts that may have made a run are those that had not ended long before it; how many began
-- before it grows with every start.
DROP INDEX attempts_by_exposure;
CREATE INDEX attempts_by_exposure ON attempts (base_url, process_id, exposure_end_at);
CREATE INDEX attempts_held ON attempts (base_url, process_id, candidate_run_id)
    WHERE state = 'held';
-- The newest runs of a process that no slot of ours has started.
CREATE INDEX process_runs_unclaimed ON process_runs (base_url, process_id, first_seen_at)
    WHERE slot_id IS NULL;
