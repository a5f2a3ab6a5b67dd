#!/usr/bin/env python3
"""Durable starts a second of the real daemon against a canned API (nginx) on loopback.

Every start is what it is in production: intent in the ledger and synced, POST on a fresh connection,
answer, run and counts in the ledger and synced. All schedules are due in the same second.

    starts/measure.py [--binary F] [--schedules 2000] [--default-rate] [--slow-sync-ms 4.5]
    starts/measure.py --schedules 200 --default-rate     # the burst: last POST, last record, memory
    starts/measure.py --schedules 1000 --forecasts       # what forecasting the end of each run costs

Prints starts a second, the lag after the due second (p50, p99), when the last POST came, processor
time, and in the same minute what nginx answers to a bare client with fresh connections and what the
disk does in synced writes.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PORT = 8479


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", default=str(HERE.parent.parent / ".build/release/carillon"))
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--default-rate", action="store_true", help="keep 1000 requests in 60 s")
    parser.add_argument("--forecasts", action="store_true",
                        help="each schedule has a limit for its run, and 20 runs before")
    parser.add_argument("--slow-sync-ms", type=float, default=0, help="slow every fdatasync down (strace)")
    parser.add_argument("--dir", default=None, help="where the ledger is (its disk is measured)")
    parser.add_argument("--within", type=int, default=120, help="seconds to wait for the last start")
    return parser.parse_args()


def process_id(number):
    return f"{number:032x}"


def run_body(run, process):
    counts = {"waiting": 2, "running": 1}
    job = {
        "status": "running", "actionStatus": "running", "action": "sendTask", "ordinal": 0,
        "arguments": {"type": "sendTask", "sendTaskArgs": {"title": "Reconcile", "assigneeUser": "VQ"}},
    }
    children = [{"type": "job", "job": dict(job, id=f"{run}-{n}")} for n in range(3)]
    user = {"dateTime": "$time_iso8601", "user": {"id": "VQ"}}
    return json.dumps({
        "id": run, "process": process, "name": "Close", "status": "running", "created": user,
        "modified": user, "statusCounts": counts, "revision": 1,
        "root": {"id": f"{run}-r", "name": "Root", "status": "running", "statusCounts": counts,
                 "children": children}})


def write_api(folder, schedules):
    """Lists of a thousand processes a page and an nginx that starts a run for every POST."""
    pages = [list(range(first, min(first + 1000, schedules))) for first in range(0, schedules, 1000)]
    for index, page in enumerate(pages):
        body = {"data": [{"id": process_id(n), "name": f"Close {n}", "run": None} for n in page]}
        if index + 1 < len(pages):
            body["@nextLink"] = f"http://127.0.0.1:{PORT}/processes?page={index + 1}"
        (folder / f"page{index}.json").write_text(json.dumps(body))
    token = json.dumps({"access_token": "canned", "expires_in": 3600, "token_type": "Bearer",
                        "scope": "file:read file:write"})
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  log_format moment '$msec $request_time'; access_log off; default_type application/json; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $arg_page $page {{ default 0; ~^(?<number>[0-9]+)$ $number; }}
  server {{
    listen 127.0.0.1:{PORT} backlog=4096;
    location = /oauth2/token {{ return 200 '{token}'; }}
    location = /processes {{ root {folder}; rewrite ^ /page$page.json break; }}
    location ~ ^/processes/(?<process>[0-9a-f]+)/run$ {{ access_log {folder}/posts.log moment; return 201 '{run_body("$request_id", "$process")}'; }}
    location ~ ^/processRuns/(?<run>[0-9a-f]+)$ {{ return 200 '{run_body("$run", "0")}'; }}
  }}
}}
""")


def write_config(folder, schedules, due, options):
    rate = "" if options.default_rate else 'rate = { requests = 1000000, per = "1s" }'
    lines = [f"""version = 1
[daemon]
database = "{folder}/carillon.db"
control_socket = "{folder}/control.sock"
[connections.canned]
base_url = "http://127.0.0.1:{PORT}"
api_version = "2026-04-01.processes.preview"
client_id = "canned"
client_secret = {{ file = "{folder}/secret" }}
{rate}
[defaults]
connection = "canned"
timezone = "UTC"
preflight = "0s"
poll = {{ min = "10m", max = "6h" }}
cron = "{due.second} {due.minute} {due.hour} * * *"
{'run_within = "1h"' if options.forecasts else ""}
"""]
    lines += [f'[schedules.s{n:05d}]\nprocess = "{process_id(n)}"\n' for n in range(schedules)]
    (folder / "carillon.toml").write_text("".join(lines))
    (folder / "secret").write_text("canned\n")
    os.chmod(folder / "secret", 0o600)


def write_history(folder, schedules):
    """Twenty runs of each schedule, which have taken some minutes each."""
    with sqlite3.connect(folder / "carillon.db") as ledger:
        base, = ledger.execute("SELECT base_url FROM connections").fetchone()
        now = int(time.time() * 1000)
        ledger.executemany(
            """INSERT INTO process_runs (base_url, run_id, connection, process_id, schedule, origin, status,
                is_open, outcome, created_at, modified_at, completed_at, first_seen_at, changed_at)
            VALUES (?, ?, 'canned', ?, ?, 'rule', 'complete', 0, 'succeeded', ?, ?, ?, ?, ?)""",
            ((base, f"{n:08x}{day:024x}", process_id(n), f"s{n:05d}", at, at + took, at + took, at, at + took)
             for n in range(schedules) for day in range(20)
             for at in [now - (day + 1) * 86_400_000] for took in [60_000 + 7_000 * ((n + day) % 31)]))


