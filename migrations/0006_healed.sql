-- Whether a failure has been made good since is asked of each of them, by `attention` and by the
-- removal of old history: a schedule that fails for months must not be read through for each slot.
CREATE INDEX slots_started ON slots (schedule, ended_at) WHERE disposition = 'started';
CREATE INDEX process_runs_succeeded ON process_runs (schedule, created_at)
    WHERE outcome = 'succeeded';
