-- The public interface for people with `sqlite3` (DESIGN section 8): columns are never removed.
-- Times are ISO 8601 text in UTC (`…_at`); `slot_local` has the schedule's own offset.

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
    s.requested_by
FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key;

CREATE VIEW runs AS
SELECT
    r.run_id,
    r.connection,
    r.process_id,
    r.schedule,
    strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z' AS slot_at,
    r.origin,
    r.name,
    r.status,
    r.outcome,
    r.counts,
    strftime('%Y-%m-%dT%H:%M:%S', r.created_at / 1000, 'unixepoch')
        || CASE WHEN r.created_at % 1000 THEN printf('.%03d', r.created_at % 1000) ELSE '' END || 'Z' AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', r.modified_at / 1000, 'unixepoch')
        || CASE WHEN r.modified_at % 1000 THEN printf('.%03d', r.modified_at % 1000) ELSE '' END || 'Z' AS modified_at,
    strftime('%Y-%m-%dT%H:%M:%S', r.completed_at / 1000, 'unixepoch')
        || CASE WHEN r.completed_at % 1000 THEN printf('.%03d', r.completed_at % 1000) ELSE '' END || 'Z' AS completed_at,
    strftime('%Y-%m-%dT%H:%M:%S', r.last_polled_at / 1000, 'unixepoch')
        || CASE WHEN r.last_polled_at % 1000 THEN printf('.%03d', r.last_polled_at % 1000) ELSE '' END || 'Z' AS last_polled_at,
    strftime('%Y-%m-%dT%H:%M:%S', r.next_poll_at / 1000, 'unixepoch')
        || CASE WHEN r.next_poll_at % 1000 THEN printf('.%03d', r.next_poll_at % 1000) ELSE '' END || 'Z' AS next_poll_at,
    r.outcome_reason,
    r.job_counts,
    (r.completed_at - r.created_at) / 1000 AS seconds,
    r.user_id,
    r.due_date,
    r.slot_id
FROM process_runs AS r LEFT JOIN slots AS s ON s.slot_id = r.slot_id;

CREATE VIEW run_counts AS
SELECT r.run_id, c.scope, c.status, c.count, r.connection
FROM status_counts AS c JOIN process_runs AS r ON r.run_key = c.run_key;

CREATE VIEW error_log AS
SELECT
    e.error_id,
    strftime('%Y-%m-%dT%H:%M:%S', e.occurred_at / 1000, 'unixepoch')
        || CASE WHEN e.occurred_at % 1000 THEN printf('.%03d', e.occurred_at % 1000) ELSE '' END || 'Z' AS occurred_at,
    e.operation,
    e.connection,
    e.schedule,
    strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z' AS slot_at,
    r.run_id,
    e.attempt,
    e.http_status,
    e.code,
    e.message,
    e.target,
    e.retry_after_seconds,
    e.next_step,
    e.repeats,
    strftime('%Y-%m-%dT%H:%M:%S', e.last_at / 1000, 'unixepoch')
        || CASE WHEN e.last_at % 1000 THEN printf('.%03d', e.last_at % 1000) ELSE '' END || 'Z' AS last_at,
    e.meta,
    e.details,
    e.repeats + 1 AS times
FROM errors AS e
LEFT JOIN slots AS s ON s.slot_id = e.slot_id
LEFT JOIN process_runs AS r ON r.run_key = e.run_key;

CREATE VIEW upcoming AS
SELECT
    u.schedule,
    strftime('%Y-%m-%dT%H:%M:%S', u.slot_at / 1000, 'unixepoch')
        || CASE WHEN u.slot_at % 1000 THEN printf('.%03d', u.slot_at % 1000) ELSE '' END || 'Z' AS slot_at,
    strftime('%Y-%m-%dT%H:%M:%S', u.slot_at / 1000 + u.utc_offset_seconds, 'unixepoch')
        || CASE WHEN u.utc_offset_seconds < 0 THEN '-' ELSE '+' END
        || printf('%02d:%02d', abs(u.utc_offset_seconds) / 3600, abs(u.utc_offset_seconds) / 60 % 60) AS slot_local,
    u.note,
    u.zone_data_hash
FROM upcoming_slots AS u;

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
ORDER BY 1;

CREATE VIEW daily AS
WITH counted AS (
    SELECT
        date(s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch') AS day,
        s.schedule, s.disposition, s.start_lag_ms, r.outcome,
        row_number() OVER (
            PARTITION BY s.schedule, date(s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch')
            ORDER BY s.start_lag_ms IS NULL, s.start_lag_ms) AS place,
        count(s.start_lag_ms) OVER (
            PARTITION BY s.schedule, date(s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch')
        ) AS lags
    FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key
)
SELECT
    day,
    schedule,
    count(*) AS slots,
    sum(disposition = 'started') AS started,
    sum(disposition IN ('skipped', 'coalesced')) AS skipped,
    sum(disposition IN ('missed', 'expired')) AS missed,
    sum(disposition = 'failed' OR coalesce(outcome = 'failed', 0)) AS failed,
    sum(coalesce(outcome = 'succeeded', 0)) AS succeeded,
    avg(start_lag_ms) FILTER (WHERE place IN ((lags + 1) / 2, (lags + 2) / 2)) / 1000.0
        AS median_start_lag_seconds
FROM counted
GROUP BY day, schedule
ORDER BY day, schedule;
