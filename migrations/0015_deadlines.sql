-- Deadlines of slots: to run by then, and to have finished by then. Each is judged once, when its
-- instant has come.
ALTER TABLE slots ADD COLUMN start_by_at INTEGER;
ALTER TABLE slots ADD COLUMN start_by_verdict TEXT
    CHECK (start_by_verdict IN ('met', 'missed', 'void'));
ALTER TABLE slots ADD COLUMN finish_by_at INTEGER;
ALTER TABLE slots ADD COLUMN finish_by_verdict TEXT
    CHECK (finish_by_verdict IN ('met', 'missed', 'void'));
CREATE INDEX slots_by_start_deadline ON slots (start_by_at)
    WHERE start_by_at IS NOT NULL AND start_by_verdict IS NULL;
CREATE INDEX slots_by_finish_deadline ON slots (finish_by_at)
    WHERE finish_by_at IS NOT NULL AND finish_by_verdict IS NULL;
CREATE INDEX events_open_deadlines ON events (kind, event_id)
    WHERE is_open = 1 AND kind IN ('start_by_missed', 'finish_by_missed');
-- A run that succeeds sooner looks wrong.
ALTER TABLE process_runs ADD COLUMN at_least_ms INTEGER;

CREATE TRIGGER events_start_by_missed AFTER UPDATE OF start_by_verdict ON slots
WHEN NEW.start_by_verdict = 'missed' AND OLD.start_by_verdict IS NULL
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
    VALUES ('start_by_missed', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', 'it had to run by '
            || strftime('%Y-%m-%dT%H:%M:%SZ', NEW.start_by_at / 1000, 'unixepoch') || ': '
            || NEW.disposition || ', ' || NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id,
        NEW.ended_at IS NULL);
END;

CREATE TRIGGER events_finish_by_missed AFTER UPDATE OF finish_by_verdict ON slots
WHEN NEW.finish_by_verdict = 'missed' AND OLD.finish_by_verdict IS NULL
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
    SELECT 'finish_by_missed', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', 'it had to be finished by '
            || strftime('%Y-%m-%dT%H:%M:%SZ', NEW.finish_by_at / 1000, 'unixepoch') || ': '
            || coalesce((SELECT 'run ' || r.run_id || ' is ' || r.status FROM process_runs AS r
                WHERE r.run_key = NEW.run_key), NEW.disposition || ', ' || NEW.reason),
        NEW.schedule, NEW.connection, NEW.slot_id,
        NEW.ended_at IS NULL OR coalesce((SELECT r.is_open FROM process_runs AS r
            WHERE r.run_key = NEW.run_key), 0);
END;

CREATE TRIGGER events_finished_late AFTER UPDATE OF status ON process_runs
WHEN NEW.status IN ('complete', 'cancelled') AND OLD.status NOT IN ('complete', 'cancelled')
    AND EXISTS (SELECT 1 FROM events WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind = 'finish_by_missed')
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('recovered', coalesce(NEW.schedule || ' ', '') || NEW.run_id,
        'the run is ' || NEW.status || ' at last', NEW.schedule, NEW.connection, NEW.slot_id,
        NEW.run_key);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE slot_id = NEW.slot_id AND is_open = 1 AND kind = 'finish_by_missed';
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

-- As before, with the deadlines.
DROP TRIGGER events_slot_ended;
CREATE TRIGGER events_slot_ended AFTER UPDATE OF disposition ON slots
WHEN NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL
    AND NEW.disposition IN ('skipped', 'coalesced', 'cancelled', 'failed', 'expired', 'missed')
    AND EXISTS (SELECT 1 FROM events WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('slot_waiting', 'start_by_missed', 'finish_by_missed'))
BEGIN
    -- What follows is told by an event of its own, or is no trouble.
    UPDATE events SET is_open = 0
    WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('slot_waiting', 'start_by_missed', 'finish_by_missed');
END;

