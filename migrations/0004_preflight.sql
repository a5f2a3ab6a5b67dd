-- The check ahead of a slot (config key `preflight`), and indexes for ledgers with many open runs.

-- One row a schedule: what was found of its next slot, and until when that finding is good.
CREATE TABLE preflights (
    schedule      TEXT PRIMARY KEY,
    connection    TEXT NOT NULL,
    slot_at       INTEGER NOT NULL,
    state         TEXT NOT NULL
        CHECK (state IN ('planned', 'listing', 'validating', 'passed', 'failed')),
    -- When the check goes on; NULL: nothing more is asked for this slot.
    next_at       INTEGER,
    -- The process that passed last (its id, or the name that it was found by), and when: that is good
    -- for every slot up to `preflight` later.
    process       TEXT NOT NULL DEFAULT '',
    passed_at     INTEGER,
    -- Answers in a row that said nothing (API down, list cut).
    tries         INTEGER NOT NULL DEFAULT 0,
    -- What is wrong, so that the same finding becomes one error row only.
    problem       TEXT NOT NULL DEFAULT '',
    CHECK ((state IN ('planned', 'listing', 'validating')) <= (next_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX preflights_by_next ON preflights (connection, next_at) WHERE next_at IS NOT NULL;

-- Runs to read: those that a sweep saw changed go first.
CREATE INDEX process_runs_to_poll ON process_runs (connection, changed_hint, next_poll_at)
    WHERE next_poll_at IS NOT NULL;
-- Open runs whose due date may pass.
CREATE INDEX process_runs_by_due_date ON process_runs (due_date)
    WHERE due_date IS NOT NULL AND outcome = 'active';
-- The same error again is found without reading the day's others.
CREATE INDEX errors_to_repeat ON errors (operation, connection, last_at);
