-- A slot that makes up for one that came to nothing: of the same instant, asked for by a person.
ALTER TABLE slots ADD COLUMN makes_up_slot_id INTEGER;
-- Once: a second one only where the first has come to nothing too.
CREATE UNIQUE INDEX slots_made_up ON slots (makes_up_slot_id)
    WHERE makes_up_slot_id IS NOT NULL
    AND (ended_at IS NULL OR disposition = 'started');
CREATE INDEX slots_making_up ON slots (makes_up_slot_id) WHERE makes_up_slot_id IS NOT NULL;

-- Somebody makes up for a range: whoever follows the schedule hears of it.
CREATE TRIGGER events_backfill AFTER INSERT ON audit WHEN NEW.action = 'backfill'
BEGIN
    INSERT INTO events (kind, subject, words, schedule)
    VALUES ('backfill', NEW.subject, NEW.detail || ', asked for by ' || NEW.actor
        || CASE NEW.reason WHEN '' THEN '' ELSE ': ' || NEW.reason END, NEW.subject);
END;
