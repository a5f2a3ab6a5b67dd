-- What happened that somebody may want to be told of, each once. Triggers write it, so that it is in
-- the transaction of the change itself, whichever part of the engine made it; an event without an
-- instant is of the turn that is going on, which gives it one before its COMMIT.

CREATE TABLE events (
    event_id      INTEGER PRIMARY KEY,
    -- NULL until its turn ends: a trigger knows no clock.
    at            INTEGER,
    -- `slot_…`, `run_…`, `recovered`, `catchup_done`, or the word of an alarm.
    kind          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    words         TEXT NOT NULL,
    schedule      TEXT,
    connection    TEXT,
    slot_id       INTEGER,
    run_key       INTEGER,
    -- The trouble that it tells of lasts; its end is an event of its own, which is named here then.
    is_open       INTEGER NOT NULL DEFAULT 0 CHECK (is_open IN (0, 1)),
    ended_by_id   INTEGER
) STRICT;
CREATE INDEX events_of_turn ON events (event_id) WHERE at IS NULL;
CREATE INDEX events_by_time ON events (at);
CREATE INDEX events_open_of_slot ON events (slot_id) WHERE is_open = 1;
CREATE INDEX events_open_of_run ON events (run_key) WHERE is_open = 1;
CREATE INDEX events_open_of_schedule ON events (schedule) WHERE is_open = 1;
CREATE INDEX events_open_of_subject ON events (subject, kind) WHERE is_open = 1;

-- Slots.
CREATE TRIGGER events_slot_born AFTER INSERT ON slots
WHEN NEW.disposition IN ('missed', 'expired')
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
    VALUES ('slot_' || NEW.disposition, NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id, 1);
END;

CREATE TRIGGER events_slot_trouble AFTER UPDATE OF disposition ON slots
WHEN NEW.disposition IN ('failed', 'expired', 'missed', 'held')
    AND OLD.disposition <> NEW.disposition
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
    VALUES ('slot_' || NEW.disposition, NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id, 1);
END;

CREATE TRIGGER events_slot_waiting AFTER UPDATE OF overdue_since_at ON slots
WHEN NEW.overdue_since_at IS NOT NULL AND OLD.overdue_since_at IS NULL
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
    VALUES ('slot_waiting', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', 'it has not started within its start_within: ' || NEW.reason,
        NEW.schedule, NEW.connection, NEW.slot_id, 1);
END;

CREATE TRIGGER events_slot_resolved AFTER UPDATE OF disposition ON slots
WHEN OLD.disposition = 'held' AND NEW.disposition <> 'held'
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    VALUES ('slot_resolved', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', 'now ' || NEW.disposition || ': ' || NEW.reason, NEW.schedule, NEW.connection,
        NEW.slot_id);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE slot_id = NEW.slot_id AND is_open = 1 AND kind = 'slot_held';
END;

-- A slot that waited too long and goes another way than into trouble waits no more.
CREATE TRIGGER events_slot_ended AFTER UPDATE OF disposition ON slots
WHEN NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL
    AND NEW.disposition IN ('skipped', 'coalesced', 'cancelled', 'failed', 'expired', 'missed')
    AND EXISTS (SELECT 1 FROM events
        WHERE slot_id = NEW.slot_id AND is_open = 1 AND kind = 'slot_waiting')
BEGIN
    -- What follows is told by an event of its own, or is no trouble.
    UPDATE events SET is_open = 0
    WHERE slot_id = NEW.slot_id AND is_open = 1 AND kind = 'slot_waiting';
END;

