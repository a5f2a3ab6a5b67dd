-- What is expected of a run that has a deadline, from how long those before it took.
-- When it is to be looked at: at once, and each time that may change the answer.
ALTER TABLE slots ADD COLUMN forecast_at INTEGER;
ALTER TABLE slots ADD COLUMN expected_end_at INTEGER;
-- That it will be late, in words; told once.
ALTER TABLE slots ADD COLUMN forecast TEXT;
CREATE INDEX slots_by_forecast ON slots (forecast_at) WHERE forecast_at IS NOT NULL;

CREATE TRIGGER events_late_forecast AFTER UPDATE OF forecast ON slots
WHEN NEW.forecast IS NOT NULL AND OLD.forecast IS NULL
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, is_open)
    VALUES ('late_forecast', NEW.schedule || '@'
            || strftime('%Y-%m-%dT%H:%M:%S', NEW.slot_at / 1000, 'unixepoch')
            || CASE WHEN NEW.slot_at % 1000 THEN printf('.%03d', NEW.slot_at % 1000) ELSE '' END
            || 'Z', NEW.forecast, NEW.schedule, NEW.connection, NEW.slot_id, 1);
END;

-- What was expected has come, or something worse: that is told by its own event.
CREATE TRIGGER events_forecast_over AFTER INSERT ON events
WHEN NEW.kind IN ('finish_by_missed', 'run_over_time', 'run_in_error', 'run_failed', 'run_lost')
    AND NEW.slot_id IS NOT NULL
BEGIN
    UPDATE events SET is_open = 0
    WHERE slot_id = NEW.slot_id AND kind = 'late_forecast' AND is_open = 1;
END;

-- As before, with the forecast.
DROP INDEX events_open_deadlines;
CREATE INDEX events_open_deadlines ON events (kind, event_id)
    WHERE is_open = 1 AND kind IN ('start_by_missed', 'finish_by_missed', 'late_forecast');

DROP TRIGGER events_finished_late;
CREATE TRIGGER events_finished_late AFTER UPDATE OF status ON process_runs
WHEN NEW.status IN ('complete', 'cancelled') AND OLD.status NOT IN ('complete', 'cancelled')
    AND EXISTS (SELECT 1 FROM events WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('finish_by_missed', 'late_forecast'))
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, slot_id, run_key)
    VALUES ('recovered', coalesce(NEW.schedule || ' ', '') || NEW.run_id,
        'the run is ' || NEW.status
            || CASE WHEN EXISTS (SELECT 1 FROM events WHERE slot_id = NEW.slot_id AND is_open = 1
                AND kind = 'finish_by_missed') THEN ' at last' ELSE '' END, NEW.schedule, NEW.connection, NEW.slot_id,
        NEW.run_key);
    UPDATE events SET is_open = 0, ended_by_id = last_insert_rowid()
    WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('finish_by_missed', 'late_forecast');
END;

DROP TRIGGER events_slot_ended;
CREATE TRIGGER events_slot_ended AFTER UPDATE OF disposition ON slots
WHEN NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL
    AND NEW.disposition IN ('skipped', 'coalesced', 'cancelled', 'failed', 'expired', 'missed')
    AND EXISTS (SELECT 1 FROM events WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('slot_waiting', 'start_by_missed', 'finish_by_missed', 'late_forecast'))
BEGIN
    -- What follows is told by an event of its own, or is no trouble.
    UPDATE events SET is_open = 0
    WHERE slot_id = NEW.slot_id AND is_open = 1
        AND kind IN ('slot_waiting', 'start_by_missed', 'finish_by_missed', 'late_forecast');
END;

