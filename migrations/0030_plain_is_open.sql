-- is_open as a column like others: of a table with a generated one SQLite can't tell what a turn has
-- changed (3.40: SQLITE_SCHEMA). The table is built anew, with foreign keys off and names left alone,
-- as Migrator sees to for a file that renames a table, so that views, and rows that name a run, find
-- it as before.
CREATE TABLE process_runs_with_plain_is_open (
    run_key       INTEGER PRIMARY KEY,
    base_url      TEXT NOT NULL,
    run_id        TEXT NOT NULL,
    connection    TEXT NOT NULL,
    process_id    TEXT NOT NULL,
    schedule      TEXT,
    slot_id       INTEGER UNIQUE REFERENCES slots,
    origin        TEXT NOT NULL
        -- Of a list of three and more words SQLite makes a table for each statement.
        CHECK (origin = 'rule' OR origin = 'manual' OR origin = 'after' OR origin = 'catchup'
            OR origin = 'adopted' OR origin = 'external' OR origin = 'boot'),
    name          TEXT,
    user_id       TEXT,
    status        TEXT NOT NULL,
    -- Open is everything but complete and cancelled, unknown statuses included; written with status.
    is_open       INTEGER NOT NULL CHECK (is_open = (status NOT IN ('complete', 'cancelled'))),
    outcome       TEXT NOT NULL
        CHECK (outcome = 'active' OR outcome = 'succeeded' OR outcome = 'cancelled'
            OR outcome = 'failed' OR outcome = 'attention' OR outcome = 'lost'),
    outcome_reason TEXT,
    counts        TEXT NOT NULL DEFAULT '{}' CHECK (counts GLOB '{*}'),
    job_counts    TEXT NOT NULL DEFAULT '{}' CHECK (job_counts GLOB '{*}'),
    revision      INTEGER,
    created_at    INTEGER,
    modified_at   INTEGER,
    completed_at  INTEGER,
    due_date      TEXT,
    first_seen_at INTEGER NOT NULL,
    last_polled_at INTEGER,
    changed_at    INTEGER NOT NULL,
    -- When the run must be read in full next; NULL once nothing more is expected of it.
    next_poll_at  INTEGER,
    poll_gap_ms   INTEGER NOT NULL DEFAULT 30000,
    poll_failures INTEGER NOT NULL DEFAULT 0,
    -- A sweep saw another modified or status than ours: read it in full now.
    changed_hint  INTEGER NOT NULL DEFAULT 0 CHECK (changed_hint IN (0, 1)),
    watch_until_at INTEGER,
    run_within_at INTEGER,
    tree          TEXT,
    missing_reads INTEGER NOT NULL DEFAULT 0,
    missing_since_at INTEGER,
    at_least_ms   INTEGER,
    part_counts   TEXT,
    job_due_date  TEXT,
    job_due_title TEXT,
    UNIQUE (base_url, run_id),
    CHECK (is_open = 0 OR outcome = 'lost' OR next_poll_at IS NOT NULL)
) STRICT;
INSERT INTO process_runs_with_plain_is_open (
    run_key, base_url, run_id, connection, process_id, schedule, slot_id, origin, name, user_id,
    status, is_open, outcome, outcome_reason, counts, job_counts, revision, created_at,
    modified_at, completed_at, due_date, first_seen_at, last_polled_at, changed_at,
    next_poll_at, poll_gap_ms, poll_failures, changed_hint, watch_until_at, run_within_at, tree,
    missing_reads, missing_since_at, at_least_ms, part_counts, job_due_date, job_due_title)
SELECT
    run_key, base_url, run_id, connection, process_id, schedule, slot_id, origin, name, user_id,
    status, status NOT IN ('complete', 'cancelled'), outcome, outcome_reason, counts,
    job_counts, revision, created_at, modified_at, completed_at, due_date, first_seen_at,
    last_polled_at, changed_at, next_poll_at, poll_gap_ms, poll_failures, changed_hint,
    watch_until_at, run_within_at, tree, missing_reads, missing_since_at, at_least_ms,
    part_counts, job_due_date, job_due_title
FROM process_runs;
DROP TABLE process_runs;
ALTER TABLE process_runs_with_plain_is_open RENAME TO process_runs;

