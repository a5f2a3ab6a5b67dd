-- Messages that are to be delivered, written in the turn that made what they tell of. A message is
-- open for more events until its first attempt; from then on its content stays, whatever happens, so
-- that a receiver may drop one whose id it has seen.

CREATE TABLE deliveries (
    delivery_id   INTEGER PRIMARY KEY,
    target        TEXT NOT NULL,
    -- The schedule whose dead-man service it is for; NULL: it is for people.
    heartbeat_of  TEXT,
    state         TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'delivered', 'given up', 'withdrawn')),
    created_at    INTEGER NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    first_attempt_at INTEGER,
    -- The attempt that is out, and has no answer yet.
    began_at      INTEGER,
    next_attempt_at INTEGER,
    last_error    TEXT,
    ended_at      INTEGER,
    -- Never stuck: what waits has a deadline, what has ended has an end.
    CHECK ((state = 'waiting') = (next_attempt_at IS NOT NULL)),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
) STRICT;
CREATE INDEX deliveries_by_attempt ON deliveries (next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_by_target ON deliveries (target, first_attempt_at);
CREATE INDEX deliveries_waiting ON deliveries (target, delivery_id)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE delivery_events (
    delivery_id   INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    -- The event's; so that the kinds of a message are counted in the order of the key.
    kind          TEXT NOT NULL,
    event_id      INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, kind, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_events_by_event ON delivery_events (event_id);
CREATE INDEX events_ended_by ON events (ended_by_id) WHERE ended_by_id IS NOT NULL;

CREATE VIEW delivery_log AS
SELECT
    -- The id that the receiver sees.
    d.created_at || '-' || d.delivery_id AS id,
    d.target,
    d.state,
    strftime('%Y-%m-%dT%H:%M:%S', d.created_at / 1000, 'unixepoch')
        || CASE WHEN d.created_at % 1000 THEN printf('.%03d', d.created_at % 1000) ELSE '' END || 'Z' AS created_at,
    d.attempts,
    (SELECT count(*) FROM delivery_events AS x WHERE x.delivery_id = d.delivery_id) AS events,
    (SELECT group_concat(k.kind || ' ' || k.count, ', ') FROM (SELECT x.kind, count(*) AS count
        FROM delivery_events AS x WHERE x.delivery_id = d.delivery_id GROUP BY x.kind) AS k) AS kinds,
    strftime('%Y-%m-%dT%H:%M:%S', d.next_attempt_at / 1000, 'unixepoch')
        || CASE WHEN d.next_attempt_at % 1000 THEN printf('.%03d', d.next_attempt_at % 1000) ELSE '' END || 'Z' AS next_attempt_at,
    strftime('%Y-%m-%dT%H:%M:%S', d.ended_at / 1000, 'unixepoch')
        || CASE WHEN d.ended_at % 1000 THEN printf('.%03d', d.ended_at % 1000) ELSE '' END || 'Z' AS ended_at,
    d.last_error,
    d.delivery_id
FROM deliveries AS d;
