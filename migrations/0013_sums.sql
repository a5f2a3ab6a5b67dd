-- What is counted is kept, not counted again: sums that move in the transaction that ends a slot or a
-- run or notes an error (Sources/Store/Sums.swift). They stay when old history is removed, so that a
-- counter never falls. `doctor` compares them with the rows.

-- Of each schedule, all days together, for counters: what turns out differently later, or is taken out
-- again, is taken from its day, never from here.
CREATE TABLE totals (
    schedule TEXT PRIMARY KEY,
    -- Slots by what became of them, and runs by outcome.
    started INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,
    coalesced INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    runs_succeeded INTEGER NOT NULL DEFAULT 0, runs_cancelled INTEGER NOT NULL DEFAULT 0,
    runs_failed INTEGER NOT NULL DEFAULT 0, runs_attention INTEGER NOT NULL DEFAULT 0,
    runs_lost INTEGER NOT NULL DEFAULT 0,
    -- Starts whose lag is known and the sum of them; runs whose duration is known and the sum of those.
    lags INTEGER NOT NULL DEFAULT 0, lag_ms INTEGER NOT NULL DEFAULT 0,
    runs_timed INTEGER NOT NULL DEFAULT 0, run_ms INTEGER NOT NULL DEFAULT 0,
    last_success_at INTEGER
) STRICT, WITHOUT ROWID;

-- The same of each day, by the slot's date on the schedule's own clock.
CREATE TABLE day_sums (
    day      TEXT NOT NULL,
    schedule TEXT NOT NULL,
    started INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,
    coalesced INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0, runs_succeeded INTEGER NOT NULL DEFAULT 0,
    runs_cancelled INTEGER NOT NULL DEFAULT 0, runs_failed INTEGER NOT NULL DEFAULT 0,
    runs_attention INTEGER NOT NULL DEFAULT 0, runs_lost INTEGER NOT NULL DEFAULT 0,
    lags INTEGER NOT NULL DEFAULT 0, lag_ms INTEGER NOT NULL DEFAULT 0,
    runs_timed INTEGER NOT NULL DEFAULT 0, run_ms INTEGER NOT NULL DEFAULT 0,
    -- Lags and durations by the limit that they did not exceed and the one before it did.
    lag_le_50_ms INTEGER NOT NULL DEFAULT 0, lag_le_100_ms INTEGER NOT NULL DEFAULT 0,
    lag_le_200_ms INTEGER NOT NULL DEFAULT 0, lag_le_300_ms INTEGER NOT NULL DEFAULT 0,
    lag_le_400_ms INTEGER NOT NULL DEFAULT 0, lag_le_500_ms INTEGER NOT NULL DEFAULT 0,
    lag_le_700_ms INTEGER NOT NULL DEFAULT 0, lag_le_1000_ms INTEGER NOT NULL DEFAULT 0,
    lag_le_1500_ms INTEGER NOT NULL DEFAULT 0, lag_le_2000_ms INTEGER NOT NULL DEFAULT 0,
    lag_le_3000_ms INTEGER NOT NULL DEFAULT 0, lag_le_5000_ms INTEGER NOT NULL DEFAULT 0,
    lag_le_10000_ms INTEGER NOT NULL DEFAULT 0, lag_le_30000_ms INTEGER NOT NULL DEFAULT 0,
    lag_le_120000_ms INTEGER NOT NULL DEFAULT 0, lag_le_600000_ms INTEGER NOT NULL DEFAULT 0,
    lag_more INTEGER NOT NULL DEFAULT 0,
    run_le_10_s INTEGER NOT NULL DEFAULT 0, run_le_30_s INTEGER NOT NULL DEFAULT 0,
    run_le_60_s INTEGER NOT NULL DEFAULT 0, run_le_120_s INTEGER NOT NULL DEFAULT 0,
    run_le_300_s INTEGER NOT NULL DEFAULT 0, run_le_600_s INTEGER NOT NULL DEFAULT 0,
    run_le_1200_s INTEGER NOT NULL DEFAULT 0, run_le_1800_s INTEGER NOT NULL DEFAULT 0,
    run_le_3600_s INTEGER NOT NULL DEFAULT 0, run_le_7200_s INTEGER NOT NULL DEFAULT 0,
    run_le_14400_s INTEGER NOT NULL DEFAULT 0, run_le_28800_s INTEGER NOT NULL DEFAULT 0,
    run_more INTEGER NOT NULL DEFAULT 0,
    -- From a run's end to the read that saw it, the longest.
    detect_ms_max INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, schedule)
) STRICT, WITHOUT ROWID;