-- As they were.
CREATE INDEX process_runs_active ON process_runs (created_at) WHERE outcome = 'active';
CREATE INDEX process_runs_by_due_date ON process_runs (due_date)
    WHERE due_date IS NOT NULL AND outcome = 'active';
CREATE INDEX process_runs_by_id ON process_runs (run_id);
CREATE INDEX process_runs_by_job_due ON process_runs (job_due_date)
    WHERE job_due_date IS NOT NULL AND outcome = 'active' AND is_open = 1;
CREATE INDEX process_runs_by_poll ON process_runs (next_poll_at) WHERE next_poll_at IS NOT NULL;
CREATE INDEX process_runs_by_process ON process_runs (base_url, process_id, first_seen_at);
CREATE INDEX process_runs_by_schedule
    ON process_runs (schedule, coalesce(created_at, first_seen_at)) WHERE schedule IS NOT NULL;
CREATE INDEX process_runs_by_time ON process_runs (coalesce(created_at, first_seen_at));
CREATE INDEX process_runs_ended_badly ON process_runs (outcome, coalesce(created_at, first_seen_at))
    WHERE outcome <> 'succeeded' AND outcome <> 'active';
CREATE INDEX process_runs_in_trouble ON process_runs (schedule, created_at)
    WHERE outcome IN ('attention', 'failed', 'lost') AND origin <> 'external';
CREATE INDEX process_runs_open ON process_runs (base_url, process_id) WHERE is_open = 1;
CREATE INDEX process_runs_over_time ON process_runs (run_within_at)
    WHERE run_within_at IS NOT NULL AND is_open = 1;
CREATE INDEX process_runs_succeeded ON process_runs (schedule, created_at)
    WHERE outcome = 'succeeded';
CREATE INDEX process_runs_to_poll ON process_runs (connection, changed_hint, next_poll_at)
    WHERE next_poll_at IS NOT NULL;
CREATE INDEX process_runs_with_tree ON process_runs (changed_at)
    WHERE tree IS NOT NULL AND outcome = 'succeeded' AND next_poll_at IS NULL;

CREATE TRIGGER events_run_trouble AFTER UPDATE OF outcome, status, origin ON process_runs
WHEN (NEW.outcome = 'failed' OR NEW.outcome = 'attention' OR NEW.outcome = 'lost')
    AND NEW.origin <> 'external'
    AND (OLD.outcome <> NEW.outcome OR OLD.status <> NEW.status OR OLD.origin = 'external')
    AND NOT EXISTS (SELECT 1 FROM events WHERE run_key = NEW.run_key AND is_open = 1
        AND kind = CASE
            WHEN NEW.outcome = 'failed' THEN 'run_failed'
            WHEN NEW.outcome = 'lost' THEN 'run_lost'
            WHEN NEW.status IN ('error', 'errorHold') THEN 'run_in_error'
            WHEN NEW.status <> 'complete' AND NEW.run_within_at <= NEW.changed_at
                THEN 'run_over_time'
            ELSE 'run_warned' END)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key, is_open)
    VALUES (CASE
            WHEN NEW.outcome = 'failed' THEN 'run_failed'
            WHEN NEW.outcome = 'lost' THEN 'run_lost'
            WHEN NEW.status IN ('error', 'errorHold') THEN 'run_in_error'
            WHEN NEW.status <> 'complete' AND NEW.run_within_at <= NEW.changed_at
                THEN 'run_over_time'
            ELSE 'run_warned' END,
        coalesce(NEW.schedule || ' ', '') || NEW.run_id,
        coalesce(NEW.outcome_reason, 'status ' || NEW.status), NEW.schedule, NEW.connection,
        NEW.slot_id, NEW.run_key, 1);
END;

CREATE TRIGGER events_run_healed AFTER UPDATE OF outcome ON process_runs
WHEN OLD.outcome <> NEW.outcome
    AND (NEW.outcome = 'active' OR NEW.outcome = 'succeeded' OR NEW.outcome = 'cancelled')
    AND NEW.origin <> 'external'
    AND EXISTS (SELECT 1 FROM events WHERE run_key = NEW.run_key AND is_open = 1)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('recovered', coalesce(NEW.schedule || ' ', '') || NEW.run_id,
        'the run is ' || CASE NEW.outcome WHEN 'active' THEN 'going on' ELSE NEW.outcome END,
        NEW.schedule, NEW.connection, NEW.slot_id, NEW.run_key);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE run_key = NEW.run_key AND is_open = 1;