def bare_posts():
    """POSTs a second on fresh connections from a client that stores nothing."""
    text = subprocess.run(
        ["ab", "-q", "-n", "10000", "-c", "64", "-m", "POST",
         f"http://127.0.0.1:{PORT}/processes/{process_id(1)}/run"],
        capture_output=True, text=True, check=True).stdout
    rate = next(line.split()[3] for line in text.splitlines() if line.startswith("Requests per second"))
    latency = next(line.split()[1] for line in text.splitlines() if line.strip().startswith("50%"))
    return float(rate), int(latency)


def synced_writes(folder):
    """Synced 4 KiB writes a second on the ledger's disk."""
    fd = os.open(folder / "probe", os.O_WRONLY | os.O_CREAT)
    began, count = time.monotonic(), 0
    while time.monotonic() - began < 0.5:
        os.pwrite(fd, b"x" * 4096, 4096 * count)
        os.fdatasync(fd)
        count += 1
    os.close(fd)
    os.unlink(folder / "probe")
    return count / (time.monotonic() - began)


def processor_seconds(pid):
    """User and system time of a process; None where strace stands between."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def last_post(folder, due):
    """How long after the due second the last POST had come."""
    lines = (folder / "posts.log").read_text().split("\n")[:-1]
    return max(float(line.split()[0]) - float(line.split()[1]) for line in lines) - due


def ask(folder, sql):
    with sqlite3.connect(f"file:{folder}/carillon.db?mode=ro", uri=True, timeout=5) as database:
        return database.execute(sql).fetchall()


def wait_for_starts(folder, schedules, until):
    while time.time() < until:
        time.sleep(1)
        (started,), = ask(folder, "SELECT count(*) FROM slots WHERE disposition = 'started'")
        if started >= schedules:
            return
    print("not all were started in time", file=sys.stderr)


def report(folder, options, due, ab, latency, syncs, processor, megabytes):
    (began, ended, count), = ask(
        folder, "SELECT min(began_at), max(ended_at), count(*) FROM attempts WHERE state = 'started'")
    (attempts,), = ask(folder, "SELECT count(*) FROM attempts")
    lags = [row[0] for row in ask(
        folder, "SELECT a.ended_at - s.due_at FROM attempts a JOIN slots s USING (slot_id) "
                "WHERE a.state = 'started' ORDER BY 1")]
    seconds = max(1, ended - began) / 1000
    rate = count / seconds
    print(f"{count} of {options.schedules} started, {attempts} attempts, in {seconds:.2f} s: {rate:.0f} durable starts a second")
    if not options.slow_sync_ms:
        print(f"{processor / max(1, count) * 1e6:.0f} us of processor time a start, all of the daemon, "
              f"{processor:.2f} core-seconds, {megabytes:.0f} MB at most")
        print(f"the last POST came {last_post(folder, due):.3f} s after the due second")
    print(f"accepted after the due second: p50 {lags[len(lags) // 2]} ms, p99 {lags[len(lags) * 99 // 100]} ms, last {lags[-1]} ms")
    print(f"same minute: ab {ab:.0f} bare POSTs a second on fresh connections (p50 {latency} ms), ratio {rate / ab:.2f}")
    print(f"same minute: {syncs:.0f} synced 4 KiB writes a second on this disk, {rate / syncs:.2f} starts a sync")
    if options.slow_sync_ms:
        print(f"every fdatasync and fsync of the daemon delayed by {options.slow_sync_ms} ms")


def main():
    options = arguments()
    for tool in ["nginx", "ab"] + (["strace"] if options.slow_sync_ms else []):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: apt-get install nginx-light apache2-utils strace")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="carillon-starts-", dir=options.dir))
    os.chmod(folder, 0o755)
    write_api(folder, options.schedules)
    nginx = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.DEVNULL)
    daemon = None
    try:
        time.sleep(1)
        ab, latency = bare_posts()
        syncs = synced_writes(folder)
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=40)
        write_config(folder, options.schedules, due, options)
        command = [options.binary, "daemon", "--config", str(folder / "carillon.toml")]
        (folder / "posts.log").write_text("")
        os.chmod(folder / "posts.log", 0o666)
        if options.forecasts:
            first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            time.sleep(8)
            first.send_signal(signal.SIGTERM)
            first.wait()
            write_history(folder, options.schedules)
        if options.slow_sync_ms:
            delay = int(options.slow_sync_ms * 1000)
            command = ["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync,fsync",
                       "-e", f"inject=fdatasync,fsync:delay_exit={delay}"] + command
        log = open(folder / "daemon.log", "w")
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
        time.sleep(max(0, due.timestamp() - time.time() - 1))
        before = processor_seconds(daemon.pid)
        time.sleep(2)
        wait_for_starts(folder, options.schedules, due.timestamp() + options.within)
        report(folder, options, due.timestamp(), ab, latency, syncs,
               processor_seconds(daemon.pid) - before, peak_megabytes(daemon.pid))
    finally:
        for child in (daemon, nginx):
            if child:
                child.send_signal(signal.SIGTERM)
                child.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