-- What needs a person, complete: expired and missed slots too, each row with a sentence and the command
-- to copy. All of it, also what somebody took out of sight.
DROP VIEW attention;
CREATE VIEW attention_all AS
WITH RECURSIVE failing (schedule) AS (
    -- One step of the index for each name, however many slots have failed.
    SELECT min(schedule) FROM slots WHERE disposition = 'failed'
    UNION ALL
    SELECT (SELECT min(s.schedule) FROM slots AS s
        WHERE s.disposition = 'failed' AND s.schedule > f.schedule)
    FROM failing AS f WHERE f.schedule IS NOT NULL
), troubling (schedule) AS (
    SELECT min(schedule) FROM process_runs
    WHERE outcome IN ('attention', 'failed', 'lost') AND origin <> 'external'
    UNION ALL
    SELECT (SELECT min(r.schedule) FROM process_runs AS r
        WHERE r.outcome IN ('attention', 'failed', 'lost') AND r.origin <> 'external'
            AND r.schedule > t.schedule)
    FROM troubling AS t WHERE t.schedule IS NOT NULL
), found AS (
    SELECT
        replace(a.kind, ' ', '-') || '/' || a.subject AS id,
        a.since_at,
        a.kind,
        a.subject,
        a.what_to_do AS sentence,
        NULL AS bridge,
        CASE a.kind
            WHEN 'blocked' THEN 'carillon unblock ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            -- Its subject is the process and the run.
            WHEN 'possible_duplicate' THEN 'carillon show '
                || substr(a.subject, instr(a.subject, ' ') + 1)
            WHEN 'credential' THEN 'carillon check --online'
            WHEN 'scope' THEN 'carillon check --online'
            WHEN 'grant expires' THEN 'carillon check --online'
            WHEN 'version ends' THEN 'carillon check --online'
            WHEN 'preflight' THEN 'carillon check --online'
            WHEN 'version' THEN 'carillon check --online'
            WHEN 'restart' THEN 'systemctl restart carillon'
            WHEN 'notify' THEN 'carillon notify test ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            WHEN 'log' THEN 'fuser -v ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            WHEN 'another Carillon' THEN 'carillon runs'
            WHEN 'clock' THEN 'timedatectl status'
            WHEN 'configuration' THEN 'carillon check'
            WHEN 'calendar ends' THEN 'carillon calendar show ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            WHEN 'waits' THEN 'carillon check'
            WHEN 'set aside' THEN 'carillon reload'
            WHEN 'paused' THEN 'carillon resume ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            WHEN 'overlap' THEN 'carillon runs ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            WHEN 'undecided' THEN 'carillon errors'
            WHEN 'missing part' THEN 'carillon runs ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            WHEN 'unmatched' THEN 'carillon trigger ' || CASE WHEN a.subject GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(a.subject, '''', '''\''''') || '''' ELSE a.subject END
            WHEN 'unreachable' THEN 'carillon errors'
            WHEN 'throttled' THEN 'carillon errors'
            WHEN 'limit' THEN 'carillon errors'
            WHEN 'not readable' THEN 'carillon errors'
            WHEN 'incomplete list' THEN 'carillon errors'
            WHEN 'cut tree' THEN 'carillon errors'
            WHEN 'cached answers' THEN 'carillon errors'
            WHEN 'sweep distrusted' THEN 'carillon errors'
            ELSE 'carillon doctor'
        END AS command
    FROM alarms AS a
    UNION ALL
    SELECT
        's' || s.slot_id,
        coalesce(p.ended_at, s.due_at),
        'held',
        s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
        s.reason,
        '; check in Workiva, then: ',
        'carillon resolve ' || s.slot_id || ' --run RUN | --start | --drop'
    FROM slots AS s
    LEFT JOIN attempts AS p ON p.slot_id = s.slot_id AND p.number = s.attempts
    WHERE s.disposition = 'held' AND s.ended_at IS NULL
    UNION ALL
    SELECT
        's' || s.slot_id,
        s.ended_at,
        'failed',
        s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
        s.reason,
        '; fix it, then: ',
        'carillon trigger ' || CASE WHEN s.schedule GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(s.schedule, '''', '''\''''') || '''' ELSE s.schedule END
    -- From each schedule's last start on: one that started later shows that the cause is gone.
    FROM failing AS c CROSS JOIN slots AS s ON s.schedule = c.schedule
    WHERE s.disposition = 'failed'
        AND s.makes_up_slot_id IS NULL
        AND s.ended_at >= coalesce((SELECT max(later.ended_at) FROM slots AS later
            WHERE later.schedule = c.schedule AND later.disposition = 'started'), 0)
    UNION ALL
    -- One row for a schedule, however many there are, until something starts again.
    SELECT
        'unmade/' || s.schedule,
        min(s.ended_at),
        CASE WHEN sum(s.disposition = 'missed') THEN 'missed' ELSE 'expired' END,
        s.schedule,
        CASE count(*) WHEN 1 THEN 'nothing was started for the slot of '
            ELSE 'nothing was started for ' || count(*) || ' slots, the last one of ' END
            || strftime('%Y-%m-%dT%H:%M:%S', max(s.slot_at) / 1000, 'unixepoch')
        || CASE WHEN max(s.slot_at) % 1000 THEN printf('.%03d', max(s.slot_at) % 1000) ELSE '' END || 'Z'
            || ': ' || substr(max(printf('%020d', s.slot_at) || s.reason), 21),
        '; to start it now: ',
        'carillon trigger ' || CASE WHEN s.schedule GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(s.schedule, '''', '''\''''') || '''' ELSE s.schedule END
    FROM schedule_states AS c
    CROSS JOIN slots AS s ON s.schedule = c.schedule
    -- Of a schedule that only observes nothing is started any more, by nobody.
    WHERE c.state = 'active' AND c.mode = 'run' AND s.disposition IN ('missed', 'expired')
        AND s.makes_up_slot_id IS NULL
        AND s.ended_at > coalesce((SELECT max(later.ended_at) FROM slots AS later
            WHERE later.schedule = c.schedule AND later.disposition = 'started'), 0)
    GROUP BY c.schedule
    UNION ALL
    -- A date that somebody wanted made up for: a later start does other work, so the row stays until the date
    -- has its run or is skipped. Column and index come with 0027, before anybody reads this view.
    SELECT
        'not-made-up/' || m.schedule,
        min(m.ended_at),
        m.disposition,
        m.schedule,
        CASE count(*) WHEN 1 THEN 'the slot of '
            ELSE count(*) || ' slots were not made up for, the last one of ' END
            || strftime('%Y-%m-%dT%H:%M:%S', max(o.slot_at) / 1000, 'unixepoch')
        || CASE WHEN max(o.slot_at) % 1000 THEN printf('.%03d', max(o.slot_at) % 1000) ELSE '' END || 'Z'
            || CASE count(*) WHEN 1 THEN ' was not made up for' ELSE '' END
            || ': ' || substr(max(printf('%020d', o.slot_at) || m.reason), 21),
        CASE count(*) WHEN 1 THEN '; to try again: ' ELSE '; to try the first one again: ' END,
        'carillon trigger ' || CASE WHEN m.schedule GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(m.schedule, '''', '''\''''') || '''' ELSE m.schedule END
            || ' --slot ' || strftime('%Y-%m-%dT%H:%M:%S', min(o.slot_at) / 1000, 'unixepoch')
        || CASE WHEN min(o.slot_at) % 1000 THEN printf('.%03d', min(o.slot_at) % 1000) ELSE '' END || 'Z'
    FROM schedule_states AS c
    -- Where rows are only counted, SQLite would rather build an index of its own.
    CROSS JOIN slots AS m INDEXED BY slots_not_made_up ON m.schedule = c.schedule
    CROSS JOIN slots AS o ON o.slot_id = m.makes_up_slot_id
    WHERE m.makes_up_slot_id IS NOT NULL AND m.disposition IN ('missed', 'expired', 'failed')
        AND c.state = 'active' AND c.mode = 'run'
        AND NOT EXISTS (SELECT 1 FROM slots AS later
            WHERE later.makes_up_slot_id = m.makes_up_slot_id AND later.slot_id > m.slot_id
                -- Withdrawn before it came to anything: the date stands as before it.
                AND later.disposition <> 'cancelled')
    GROUP BY c.schedule
    UNION ALL
    SELECT
        'r' || r.run_key,
        r.changed_at,
        'run ' || CASE WHEN r.outcome = 'attention' THEN 'in trouble' ELSE r.outcome END,
        coalesce(r.schedule || ' ', '') || r.run_id,
        coalesce(r.outcome_reason, 'status ' || r.status)
            -- The first job in error, as in failed_jobs.
            || coalesce((SELECT '; the job "' || coalesce(
                        max(CASE WHEN j.key = 'title' THEN j.atom END),
                        max(CASE WHEN j.key IN ('action', 'type') THEN j.atom END)) || '" failed'
                    || coalesce(': ' || max(CASE WHEN j.key = 'errorCode' THEN j.atom END), '')
                    || coalesce(' (' || max(CASE WHEN j.key = 'actionStatus' THEN j.atom END)
                        || ')', '')
                FROM json_tree(r.tree) AS j
                WHERE r.status IN ('error', 'errorHold')
                    AND (j.key IN ('action', 'status', 'errorCode', 'actionStatus')
                        OR (j.key = 'title' AND instr(j.path, '.arguments.'))
                        OR (j.key = 'type' AND j.path GLOB '*.action'))
                GROUP BY CASE j.key
                    WHEN 'title' THEN substr(j.path, 1, instr(j.path, '.arguments.') - 1)
                    WHEN 'type' THEN substr(j.path, 1, length(j.path) - length('.action'))
                    ELSE j.path END
                HAVING max(CASE WHEN j.key = 'status' THEN j.atom END) IN ('error', 'errorHold')
                    AND max(CASE WHEN j.key IN ('action', 'type') THEN j.atom END) IS NOT NULL
                LIMIT 1), ''),
        '; see: ',
        'carillon show ' || CASE WHEN r.run_id GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(r.run_id, '''', '''\''''') || '''' ELSE r.run_id END
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
        's' || s.slot_id,
        s.overdue_since_at,
        'waiting',
        s.schedule || '@' || strftime('%Y-%m-%dT%H:%M:%S', s.slot_at / 1000, 'unixepoch')
        || CASE WHEN s.slot_at % 1000 THEN printf('.%03d', s.slot_at % 1000) ELSE '' END || 'Z',
        'it has not started within its start_within: ' || s.reason,
        NULL,
        'carillon errors ' || CASE WHEN s.schedule GLOB '*[^-A-Za-z0-9_.@:/+=]*'
        THEN '''' || replace(s.schedule, '''', '''\''''') || '''' ELSE s.schedule END
    FROM slots AS s
    WHERE s.overdue_since_at IS NOT NULL AND s.ended_at IS NULL AND s.disposition <> 'held'
    UNION ALL
    SELECT 'e' || e.event_id, e.at, 'late', e.subject, e.words, NULL, 'carillon runs'
    FROM events AS e
    WHERE e.is_open = 1 AND e.kind IN ('start_by_missed', 'finish_by_missed', 'late_forecast')
)
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', f.since_at / 1000, 'unixepoch')
        || CASE WHEN f.since_at % 1000 THEN printf('.%03d', f.since_at % 1000) ELSE '' END || 'Z' AS since_at,
    f.kind,
    f.subject,
    f.sentence || coalesce(f.bridge || f.command, '') AS what_to_do,
    f.id,
    f.sentence,
    f.command,
    f.kind || ' ' || f.since_at || ' ' || f.sentence AS state,
    k.actor AS acknowledged_by,
    k.reason AS acknowledged_reason,
    strftime('%Y-%m-%dT%H:%M:%S', k.until_at / 1000, 'unixepoch')
        || CASE WHEN k.until_at % 1000 THEN printf('.%03d', k.until_at % 1000) ELSE '' END || 'Z' AS acknowledged_until_at
FROM found AS f
LEFT JOIN acknowledgements AS k ON k.id = f.id
    AND k.state = f.kind || ' ' || f.since_at || ' ' || f.sentence
    AND (k.until_at IS NULL OR k.until_at > CAST(strftime('%s', 'now') AS INTEGER) * 1000);

CREATE VIEW attention AS
SELECT since_at, kind, subject, what_to_do, id, sentence, command
FROM attention_all
WHERE acknowledged_by IS NULL
ORDER BY 1;