END;

CREATE TRIGGER events_run_succeeded AFTER UPDATE OF outcome ON process_runs
WHEN NEW.outcome = 'succeeded' AND OLD.outcome <> 'succeeded' AND NEW.schedule IS NOT NULL
    AND EXISTS (SELECT 1 FROM events AS e JOIN process_runs AS r ON r.run_key = e.run_key
        WHERE e.schedule = NEW.schedule AND e.is_open = 1 AND e.run_key <> NEW.run_key
            AND r.created_at < NEW.created_at)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('recovered', NEW.schedule || ' ' || NEW.run_id, 'a later run has succeeded',
        NEW.schedule, NEW.connection, NEW.slot_id, NEW.run_key);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE schedule = NEW.schedule AND is_open = 1 AND run_key IN (SELECT r.run_key
        FROM process_runs AS r WHERE r.schedule = NEW.schedule
            AND r.created_at < NEW.created_at AND r.run_key = events.run_key);
END;

CREATE TRIGGER events_run_removed AFTER DELETE ON process_runs
BEGIN
    UPDATE events SET is_open = 0 WHERE run_key = OLD.run_key AND is_open = 1;
END;

CREATE TRIGGER events_run_fast AFTER UPDATE OF outcome ON process_runs
WHEN NEW.outcome = 'succeeded' AND OLD.outcome <> 'succeeded'
    AND NEW.completed_at - NEW.created_at < NEW.at_least_ms
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('run_fast', coalesce(NEW.schedule || ' ', '') || NEW.run_id,
        'it succeeded after ' || ((NEW.completed_at - NEW.created_at) / 1000)
            || ' s, and takes at least ' || (NEW.at_least_ms / 1000)
            || ' s when it does what it should', NEW.schedule, NEW.connection, NEW.slot_id,
        NEW.run_key);
END;

CREATE TRIGGER events_beat_succeeded AFTER UPDATE OF outcome ON process_runs
WHEN NEW.outcome = 'succeeded' AND OLD.outcome <> 'succeeded'
    AND EXISTS (SELECT 1 FROM heartbeats WHERE schedule = NEW.schedule)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('run_succeeded', NEW.schedule || ' ' || NEW.run_id, 'the run has succeeded',
        NEW.schedule, NEW.connection, NEW.slot_id, NEW.run_key);
END;

CREATE TRIGGER events_finished_late AFTER UPDATE OF status ON process_runs
WHEN NEW.status IN ('complete', 'cancelled') AND OLD.status NOT IN ('complete', 'cancelled')
    AND EXISTS (SELECT 1 FROM events WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('finish_by_missed', 'late_forecast'))
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('recovered', coalesce(NEW.schedule || ' ', '') || NEW.run_id,
        'the run is ' || NEW.status
            || CASE WHEN EXISTS (SELECT 1 FROM events WHERE slot_id = NEW.slot_id AND is_open = 1
                AND kind = 'finish_by_missed') THEN ' at last' ELSE '' END, NEW.schedule, NEW.connection, NEW.slot_id,
        NEW.run_key);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('finish_by_missed', 'late_forecast');
END;

-- Which of two hosts lived a life; empty where there is one.
ALTER TABLE lives ADD COLUMN node TEXT NOT NULL DEFAULT '';

-- Where this file stands in the log of turns that two hosts share: of this file alone, and never in
-- the log. No row: the file is no member.
CREATE TABLE cluster_local (
    singleton     INTEGER PRIMARY KEY CHECK (singleton = 1),
    epoch         TEXT NOT NULL,
    -- Names this copy, and by home which file it is the name of; empty: a copy that has no name yet.
    install       TEXT NOT NULL,
    home          TEXT NOT NULL DEFAULT '',
    term          INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    -- SHA-256 over the chain before and the last turn, in hexadecimal digits.
    chain         TEXT NOT NULL
) STRICT;
