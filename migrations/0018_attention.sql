-- A person may take a row of `attention` out of sight for a while; it is back when it changes. The view
-- itself is made by 0021_forecast.sql.

CREATE TABLE acknowledgements (
    id            TEXT PRIMARY KEY,
    -- What the row was like; another row under the same id is in sight again.
    state         TEXT NOT NULL,
    until_at      INTEGER,
    reason        TEXT NOT NULL,
    actor         TEXT NOT NULL,
    at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The rule slots of a schedule that nothing was started for, since its last start.
CREATE INDEX slots_not_made ON slots (schedule, ended_at)
    WHERE disposition IN ('missed', 'expired');
