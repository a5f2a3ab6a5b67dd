"""Fills a ledger with ended slots as a daemon leaves them: runs, changes, attempts, looks, errors.

200 schedules, a slot every 15 minutes, the last one just now; nine in ten are started, and a
hundredth of the runs fails.
"""
import json
import pathlib
import random
import sqlite3

SCHEDULES = 200
STEP_MS = 900_000
OTHERS = ["skipped", "coalesced", "missed", "expired", "failed", "cancelled"]
TREE = json.dumps({"root": {"name": "Close", "children": [
    {"jobRun": {"id": f"{n:032x}", "action": "sendTask", "status": "complete"}} for n in range(5)]}})


def name(number):
    return f"s{number:03d}"


def sums():
    """How migrations count a ledger of before, since the daemon's own functions didn't write this one."""
    folder = pathlib.Path(__file__).resolve().parents[2] / "migrations"
    days = (folder / "0013_sums.sql").read_text()
    limits = (folder / "0020_histograms.sql").read_text()
    return (days[days.index("INSERT INTO day_sums"):days.index("-- The columns of before.")]
            + limits[limits.index("UPDATE totals SET"):limits.index("-- Requests that came back")])


def plans(total, now_ms):
    """One slot after the other: what is drawn by chance of it."""
    chance = random.Random(7)
    for number in range(total):
        at = now_ms - STEP_MS * (1 + (total - 1 - number) // SCHEDULES)
        started = chance.random() < 0.9
        made = at + int(chance.lognormvariate(6, 0.5))
        outcome = ("failed" if chance.random() < 0.01 else "succeeded") if started else None
        yield (number + 1, name(number % SCHEDULES), f"{number % SCHEDULES:032x}", at, made,
               made + 60_000 + int(chance.random() * 240_000) if started else None, outcome,
               "started" if started else chance.choice(OTHERS))


# Of each slot of `plan` the rows that a daemon leaves.
ROWS = """
INSERT INTO process_runs (run_key, base_url, run_id, connection, process_id, schedule, slot_id, origin, name,
    user_id, status, is_open, outcome, counts, job_counts, revision, created_at, modified_at, completed_at,
    first_seen_at, last_polled_at, changed_at, tree)
SELECT key, :base, printf('10000000000000000%015x', key), 'prod', process, schedule, key, 'rule', 'Close',
    'u', 'complete', 0, outcome, '{"complete":5}', '{"complete":5}', 1, made, ended, ended, made, ended, ended,
    :tree
FROM plan WHERE outcome IS NOT NULL;
INSERT INTO status_counts SELECT key, 'actions', 'complete', 5 FROM plan WHERE outcome IS NOT NULL;
INSERT INTO status_history (run_key, seen_at, status, outcome, counts, job_counts)
SELECT p.key, p.made + later.column1 * (p.ended + 5000 - p.made), later.column2,
    CASE later.column1 WHEN 0 THEN 'active' ELSE p.outcome END, '{"complete":5}', '{"complete":5}'
FROM plan AS p, (VALUES (0, 'running'), (1, 'complete')) AS later WHERE p.outcome IS NOT NULL;
INSERT INTO looks (base_url, process_id, requested_at, looked_at)
SELECT :base, process, at, at + 100 FROM plan WHERE outcome IS NOT NULL;
INSERT INTO attempts (slot_id, number, state, base_url, process_id, baseline, began_at, send_by_at, ended_at,
    http_status, run_key)
SELECT key, 1, 'started', :base, process, 'none', at + 150, at + 60000, made, 201, key
FROM plan WHERE outcome IS NOT NULL;
INSERT INTO errors (occurred_at, operation, connection, schedule, slot_id, http_status, code, message,
    next_step, last_at)
SELECT at, 'start', 'prod', schedule, key, CASE key % 3 WHEN 0 THEN 429 WHEN 1 THEN 500 ELSE 503 END, 'busy',
    'try again', 'retry', at
FROM plan WHERE key % 50 = 1;
INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds, disposition, reason,
    connection, base_url, process_id, revision_id, attempts, window_from_at, run_key, start_lag_ms,
    created_at, ended_at)
SELECT key, schedule, 'rule', at, at, 0, disposition, 'due', 'prod', :base, process, :revision,
    outcome IS NOT NULL, at, CASE WHEN outcome IS NOT NULL THEN key END,
    CASE WHEN outcome IS NOT NULL THEN made - at END, at, made
FROM plan;
INSERT INTO answer_sums
SELECT 'prod', coalesce(http_status, 201), count(*) FROM attempts GROUP BY 2
UNION ALL SELECT 'prod', http_status, count(*) FROM errors GROUP BY 2;
"""


def fill(path, total, now_ms):
    """Adds the slots to a ledger that a daemon has made and left."""
    ledger = sqlite3.connect(path, isolation_level=None)
    for setting in ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -262144",
                    "temp_store = FILE"):
        ledger.execute(f"PRAGMA {setting}")
    # The daemon writes these states one after the other; here the ended slot is written at once, and
    # what happened is no news.
    triggers = ledger.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for trigger, _ in triggers:
        ledger.execute(f"DROP TRIGGER {trigger}")
    # Made again at the end, in one sort each.
    indexes = ledger.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for index, _ in indexes:
        ledger.execute(f"DROP INDEX {index}")
    known = {
        "base": ledger.execute("SELECT base_url FROM connections WHERE connection = 'prod'").fetchone()[0],
        "revision": ledger.execute("SELECT max(revision_id) FROM config_revisions").fetchone()[0],
        "tree": TREE}
    ledger.execute("""CREATE TEMP TABLE plan (key INTEGER PRIMARY KEY, schedule, process, at, made, ended,
        outcome, disposition)""")
    ledger.execute("BEGIN")
    ledger.executemany("INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?, ?, ?)", plans(total, now_ms))
    for statement in ROWS.split(";\n"):
        if statement.strip():
            ledger.execute(statement, known)
    ledger.execute("COMMIT")
    for _, sql in indexes + triggers:
        ledger.execute(sql)
    ledger.executescript(sums())
    ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
