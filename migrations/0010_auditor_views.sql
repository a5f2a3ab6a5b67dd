-- Views for auditors: who did what, what was paused, how runs changed, which jobs failed, which
-- configuration held when. Their names are those that people try first, so two tables give theirs up.
ALTER TABLE schedules RENAME TO schedule_states;
ALTER TABLE pauses RENAME TO pause_periods;

-- What the views look up row by row, and what is asked by time.
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX schedule_revisions_by_revision ON schedule_revisions (revision_id);
CREATE INDEX status_counts_of_failed_jobs ON status_counts (run_key, status)
    WHERE scope = 'jobs' AND status IN ('error', 'errorHold');

CREATE VIEW audit_log AS
SELECT
    a.audit_id,
    strftime('%Y-%m-%dT%H:%M:%S', a.at / 1000, 'unixepoch')
        || CASE WHEN a.at % 1000 THEN printf('.%03d', a.at % 1000) ELSE '' END || 'Z' AS done_at,
    a.actor,
    a.action,
    a.subject,
    a.reason,
    a.detail
FROM audit AS a;

-- Skips of one slot too (kind skip: from_at is the slot). Schedule NULL: all schedules.
CREATE VIEW pauses AS
SELECT
    p.pause_id,
    p.schedule,
    p.kind,
    CASE
        WHEN p.lifted_at IS NOT NULL THEN 'lifted'
        WHEN p.until_at < CAST(strftime('%s', 'now') AS INTEGER) * 1000 THEN 'over'
        WHEN p.from_at / 1000 > CAST(strftime('%s', 'now') AS INTEGER) THEN 'to come'
        ELSE 'in force'
    END AS state,
    strftime('%Y-%m-%dT%H:%M:%S', p.from_at / 1000, 'unixepoch')
        || CASE WHEN p.from_at % 1000 THEN printf('.%03d', p.from_at % 1000) ELSE '' END || 'Z' AS from_at,
    strftime('%Y-%m-%dT%H:%M:%S', p.until_at / 1000, 'unixepoch')
        || CASE WHEN p.until_at % 1000 THEN printf('.%03d', p.until_at % 1000) ELSE '' END || 'Z' AS until_at,
    p.requested_by,
    p.reason,
    strftime('%Y-%m-%dT%H:%M:%S', p.created_at / 1000, 'unixepoch')
        || CASE WHEN p.created_at % 1000 THEN printf('.%03d', p.created_at % 1000) ELSE '' END || 'Z' AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', p.lifted_at / 1000, 'unixepoch')
        || CASE WHEN p.lifted_at % 1000 THEN printf('.%03d', p.lifted_at % 1000) ELSE '' END || 'Z' AS lifted_at,
    (SELECT a.actor FROM audit AS a
        WHERE a.at = p.lifted_at AND a.action = 'resume'
            AND a.subject IN ('all schedules', p.schedule)
        ORDER BY a.audit_id LIMIT 1) AS lifted_by
FROM pause_periods AS p;

-- Each change of a run's status, outcome or counts, with the status before it (NULL: the first seen).
CREATE VIEW status_changes AS
SELECT
    h.history_id AS change_id,
    r.run_id,
    r.schedule,
    strftime('%Y-%m-%dT%H:%M:%S', h.seen_at / 1000, 'unixepoch')
        || CASE WHEN h.seen_at % 1000 THEN printf('.%03d', h.seen_at % 1000) ELSE '' END || 'Z' AS seen_at,
    (SELECT b.status FROM status_history AS b
        WHERE b.run_key = h.run_key AND (b.seen_at, b.history_id) < (h.seen_at, h.history_id)
        ORDER BY b.seen_at DESC, b.history_id DESC LIMIT 1) AS status_before,
    h.status,
    h.outcome,
    h.counts,
    h.job_counts,
    strftime('%Y-%m-%dT%H:%M:%S', h.modified_at / 1000, 'unixepoch')
        || CASE WHEN h.modified_at % 1000 THEN printf('.%03d', h.modified_at % 1000) ELSE '' END || 'Z' AS modified_at,
    r.connection,
    r.slot_id
FROM status_history AS h JOIN process_runs AS r ON r.run_key = h.run_key;