-- A slot that started shows that what stood in the way of its schedule is gone.
CREATE TRIGGER events_slot_started AFTER UPDATE OF disposition ON slots
WHEN NEW.disposition = 'started' AND OLD.disposition <> 'started'
    AND EXISTS (SELECT 1 FROM events WHERE schedule = NEW.schedule AND is_open = 1
        AND kind IN ('slot_failed', 'slot_expired', 'slot_missed', 'slot_waiting'))
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    VALUES ('recovered', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE schedule = NEW.schedule AND is_open = 1
        AND kind IN ('slot_failed', 'slot_expired', 'slot_missed', 'slot_waiting');
END;

-- The last late start of an outage went out: no slot waits that was due a minute before it started.
CREATE TRIGGER events_catchup_done AFTER UPDATE OF disposition ON slots
WHEN NEW.is_late = 1 AND NEW.disposition = 'started' AND OLD.disposition <> 'started'
    AND NOT EXISTS (SELECT 1 FROM slots WHERE ended_at IS NULL AND disposition <> 'held'
        AND kind = 'rule' AND due_at < NEW.due_at + coalesce(NEW.start_lag_ms, 0) - 60000)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    VALUES ('catchup_done', 'catch-up', 'what was late has been caught up; the last one was '
            || NEW.schedule, NEW.schedule, NEW.connection, NEW.slot_id);
END;

-- Runs; those of others are not ours to tell of. A run that takes too long and then breaks, and one
-- that was broken already when its slot adopted it, are each told; what stands already is not told again.
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

-- As in `attention`: a later run of the schedule that succeeded ends the trouble of those before.
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

-- Alarms, by their word.
CREATE TRIGGER events_alarm_raised AFTER INSERT ON alarms
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, is_open)
    VALUES (replace(NEW.kind, ' ', '_'), NEW.subject, NEW.what_to_do,
        (SELECT schedule FROM schedule_states WHERE schedule = CASE instr(NEW.subject, '@')
            WHEN 0 THEN NEW.subject ELSE substr(NEW.subject, 1, instr(NEW.subject, '@') - 1) END),
        (SELECT connection FROM connections WHERE connection = NEW.subject), 1);
END;

CREATE TRIGGER events_alarm_cleared AFTER DELETE ON alarms
WHEN EXISTS (SELECT 1 FROM events WHERE subject = OLD.subject
    AND kind = replace(OLD.kind, ' ', '_') AND is_open = 1)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection)
    SELECT 'recovered', OLD.subject, OLD.kind || ' is over', e.schedule, e.connection
    FROM events AS e WHERE e.subject = OLD.subject AND e.kind = replace(OLD.kind, ' ', '_')
        AND e.is_open = 1 ORDER BY e.event_id DESC LIMIT 1;
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE subject = OLD.subject AND kind = replace(OLD.kind, ' ', '_') AND is_open = 1;
END;

-- Old history that is removed takes its troubles along.
CREATE TRIGGER events_slot_removed AFTER DELETE ON slots
BEGIN
    UPDATE events SET is_open = 0 WHERE slot_id = OLD.slot_id AND is_open = 1;
END;
CREATE TRIGGER events_run_removed AFTER DELETE ON process_runs
BEGIN
    UPDATE events SET is_open = 0 WHERE run_key = OLD.run_key AND is_open = 1;
END;

-- What stands already when this ledger learns of events is told with the first turn.
INSERT INTO events (kind, subject, words, schedule, connection, is_open)
SELECT replace(a.kind, ' ', '_'), a.subject, a.what_to_do,
    (SELECT schedule FROM schedule_states WHERE schedule = CASE instr(a.subject, '@')
        WHEN 0 THEN a.subject ELSE substr(a.subject, 1, instr(a.subject, '@') - 1) END),
    (SELECT connection FROM connections WHERE connection = a.subject), 1
FROM alarms AS a;
INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
SELECT 'slot_held', s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
    s.reason, s.schedule, s.connection, s.slot_id, 1
FROM slots AS s WHERE s.ended_at IS NULL AND s.disposition = 'held';

-- The events replace it; nothing ever read it.
DROP TABLE notifications;

CREATE VIEW event_log AS
SELECT
    e.event_id,
    strftime('%Y-%m-%dT%H:%M:%S', e.at / 1000, 'unixepoch')
        || CASE WHEN e.at % 1000 THEN printf('.%03d', e.at % 1000) ELSE '' END || 'Z' AS happened_at,
    e.kind,
    e.subject,
    e.words,
    e.schedule,
    e.connection,
    e.slot_id,
    r.run_id,
    e.is_open,
    strftime('%Y-%m-%dT%H:%M:%S', x.at / 1000, 'unixepoch')
        || CASE WHEN x.at % 1000 THEN printf('.%03d', x.at % 1000) ELSE '' END || 'Z' AS ended_at
FROM events AS e
LEFT JOIN process_runs AS r ON r.run_key = e.run_key
LEFT JOIN events AS x ON x.event_id = e.ended_by_id;
