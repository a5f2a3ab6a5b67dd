-- A slot that waits past its start_within is in `attention`, whatever it waits for.

-- Since when it has waited too long; NULL: it has not.
ALTER TABLE slots ADD COLUMN overdue_since_at INTEGER;
-- Who named the run of a slot that was held or in doubt (`resolve --run`).
ALTER TABLE slots ADD COLUMN run_named_by TEXT;

CREATE INDEX slots_overdue ON slots (overdue_since_at)
    WHERE overdue_since_at IS NOT NULL AND ended_at IS NULL;

DROP VIEW attention;
CREATE VIEW attention AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', a.since_at / 1000, 'unixepoch')
        || CASE WHEN a.since_at % 1000 THEN printf('.%03d', a.since_at % 1000) ELSE '' END || 'Z' AS since_at,
    a.kind,
    a.subject,
    a.what_to_do
FROM alarms AS a
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', coalesce(p.ended_at, s.due_at) / 1000, 'unixepoch')
        || CASE WHEN coalesce(p.ended_at, s.due_at) % 1000 THEN printf('.%03d', coalesce(p.ended_at, s.due_at) % 1000) ELSE '' END || 'Z',
    'held',
    s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
    s.reason || '; look in Workiva, then: carillon resolve ' || s.slot_id
        || ' --run RUN | --start | --drop'
FROM slots AS s
LEFT JOIN attempts AS p ON p.slot_id = s.slot_id AND p.number = s.attempts
WHERE s.disposition = 'held'
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', s.ended_at / 1000, 'unixepoch')
        || CASE WHEN s.ended_at % 1000 THEN printf('.%03d', s.ended_at % 1000) ELSE '' END || 'Z',
    'failed',
    s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
    s.reason || '; mend it, then: carillon trigger ' || s.schedule
FROM slots AS s
WHERE s.disposition = 'failed'
    -- A later slot of the schedule that started shows that the cause is gone.
    AND NOT EXISTS (SELECT 1 FROM slots AS later
        WHERE later.schedule = s.schedule AND later.disposition = 'started'
            AND later.ended_at > s.ended_at)
UNION ALL
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', r.changed_at / 1000, 'unixepoch')
        || CASE WHEN r.changed_at % 1000 THEN printf('.%03d', r.changed_at % 1000) ELSE '' END || 'Z',
    'run ' || CASE WHEN r.outcome = 'attention' THEN 'in trouble' ELSE r.outcome END,
    coalesce(r.schedule || ' ', '') || r.run_id,
    coalesce(r.outcome_reason, 'status ' || r.status) || '; see: carillon show ' || r.run_id
FROM process_runs AS r
WHERE r.outcome IN ('attention', 'failed', 'lost') AND r.origin <> 'external'
    AND (r.is_open = 1 OR r.outcome <> 'attention')
    AND NOT EXISTS (SELECT 1 FROM process_runs AS later
        WHERE later.schedule = r.schedule AND later.outcome = 'succeeded'
            AND later.created_at > r.created_at)
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
