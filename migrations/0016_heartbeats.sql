-- Schedules whose starts and ends are told to a dead-man service, as the config in force names them.
CREATE TABLE heartbeats (
    schedule      TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER events_beat_started AFTER UPDATE OF disposition ON slots
WHEN NEW.disposition = 'started' AND OLD.disposition <> 'started'
    AND EXISTS (SELECT 1 FROM heartbeats WHERE schedule = NEW.schedule)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id)
    VALUES ('run_started', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.reason, NEW.schedule, NEW.connection, NEW.slot_id);
END;

CREATE TRIGGER events_beat_succeeded AFTER UPDATE OF outcome ON process_runs
WHEN NEW.outcome = 'succeeded' AND OLD.outcome <> 'succeeded'
    AND EXISTS (SELECT 1 FROM heartbeats WHERE schedule = NEW.schedule)
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('run_succeeded', NEW.schedule || ' ' || NEW.run_id, 'the run has succeeded',
        NEW.schedule, NEW.connection, NEW.slot_id, NEW.run_key);
END;
