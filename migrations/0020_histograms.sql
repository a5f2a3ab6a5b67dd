-- Lags and durations by their limits of all days together, so that histograms never fall; days also lose
-- what turns out differently later.
ALTER TABLE totals ADD COLUMN lag_le_50_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_100_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_200_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_300_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_400_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_500_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_700_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_1000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_1500_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_2000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_3000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_5000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_10000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_30000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_120000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_le_600000_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN lag_more INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_10_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_30_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_60_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_120_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_300_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_600_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_1200_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_1800_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_3600_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_7200_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_14400_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_le_28800_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN run_more INTEGER NOT NULL DEFAULT 0;
UPDATE totals SET
    lag_le_50_ms = d.lag_le_50_ms, lag_le_100_ms = d.lag_le_100_ms,
    lag_le_200_ms = d.lag_le_200_ms, lag_le_300_ms = d.lag_le_300_ms,
    lag_le_400_ms = d.lag_le_400_ms, lag_le_500_ms = d.lag_le_500_ms,
    lag_le_700_ms = d.lag_le_700_ms, lag_le_1000_ms = d.lag_le_1000_ms,
    lag_le_1500_ms = d.lag_le_1500_ms, lag_le_2000_ms = d.lag_le_2000_ms,
    lag_le_3000_ms = d.lag_le_3000_ms, lag_le_5000_ms = d.lag_le_5000_ms,
    lag_le_10000_ms = d.lag_le_10000_ms, lag_le_30000_ms = d.lag_le_30000_ms,
    lag_le_120000_ms = d.lag_le_120000_ms, lag_le_600000_ms = d.lag_le_600000_ms,
    lag_more = d.lag_more, run_le_10_s = d.run_le_10_s, run_le_30_s = d.run_le_30_s,
    run_le_60_s = d.run_le_60_s, run_le_120_s = d.run_le_120_s, run_le_300_s = d.run_le_300_s,
    run_le_600_s = d.run_le_600_s, run_le_1200_s = d.run_le_1200_s,
    run_le_1800_s = d.run_le_1800_s, run_le_3600_s = d.run_le_3600_s,
    run_le_7200_s = d.run_le_7200_s, run_le_14400_s = d.run_le_14400_s,
    run_le_28800_s = d.run_le_28800_s, run_more = d.run_more
FROM (SELECT schedule,
        sum(lag_le_50_ms) AS lag_le_50_ms, sum(lag_le_100_ms) AS lag_le_100_ms,
        sum(lag_le_200_ms) AS lag_le_200_ms, sum(lag_le_300_ms) AS lag_le_300_ms,
        sum(lag_le_400_ms) AS lag_le_400_ms, sum(lag_le_500_ms) AS lag_le_500_ms,
        sum(lag_le_700_ms) AS lag_le_700_ms, sum(lag_le_1000_ms) AS lag_le_1000_ms,
        sum(lag_le_1500_ms) AS lag_le_1500_ms, sum(lag_le_2000_ms) AS lag_le_2000_ms,
        sum(lag_le_3000_ms) AS lag_le_3000_ms, sum(lag_le_5000_ms) AS lag_le_5000_ms,
        sum(lag_le_10000_ms) AS lag_le_10000_ms, sum(lag_le_30000_ms) AS lag_le_30000_ms,
        sum(lag_le_120000_ms) AS lag_le_120000_ms, sum(lag_le_600000_ms) AS lag_le_600000_ms,
        sum(lag_more) AS lag_more, sum(run_le_10_s) AS run_le_10_s,
        sum(run_le_30_s) AS run_le_30_s, sum(run_le_60_s) AS run_le_60_s,
        sum(run_le_120_s) AS run_le_120_s, sum(run_le_300_s) AS run_le_300_s,
        sum(run_le_600_s) AS run_le_600_s, sum(run_le_1200_s) AS run_le_1200_s,
        sum(run_le_1800_s) AS run_le_1800_s, sum(run_le_3600_s) AS run_le_3600_s,
        sum(run_le_7200_s) AS run_le_7200_s, sum(run_le_14400_s) AS run_le_14400_s,
        sum(run_le_28800_s) AS run_le_28800_s, sum(run_more) AS run_more
    FROM day_sums GROUP BY schedule) AS d
WHERE d.schedule = totals.schedule;

-- Requests that came back, by the HTTP status of the answer; `none`: there was none.
CREATE TABLE answer_sums (
    connection  TEXT NOT NULL,
    http_status TEXT NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (connection, http_status)
) STRICT, WITHOUT ROWID;

-- Whom an alarm is about is said by its kind: a schedule and a connection may have one name.
DROP TRIGGER events_alarm_raised;
CREATE TRIGGER events_alarm_raised AFTER INSERT ON alarms
BEGIN
    INSERT INTO events (kind, subject, words, schedule, connection, is_open)
    VALUES (replace(NEW.kind, ' ', '_'), NEW.subject, NEW.what_to_do,
        CASE WHEN NEW.kind IN ('overlap', 'paused', 'missing part', 'unmatched', 'set aside', 'waits', 'cut tree', 'preflight', 'undecided')
            THEN (SELECT schedule FROM schedule_states WHERE schedule = CASE instr(NEW.subject, '@')
                WHEN 0 THEN NEW.subject
                ELSE substr(NEW.subject, 1, instr(NEW.subject, '@') - 1) END) END,
        CASE WHEN NEW.kind IN ('blocked', 'another Carillon', 'cached answers', 'incomplete list',
                'clock', 'credential', 'limit', 'scope', 'sweep distrusted', 'throttled',
                'unreachable', 'version', 'waits', 'grant expires', 'version ends')
            THEN (SELECT connection FROM connections WHERE connection = CASE NEW.kind
                WHEN 'waits' THEN substr(NEW.subject, length('connection ') + 1)
                ELSE NEW.subject END) END, 1);
END;