DROP TRIGGER events_slot_started;
CREATE TRIGGER events_slot_started AFTER UPDATE OF disposition ON slots
WHEN NEW.disposition = 'started' AND OLD.disposition <> 'started'
    AND EXISTS (SELECT 1 FROM events WHERE schedule = NEW.schedule AND is_open = 1
        AND kind IN ('slot_failed', 'slot_expired', 'slot_missed', 'slot_waiting',
            'start_by_missed'))
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    VALUES ('recovered', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE schedule = NEW.schedule AND is_open = 1
        AND kind IN ('slot_failed', 'slot_expired', 'slot_missed', 'slot_waiting',
            'start_by_missed');
END;

DROP VIEW history;
CREATE VIEW history AS
SELECT
    s.slot_id,
    s.schedule,
    strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z' AS slot_at,
    strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch')
        || CASE WHEN s.utc_offset_seconds < 0 THEN '-' ELSE '+' END
        || printf('%02d:%02d', abs(s.utc_offset_seconds) / 3600, abs(s.utc_offset_seconds) / 60 % 60) AS slot_local,
    s.disposition,
    s.reason,
    s.attempts,
    r.run_id,
    r.status AS run_status,
    r.outcome,
    r.counts,
    strftime('%Y-%m-%dT%H:%M:%S', r.created_at / 1000, 'unixepoch')
        || CASE WHEN r.created_at % 1000 THEN printf('.%03d', r.created_at % 1000) ELSE '' END || 'Z' AS started_at,
    strftime('%Y-%m-%dT%H:%M:%S', r.completed_at / 1000, 'unixepoch')
        || CASE WHEN r.completed_at % 1000 THEN printf('.%03d', r.completed_at % 1000) ELSE '' END || 'Z' AS completed_at,
    (r.completed_at - r.created_at) / 1000 AS seconds,
    (SELECT e.message FROM errors AS e WHERE e.error_id = s.last_error_id) AS last_error,
    s.kind,
    strftime('%Y-%m-%dT%H:%M:%S', s.due_at / 1000, 'unixepoch')
        || CASE WHEN s.due_at % 1000 THEN printf('.%03d', s.due_at % 1000) ELSE '' END || 'Z' AS due_at,
    s.start_lag_ms / 1000.0 AS start_lag_seconds,
    s.connection,
    s.process_id,
    s.requested_by,
    strftime('%Y-%m-%dT%H:%M:%S', s.start_by_at / 1000, 'unixepoch')
        || CASE WHEN s.start_by_at % 1000 THEN printf('.%03d', s.start_by_at % 1000) ELSE '' END || 'Z' AS start_by_at,
    s.start_by_verdict AS start_by,
    strftime('%Y-%m-%dT%H:%M:%S', s.finish_by_at / 1000, 'unixepoch')
        || CASE WHEN s.finish_by_at % 1000 THEN printf('.%03d', s.finish_by_at % 1000) ELSE '' END || 'Z' AS finish_by_at,
    s.finish_by_verdict AS finish_by
FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key;

DROP VIEW attention;
CREATE VIEW attention AS
WITH RECURSIVE failing (schedule) AS (
    -- One step of the index for each name, however many slots have failed.
    SELECT min(schedule) FROM slots WHERE disposition = 'failed'
    UNION ALL
    SELECT (SELECT min(s.schedule) FROM slots AS s
        WHERE s.disposition = 'failed' AND s.schedule > f.schedule)
    FROM failing AS f WHERE f.schedule IS NOT NULL
), troubling (schedule) AS (
    SELECT min(schedule) FROM process_runs
    WHERE outcome IN ('attention', 'failed', 'lost') AND origin <> 'external'
    UNION ALL
    SELECT (SELECT min(r.schedule) FROM process_runs AS r
        WHERE r.outcome IN ('attention', 'failed', 'lost') AND r.origin <> 'external'
            AND r.schedule > t.schedule)
    FROM troubling AS t WHERE t.schedule IS NOT NULL
)
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', a.since_at / 1000, 'unixepoch')
        || CASE WHEN a.since_at % 1000 THEN printf('.%03d', a.since_at % 1000) ELSE '' END || 'Z' AS since_at,
    a.kind,
    a.subject,
    a.what_to_do
FROM alarms AS a
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', coalesce(tried.ended_at, s.due_at) / 1000, 'unixepoch')
        || CASE WHEN coalesce(tried.ended_at, s.due_at) % 1000 THEN printf('.%03d', coalesce(tried.ended_at, s.due_at) % 1000) ELSE '' END || 'Z',
    'held',
    s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
    s.reason || '; look in Workiva, then: carillon resolve ' || s.slot_id
        || ' --run RUN | --start | --drop'
FROM slots AS s
LEFT JOIN attempts AS tried ON tried.slot_id = s.slot_id AND tried.number = s.attempts
WHERE s.disposition = 'held' AND s.ended_at IS NULL
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', s.ended_at / 1000, 'unixepoch')
        || CASE WHEN s.ended_at % 1000 THEN printf('.%03d', s.ended_at % 1000) ELSE '' END || 'Z',
    'failed',
    s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
    s.reason || '; mend it, then: carillon trigger ' || s.schedule
-- From each schedule's last start on: one that started later shows that the cause is gone.
FROM failing AS c CROSS JOIN slots AS s ON s.schedule = c.schedule
WHERE s.disposition = 'failed'
    AND s.ended_at >= coalesce((SELECT max(later.ended_at) FROM slots AS later
        WHERE later.schedule = c.schedule AND later.disposition = 'started'), 0)
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', r.changed_at / 1000, 'unixepoch')
        || CASE WHEN r.changed_at % 1000 THEN printf('.%03d', r.changed_at % 1000) ELSE '' END || 'Z',
    'run ' || CASE WHEN r.outcome = 'attention' THEN 'in trouble' ELSE r.outcome END,
    coalesce(r.schedule || ' ', '') || r.run_id,
    coalesce(r.outcome_reason, 'status ' || r.status) || '; see: carillon show ' || r.run_id
FROM (
    SELECT x.run_key FROM troubling AS c CROSS JOIN process_runs AS x ON x.schedule = c.schedule
    WHERE x.outcome IN ('attention', 'failed', 'lost') AND x.origin <> 'external'
        AND x.created_at >= coalesce((SELECT max(later.created_at) FROM process_runs AS later
            WHERE later.schedule = c.schedule AND later.outcome = 'succeeded'), 0)
    UNION ALL
    SELECT x.run_key FROM troubling AS c CROSS JOIN process_runs AS x ON x.schedule = c.schedule
    WHERE x.outcome IN ('attention', 'failed', 'lost') AND x.origin <> 'external'
        AND x.created_at IS NULL
    UNION ALL
    SELECT x.run_key FROM process_runs AS x
    WHERE x.outcome IN ('attention', 'failed', 'lost') AND x.origin <> 'external'
        AND x.schedule IS NULL
) AS troubled CROSS JOIN process_runs AS r ON r.run_key = troubled.run_key
WHERE r.is_open = 1 OR r.outcome <> 'attention'
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', s.overdue_since_at / 1000, 'unixepoch')
        || CASE WHEN s.overdue_since_at % 1000 THEN printf('.%03d', s.overdue_since_at % 1000) ELSE '' END || 'Z',
    'waiting',
    s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
    'it has not started within its start_within: ' || s.reason
FROM slots AS s
WHERE s.overdue_since_at IS NOT NULL AND s.ended_at IS NULL AND s.disposition <> 'held'
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', e.at / 1000, 'unixepoch')
        || CASE WHEN e.at % 1000 THEN printf('.%03d', e.at % 1000) ELSE '' END || 'Z',
    'late', e.subject, e.words
FROM events AS e
WHERE e.is_open = 1 AND e.kind IN ('start_by_missed', 'finish_by_missed')
ORDER BY 1;
