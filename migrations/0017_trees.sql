-- Trees of runs that succeeded long ago are the largest part of a ledger, and go first.
CREATE INDEX process_runs_with_tree ON process_runs (changed_at)
    WHERE tree IS NOT NULL AND outcome = 'succeeded' AND next_poll_at IS NULL;