-- Jobs in error of the last full read of each run; a job that somebody fixed is not among them.
-- One pass over each tree, and no JSON functions: SQLite before 3.42 refuses them in views of a file
-- that it doesn't trust, and takes json_tree.
CREATE VIEW failed_jobs AS
SELECT
    r.run_id,
    r.schedule,
    max(CASE WHEN j.key = 'id' THEN j.atom END) AS job_id,
    max(CASE WHEN j.key = 'title' THEN j.atom END) AS title,
    max(CASE WHEN j.key IN ('action', 'type') THEN j.atom END) AS action,
    max(CASE WHEN j.key = 'status' THEN j.atom END) AS status,
    max(CASE WHEN j.key = 'errorCode' THEN j.atom END) AS error_code,
    max(CASE WHEN j.key = 'actionStatus' THEN j.atom END) AS action_status,
    r.status AS run_status,
    r.outcome,
    strftime('%Y-%m-%dT%H:%M:%S', r.created_at / 1000, 'unixepoch')
        || CASE WHEN r.created_at % 1000 THEN printf('.%03d', r.created_at % 1000) ELSE '' END || 'Z' AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', r.last_polled_at / 1000, 'unixepoch')
        || CASE WHEN r.last_polled_at % 1000 THEN printf('.%03d', r.last_polled_at % 1000) ELSE '' END || 'Z' AS last_polled_at,
    r.connection,
    r.process_id,
    r.slot_id
FROM process_runs AS r CROSS JOIN json_tree(r.tree) AS j
WHERE r.run_key IN (SELECT c.run_key FROM status_counts AS c
        WHERE c.scope = 'jobs' AND c.status IN ('error', 'errorHold'))
    AND (j.key IN ('id', 'action', 'status', 'errorCode', 'actionStatus')
        OR (j.key = 'title' AND instr(j.path, '.arguments.'))
        OR (j.key = 'type' AND j.path GLOB '*.action'))
GROUP BY r.run_key, CASE j.key
    WHEN 'title' THEN substr(j.path, 1, instr(j.path, '.arguments.') - 1)
    WHEN 'type' THEN substr(j.path, 1, length(j.path) - length('.action'))
    ELSE j.path END
-- Groups and the run itself have a status too, and no action.
HAVING max(CASE WHEN j.key = 'status' THEN j.atom END) IN ('error', 'errorHold')
    AND max(CASE WHEN j.key IN ('action', 'type') THEN j.atom END) IS NOT NULL;

CREATE VIEW schedules AS
SELECT
    c.schedule,
    c.state,
    c.connection,
    c.process,
    c.rule,
    c.timezone,
    c.mode,
    strftime('%Y-%m-%dT%H:%M:%S', c.next_slot_at / 1000, 'unixepoch')
        || CASE WHEN c.next_slot_at % 1000 THEN printf('.%03d', c.next_slot_at % 1000) ELSE '' END || 'Z' AS next_slot_at,
    strftime('%Y-%m-%dT%H:%M:%S', c.effective_at / 1000, 'unixepoch')
        || CASE WHEN c.effective_at % 1000 THEN printf('.%03d', c.effective_at % 1000) ELSE '' END || 'Z' AS effective_at,
    c.revision_id,
    c.description,
    c.tags,
    c.aside_reason
FROM schedule_states AS c;

-- Each configuration that was in force, and what it changed: a line for each schedule, one with
-- schedule NULL where none was touched.
CREATE VIEW revisions AS
SELECT
    v.revision_id,
    strftime('%Y-%m-%dT%H:%M:%S', v.applied_at / 1000, 'unixepoch')
        || CASE WHEN v.applied_at % 1000 THEN printf('.%03d', v.applied_at % 1000) ELSE '' END || 'Z' AS applied_at,
    v.applied_while,
    v.summary,
    s.schedule,
    s.state,
    s.rule,
    s.timezone,
    s.process,
    strftime('%Y-%m-%dT%H:%M:%S', s.effective_at / 1000, 'unixepoch')
        || CASE WHEN s.effective_at % 1000 THEN printf('.%03d', s.effective_at % 1000) ELSE '' END || 'Z' AS effective_at,
    v.content_hash
FROM config_revisions AS v
LEFT JOIN schedule_revisions AS s ON s.revision_id = v.revision_id;
