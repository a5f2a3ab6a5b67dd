-- What people, pages and scrapers ask costs the same however long the history is (docs/reliability.md#growth).

-- The newest first. The written times are what the views show, and what people sort and select by.
CREATE INDEX slots_by_time ON slots (slot_at);
CREATE INDEX slots_by_written_time ON slots (
    strftime('%Y-%m-%dT%H:%M:%S', slot_at / 1000, 'unixepoch')
        || CASE WHEN slot_at % 1000 THEN printf('.%03d', slot_at % 1000) ELSE '' END || 'Z');
CREATE INDEX process_runs_by_time ON process_runs (coalesce(created_at, first_seen_at));
CREATE INDEX errors_by_written_time ON errors (
    strftime('%Y-%m-%dT%H:%M:%S', occurred_at / 1000, 'unixepoch')
        || CASE WHEN occurred_at % 1000 THEN printf('.%03d', occurred_at % 1000) ELSE '' END || 'Z');

-- Those of one schedule, disposition or id. What has not ended has indexes of its own, so a slot is
-- put into the second one once, when it ends.
DROP INDEX process_runs_by_schedule;
CREATE INDEX process_runs_by_schedule
    ON process_runs (schedule, coalesce(created_at, first_seen_at)) WHERE schedule IS NOT NULL;
CREATE INDEX slots_ended ON slots (disposition, slot_at) WHERE ended_at IS NOT NULL;
CREATE INDEX process_runs_by_id ON process_runs (run_id);
CREATE INDEX errors_by_schedule ON errors (schedule, occurred_at) WHERE schedule IS NOT NULL;
CREATE INDEX errors_by_connection ON errors (connection, occurred_at) WHERE connection IS NOT NULL;

CREATE INDEX audit_renames ON audit (subject) WHERE action = 'rename';

-- What needs a person or is under way.
CREATE INDEX slots_failed ON slots (schedule, ended_at) WHERE disposition = 'failed';
-- Not by outcome: without statistics SQLite takes a column that equals for better than any range, and
-- would read all runs of an outcome where a few of a schedule or a time were meant.
CREATE INDEX process_runs_active ON process_runs (created_at) WHERE outcome = 'active';
CREATE INDEX process_runs_not_succeeded ON process_runs (coalesce(created_at, first_seen_at))
    WHERE outcome <> 'succeeded';
CREATE INDEX process_runs_in_trouble ON process_runs (schedule, created_at)
    WHERE outcome IN ('attention', 'failed', 'lost') AND origin <> 'external';

-- The columns and rows of before, found by indexes from each schedule's last success on.
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
    SELECT min(schedule) FROM process_runs INDEXED BY process_runs_in_trouble
    WHERE outcome IN ('attention', 'failed', 'lost') AND origin <> 'external'
    UNION ALL
    SELECT (SELECT min(r.schedule) FROM process_runs AS r INDEXED BY process_runs_in_trouble
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
ORDER BY 1;

-- The whole file was not yet found sound after the end of that life, whose end was none, or after a
-- migration: kept over all clean ends that follow (Sources/Store/Soundness.swift).
ALTER TABLE daemon ADD COLUMN unchecked_since_life INTEGER;
