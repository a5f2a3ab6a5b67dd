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
    """How the migration counts a ledger of before, since the daemon's own functions didn't write this one."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "migrations/0013_sums.sql").read_text()
    return text[text.index("INSERT INTO day_sums"):text.index("-- The columns of before.")]


def fill(path, total, now_ms):
    """Adds the slots to a ledger that a daemon has made and left."""
    ledger = sqlite3.connect(path, isolation_level=None)
    ledger.execute("PRAGMA synchronous = OFF")
    ledger.execute("PRAGMA foreign_keys = OFF")
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
    ledger.execute("PRAGMA cache_size = -262144")
    base = ledger.execute("SELECT base_url FROM connections WHERE connection = 'prod'").fetchone()[0]
    revision = ledger.execute("SELECT max(revision_id) FROM config_revisions").fetchone()[0]
    ledger.execute("BEGIN")
    chance = random.Random(7)
    for number in range(total):
        schedule, key = number % SCHEDULES, number + 1
        at = now_ms - STEP_MS * (1 + (total - 1 - number) // SCHEDULES)
        started = chance.random() < 0.9
        fails = started and chance.random() < 0.01
        disposition = "started" if started else chance.choice(OTHERS)
        process = f"{schedule:032x}"
        lag = int(chance.lognormvariate(6, 0.5))
        made, ended = at + lag, at + lag + 60_000 + chance.randrange(240_000)
        if started:
            ledger.execute(
                """INSERT INTO process_runs (run_key, base_url, run_id, connection, process_id, schedule,
                    slot_id, origin, name, user_id, status, outcome, counts, job_counts, revision,
                    created_at, modified_at, completed_at, first_seen_at, last_polled_at, changed_at, tree)
                VALUES (?, ?, ?, 'prod', ?, ?, ?, 'rule', 'Close', 'u', 'complete', ?,
                    '{"complete":5}', '{"complete":5}', 1, ?, ?, ?, ?, ?, ?, ?)""",
                (key, base, f"{key + (1 << 100):032x}", process, name(schedule), key,
                 "failed" if fails else "succeeded", made, ended, ended, made, ended, ended, TREE))
            ledger.execute("INSERT INTO status_counts VALUES (?, 'actions', 'complete', 5)", (key,))
            for seen, status, outcome in ((made, "running", "active"),
                                          (ended + 5_000, "complete", "failed" if fails else "succeeded")):
                ledger.execute(
                    """INSERT INTO status_history (run_key, seen_at, status, outcome, counts, job_counts)
                    VALUES (?, ?, ?, ?, '{"complete":5}', '{"complete":5}')""", (key, seen, status, outcome))
            ledger.execute(
                """INSERT INTO looks (base_url, process_id, requested_at, looked_at)
                VALUES (?, ?, ?, ?)""", (base, process, at, at + 100))
            ledger.execute(
                """INSERT INTO attempts (slot_id, number, state, base_url, process_id, baseline, began_at,
                    send_by_at, ended_at, http_status, run_key)
                VALUES (?, 1, 'started', ?, ?, 'none', ?, ?, ?, 201, ?)""",
                (key, base, process, at + 150, at + 60_000, made, key))
        if number % 50 == 0:
            ledger.execute(
                """INSERT INTO errors (occurred_at, operation, connection, schedule, slot_id, http_status,
                    code, message, next_step, last_at)
                VALUES (?, 'start', 'prod', ?, ?, ?, 'busy', 'try again', 'retry', ?)""",
                (at, name(schedule), key, (429, 500, 503)[number % 3], at))
        ledger.execute(
            """INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds,
                disposition, reason, connection, base_url, process_id, revision_id, attempts,
                window_from_at, run_key, start_lag_ms, created_at, ended_at)
            VALUES (?, ?, 'rule', ?, ?, 0, ?, 'due', 'prod', ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (key, name(schedule), at, at, disposition, base, process, revision, int(started), at,
             key if started else None, lag if started else None, at, made))
    ledger.execute("COMMIT")
    for _, sql in indexes + triggers:
        ledger.execute(sql)
    ledger.executescript(sums())
    ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
