-- The alarm of a day that comes is told again at each of its stages, and never in between.
CREATE TRIGGER events_day_nearer AFTER UPDATE OF what_to_do ON alarms
WHEN NEW.kind IN ('grant expires', 'version ends') AND NEW.what_to_do <> OLD.what_to_do
BEGIN
    UPDATE events SET is_open = 0
    WHERE subject = NEW.subject AND kind = replace(NEW.kind, ' ', '_') AND is_open = 1;
    INSERT INTO events (kind, subject, words, connection, is_open)
    VALUES (replace(NEW.kind, ' ', '_'), NEW.subject, NEW.what_to_do,
        (SELECT connection FROM connections WHERE connection = NEW.subject), 1);
END;