-- Errors by HTTP status; `none`: there was no answer.
CREATE TABLE error_sums (
    http_status TEXT PRIMARY KEY,
    count       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ledgers of before are counted once.
INSERT INTO day_sums (day, schedule, started, skipped, coalesced, missed, expired, failed, cancelled, runs_succeeded,
    runs_cancelled, runs_failed, runs_attention, runs_lost, lags, lag_ms, runs_timed, run_ms,
    lag_le_50_ms, lag_le_100_ms, lag_le_200_ms, lag_le_300_ms, lag_le_400_ms, lag_le_500_ms,
    lag_le_700_ms, lag_le_1000_ms, lag_le_1500_ms, lag_le_2000_ms, lag_le_3000_ms, lag_le_5000_ms,
    lag_le_10000_ms, lag_le_30000_ms, lag_le_120000_ms, lag_le_600000_ms, lag_more, run_le_10_s,
    run_le_30_s, run_le_60_s, run_le_120_s, run_le_300_s, run_le_600_s, run_le_1200_s, run_le_1800_s,
    run_le_3600_s, run_le_7200_s, run_le_14400_s, run_le_28800_s, run_more)
SELECT
    date(s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch') AS day,
    s.schedule,
    count(*) FILTER (WHERE s.disposition = 'started') AS started,
    count(*) FILTER (WHERE s.disposition = 'skipped') AS skipped,
    count(*) FILTER (WHERE s.disposition = 'coalesced') AS coalesced,
    count(*) FILTER (WHERE s.disposition = 'missed') AS missed,
    count(*) FILTER (WHERE s.disposition = 'expired') AS expired,
    count(*) FILTER (WHERE s.disposition = 'failed') AS failed,
    count(*) FILTER (WHERE s.disposition = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE r.outcome = 'succeeded') AS runs_succeeded,
    count(*) FILTER (WHERE r.outcome = 'cancelled') AS runs_cancelled,
    count(*) FILTER (WHERE r.outcome = 'failed') AS runs_failed,
    count(*) FILTER (WHERE r.outcome = 'attention') AS runs_attention,
    count(*) FILTER (WHERE r.outcome = 'lost') AS runs_lost,
    count(s.start_lag_ms) AS lags,
    coalesce(sum(s.start_lag_ms), 0) AS lag_ms,
    count(r.completed_at - r.created_at) AS runs_timed,
    coalesce(sum(r.completed_at - r.created_at), 0) AS run_ms,
    count(*) FILTER (WHERE s.start_lag_ms <= 50) AS lag_le_50_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 50 AND s.start_lag_ms <= 100) AS lag_le_100_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 100 AND s.start_lag_ms <= 200) AS lag_le_200_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 200 AND s.start_lag_ms <= 300) AS lag_le_300_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 300 AND s.start_lag_ms <= 400) AS lag_le_400_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 400 AND s.start_lag_ms <= 500) AS lag_le_500_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 500 AND s.start_lag_ms <= 700) AS lag_le_700_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 700 AND s.start_lag_ms <= 1000) AS lag_le_1000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 1000 AND s.start_lag_ms <= 1500) AS lag_le_1500_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 1500 AND s.start_lag_ms <= 2000) AS lag_le_2000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 2000 AND s.start_lag_ms <= 3000) AS lag_le_3000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 3000 AND s.start_lag_ms <= 5000) AS lag_le_5000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 5000 AND s.start_lag_ms <= 10000) AS lag_le_10000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 10000 AND s.start_lag_ms <= 30000) AS lag_le_30000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 30000 AND s.start_lag_ms <= 120000) AS lag_le_120000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 120000 AND s.start_lag_ms <= 600000) AS lag_le_600000_ms,
    count(*) FILTER (WHERE s.start_lag_ms > 600000) AS lag_more,
    count(*) FILTER (WHERE r.completed_at - r.created_at <= 10000) AS run_le_10_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 10000 AND r.completed_at - r.created_at <= 30000) AS run_le_30_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 30000 AND r.completed_at - r.created_at <= 60000) AS run_le_60_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 60000 AND r.completed_at - r.created_at <= 120000) AS run_le_120_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 120000 AND r.completed_at - r.created_at <= 300000) AS run_le_300_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 300000 AND r.completed_at - r.created_at <= 600000) AS run_le_600_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 600000 AND r.completed_at - r.created_at <= 1200000) AS run_le_1200_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 1200000 AND r.completed_at - r.created_at <= 1800000) AS run_le_1800_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 1800000 AND r.completed_at - r.created_at <= 3600000) AS run_le_3600_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 3600000 AND r.completed_at - r.created_at <= 7200000) AS run_le_7200_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 7200000 AND r.completed_at - r.created_at <= 14400000) AS run_le_14400_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 14400000 AND r.completed_at - r.created_at <= 28800000) AS run_le_28800_s,
    count(*) FILTER (WHERE r.completed_at - r.created_at > 28800000) AS run_more
