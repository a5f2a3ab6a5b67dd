-- A slot that makes up for one that came to nothing: of the same instant, asked for by a person.
ALTER TABLE slots ADD COLUMN makes_up_slot_id INTEGER;
-- Once: a second one only where the first has come to nothing too.
CREATE UNIQUE INDEX slots_made_up ON slots (makes_up_slot_id)
    WHERE makes_up_slot_id IS NOT NULL
    AND (ended_at IS NULL OR disposition = 'started');
CREATE INDEX slots_making_up ON slots (makes_up_slot_id) WHERE makes_up_slot_id IS NOT NULL;
-- What made up for nothing, of which `attention` tells.
CREATE INDEX slots_not_made_up ON slots (schedule)
    WHERE makes_up_slot_id IS NOT NULL AND disposition IN ('missed', 'expired', 'failed');

-- Somebody makes up for a range: whoever follows the schedule hears of it.
CREATE TRIGGER events_backfill AFTER INSERT ON audit WHEN NEW.action = 'backfill'
BEGIN
    INSERT INTO events (kind, subject, words, schedule)
    VALUES ('backfill', NEW.subject, NEW.detail || ', asked for by ' || NEW.actor
        || CASE NEW.reason WHEN '' THEN '' ELSE ': ' || NEW.reason END, NEW.subject);
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
    s.finish_by_verdict AS finish_by,
    strftime('%Y-%m-%dT%H:%M:%S', s.expected_end_at / 1000, 'unixepoch')
        || CASE WHEN s.expected_end_at % 1000 THEN printf('.%03d', s.expected_end_at % 1000) ELSE '' END || 'Z' AS expected_end_at,
    s.forecast,
    s.rule,
    s.window,
    s.done_by_run_id,
    s.makes_up_slot_id
FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key;
