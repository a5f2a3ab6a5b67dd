-- What a start writes beside its rows: upkeep of indexes that nearly no row needs, and a trigger more
-- for each kind of event, which costs a microsecond even where it has nothing to say.

-- The UNIQUE of the column has the same.
DROP INDEX slots_by_run;

-- What is active has an index of its own, so a run comes into these once, when it ends badly.
DROP INDEX process_runs_not_succeeded;
CREATE INDEX process_runs_ended_badly ON process_runs (outcome, coalesce(created_at, first_seen_at))
    WHERE outcome <> 'succeeded' AND outcome <> 'active';

-- The slots of a schedule that came to nothing, by what became of them.
CREATE INDEX slots_not_started ON slots (schedule, disposition, slot_at)
    WHERE ended_at IS NOT NULL AND disposition <> 'started';

-- Until when pauses cover anything: past it nobody looks for one.
CREATE INDEX pause_periods_by_end ON pause_periods (CASE kind
    WHEN 'skip' THEN coalesce(lifted_at, from_at)
    ELSE coalesce(lifted_at, until_at, 9223372036854775807) END);

-- The triggers of before in one, in the order in which they went.
DROP TRIGGER events_beat_started;
DROP TRIGGER events_slot_started;
DROP TRIGGER events_slot_ended;
DROP TRIGGER events_catchup_done;
DROP TRIGGER events_slot_resolved;
DROP TRIGGER events_slot_trouble;
CREATE TRIGGER events_slot_moved AFTER UPDATE OF disposition ON slots
WHEN OLD.disposition <> NEW.disposition AND (
    -- No list of three and more words here: SQLite makes a table of it for each statement.
    NEW.ended_at IS NOT NULL AND NEW.disposition <> 'started'
    OR NEW.disposition = 'held' OR OLD.disposition = 'held'
    OR NEW.disposition = 'started' AND (NEW.is_late = 1
        OR EXISTS (SELECT 1 FROM events WHERE schedule = NEW.schedule AND is_open = 1)
        OR EXISTS (SELECT 1 FROM heartbeats WHERE schedule = NEW.schedule)))
BEGIN
    -- Whoever watches the schedule from outside hears of its start.
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    SELECT 'run_started', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id
    WHERE NEW.disposition = 'started'
        AND EXISTS (SELECT 1 FROM heartbeats WHERE schedule = NEW.schedule);

    -- A slot that started shows that what stood in the way of its schedule is gone.
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    SELECT 'recovered', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id
    WHERE NEW.disposition = 'started'
        AND EXISTS (SELECT 1 FROM events WHERE schedule = NEW.schedule AND is_open = 1
            AND kind IN ('slot_failed', 'slot_expired', 'slot_missed', 'slot_waiting',
                'start_by_missed'));
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE NEW.disposition = 'started' AND schedule = NEW.schedule AND is_open = 1
        AND kind IN ('slot_failed', 'slot_expired', 'slot_missed', 'slot_waiting',
            'start_by_missed');

    -- A slot that waited too long and goes another way waits no more; what follows is told by an
    -- event of its own, or is no trouble.
    UPDATE events SET is_open = 0
    WHERE NEW.ended_at IS NOT NULL AND NEW.disposition <> 'started'
        AND slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('slot_waiting', 'start_by_missed', 'finish_by_missed', 'late_forecast');

    -- The last late start of an outage went out: no slot waits that was due a minute before it
    -- started.
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    SELECT 'catchup_done', 'catch-up', 'what was late has been caught up; the last one was '
            || NEW.schedule, NEW.schedule, NEW.connection, NEW.slot_id
    WHERE NEW.is_late = 1 AND NEW.disposition = 'started'
        AND NOT EXISTS (SELECT 1 FROM slots WHERE ended_at IS NULL AND disposition <> 'held'
            AND kind = 'rule' AND due_at < NEW.due_at + coalesce(NEW.start_lag_ms, 0) - 60000);

    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    SELECT 'slot_resolved', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', 'now ' || NEW.disposition || ': ' || NEW.reason, NEW.schedule, NEW.connection,
        NEW.slot_id
    WHERE OLD.disposition = 'held';
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE OLD.disposition = 'held' AND slot_id = NEW.slot_id AND is_open = 1
        AND kind = 'slot_held';

    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
    SELECT 'slot_' || NEW.disposition, NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id, 1
    WHERE NEW.disposition IN ('failed', 'expired', 'missed', 'held');
END;