FROM slots AS s LEFT JOIN process_runs AS r ON r.run_key = s.run_key AND r.schedule IS NOT NULL
WHERE s.ended_at IS NOT NULL
GROUP BY day, s.schedule;
INSERT INTO totals (schedule, started, skipped, coalesced, missed, expired, failed, cancelled, runs_succeeded,
    runs_cancelled, runs_failed, runs_attention, runs_lost, lags, lag_ms, runs_timed, run_ms)
SELECT schedule, sum(started), sum(skipped), sum(coalesced), sum(missed), sum(expired), sum(failed), sum(cancelled),
    sum(runs_succeeded), sum(runs_cancelled), sum(runs_failed), sum(runs_attention), sum(runs_lost),
    sum(lags), sum(lag_ms), sum(runs_timed), sum(run_ms)
FROM day_sums GROUP BY schedule;
UPDATE totals SET last_success_at = (SELECT max(r.completed_at)
    FROM process_runs AS r INDEXED BY process_runs_succeeded
    WHERE r.schedule = totals.schedule AND r.outcome = 'succeeded');
INSERT INTO error_sums SELECT coalesce(http_status, 'none'), count(*) + sum(repeats)
FROM errors GROUP BY http_status;

-- The columns of before. The median is found between two of the limits, as if the lags between them
-- were spread evenly.
DROP VIEW daily;
CREATE VIEW daily AS
WITH waiting AS (
    SELECT date(s.slot_at / 1000 + s.utc_offset_seconds, 'unixepoch') AS day,
        s.schedule, count(*) AS slots
    FROM slots AS s WHERE s.ended_at IS NULL GROUP BY 1, 2
), reached AS (
    -- How many lags did not exceed each limit.
    SELECT *,
        lag_le_50_ms AS c1,
        lag_le_50_ms + lag_le_100_ms AS c2,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms AS c3,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms AS c4,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms AS c5,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms + lag_le_500_ms AS c6,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms AS c7,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms AS c8,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms AS c9,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms AS c10,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms +
            lag_le_3000_ms AS c11,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms +
            lag_le_3000_ms + lag_le_5000_ms AS c12,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms +
            lag_le_3000_ms + lag_le_5000_ms + lag_le_10000_ms AS c13,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms +
            lag_le_3000_ms + lag_le_5000_ms + lag_le_10000_ms + lag_le_30000_ms AS c14,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms +
            lag_le_3000_ms + lag_le_5000_ms + lag_le_10000_ms + lag_le_30000_ms + lag_le_120000_ms AS c15,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms +
            lag_le_3000_ms + lag_le_5000_ms + lag_le_10000_ms + lag_le_30000_ms + lag_le_120000_ms +
            lag_le_600000_ms AS c16,
        lag_le_50_ms + lag_le_100_ms + lag_le_200_ms + lag_le_300_ms + lag_le_400_ms +
            lag_le_500_ms + lag_le_700_ms + lag_le_1000_ms + lag_le_1500_ms + lag_le_2000_ms +
            lag_le_3000_ms + lag_le_5000_ms + lag_le_10000_ms + lag_le_30000_ms + lag_le_120000_ms +
            lag_le_600000_ms + lag_more AS c17
    FROM day_sums
), counted AS (
    SELECT
        day, schedule, started, skipped + coalesced AS skipped, missed + expired AS missed,
        failed + runs_failed AS failed, runs_succeeded AS succeeded,
        started + skipped + coalesced + missed + expired + failed + cancelled AS slots,
        CASE
            WHEN lags = 0 THEN NULL
            WHEN 2 * c1 >= lags THEN 0 + 50 * (lags / 2.0 - 0) / lag_le_50_ms
            WHEN 2 * c2 >= lags THEN 50 + 50 * (lags / 2.0 - c1) / lag_le_100_ms
            WHEN 2 * c3 >= lags THEN 100 + 100 * (lags / 2.0 - c2) / lag_le_200_ms
            WHEN 2 * c4 >= lags THEN 200 + 100 * (lags / 2.0 - c3) / lag_le_300_ms
            WHEN 2 * c5 >= lags THEN 300 + 100 * (lags / 2.0 - c4) / lag_le_400_ms
            WHEN 2 * c6 >= lags THEN 400 + 100 * (lags / 2.0 - c5) / lag_le_500_ms
            WHEN 2 * c7 >= lags THEN 500 + 200 * (lags / 2.0 - c6) / lag_le_700_ms
            WHEN 2 * c8 >= lags THEN 700 + 300 * (lags / 2.0 - c7) / lag_le_1000_ms
            WHEN 2 * c9 >= lags THEN 1000 + 500 * (lags / 2.0 - c8) / lag_le_1500_ms
            WHEN 2 * c10 >= lags THEN 1500 + 500 * (lags / 2.0 - c9) / lag_le_2000_ms
            WHEN 2 * c11 >= lags THEN 2000 + 1000 * (lags / 2.0 - c10) / lag_le_3000_ms
            WHEN 2 * c12 >= lags THEN 3000 + 2000 * (lags / 2.0 - c11) / lag_le_5000_ms
            WHEN 2 * c13 >= lags THEN 5000 + 5000 * (lags / 2.0 - c12) / lag_le_10000_ms
            WHEN 2 * c14 >= lags THEN 10000 + 20000 * (lags / 2.0 - c13) / lag_le_30000_ms
            WHEN 2 * c15 >= lags THEN 30000 + 90000 * (lags / 2.0 - c14) / lag_le_120000_ms
            WHEN 2 * c16 >= lags THEN 120000 + 480000 * (lags / 2.0 - c15) / lag_le_600000_ms
            ELSE 600000
        END AS median_ms
    FROM reached
)
SELECT
    c.day,
    c.schedule,
    c.slots + coalesce(w.slots, 0) AS slots,
    c.started,
    c.skipped,
    c.missed,
    c.failed,
    c.succeeded,
    round(c.median_ms / 1000.0, 3) AS median_start_lag_seconds
FROM counted AS c LEFT JOIN waiting AS w ON w.day = c.day AND w.schedule = c.schedule
UNION ALL
SELECT w.day, w.schedule, w.slots, 0, 0, 0, 0, 0, NULL
FROM waiting AS w
WHERE NOT EXISTS (SELECT 1 FROM day_sums AS d WHERE d.day = w.day AND d.schedule = w.schedule)
ORDER BY 1, 2;
