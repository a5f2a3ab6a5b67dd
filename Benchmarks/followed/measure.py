#!/usr/bin/env python3
"""What many open runs cost the real daemon: memory, processor, requests and rows written.

Fills a ledger with open runs that were read over the last six hours, starts the daemon against a
canned API on loopback (lists of a thousand processes a page), and looks at /proc.

    followed/measure.py [--binary F] [--runs 100000] [--seconds 120]

Prints the resident memory (now and at its highest), the processor's share between two lists and
while a list is read, and what was asked and written meanwhile.
"""
import argparse
import http.server
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
POLL_MAX_MS = 6 * 3_600_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", default=str(HERE.parent.parent / ".build/release/carillon"))
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=120)
    return parser.parse_args()


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


class World:
    """The API: one open run a process, none of which ever changes."""

    def __init__(self, runs):
        self.runs = runs
        self.created = int(time.time() * 1000) - 7 * 86_400_000
        self.asked = {"token": 0, "list": 0, "run": 0}
        self.last_list = 0.0
        self.pages = [self.page(number) for number in range((runs + 999) // 1000)]

    def action(self):
        return {"dateTime": stamp(self.created), "user": {"id": "V1ZVdXNlchNXb3JraXZhLVVzZXIx"}}

    def page(self, number):
        items = [{
            "id": f"{n:032x}", "name": f"Process {n}", "autoClose": True, "certAutoApprove": False,
            "relativeDates": False, "revision": 1, "created": self.action(), "modified": self.action(),
            "run": {
                "id": f"{n + (1 << 100):032x}", "process": f"{n:032x}", "name": f"Process {n} - Run",
                "status": "running", "created": self.action(), "modified": self.action(),
                "managerUser": "V1ZVdXNlchNXb3JraXZhLVVzZXIx", "statusCounts": None},
        } for n in range(number * 1000, min(self.runs, number * 1000 + 1000))]
        body = {"data": items}
        if (number + 1) * 1000 < self.runs:
            body["@nextLink"] = f"/processes?%24next={number + 1}"
        return json.dumps(body).encode()

    def run(self, run):
        counts = {"waiting": 2, "running": 1}
        job = {"status": "running", "actionStatus": "running", "action": "sendTask", "ordinal": 0,
               "arguments": {"type": "sendTask", "sendTaskArgs": {"title": "Reconcile"}}}
        children = [{"type": "job", "job": dict(job, id=f"{run}-{n}")} for n in range(3)]
        number = int(run, 16) - (1 << 100)
        return json.dumps({
            "id": run, "process": f"{number:032x}", "name": f"Process {number} - Run",
            "status": "running", "created": self.action(), "modified": self.action(),
            "statusCounts": counts, "revision": 1,
            "root": {"id": f"{run}-r", "name": "Root", "status": "running", "statusCounts": counts,
                     "children": children}}).encode()


def serve(world):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            world.asked["token"] += 1
            self.answer(json.dumps({
                "access_token": "t", "expires_in": 599, "scope": "file:read file:write",
                "token_type": "Bearer"}).encode())

        def do_GET(self):
            if self.path.startswith("/processes"):
                world.asked["list"] += 1
                world.last_list = time.monotonic()
                page = self.path.rpartition("next=")[2] if "next=" in self.path else "0"
                self.answer(world.pages[int(page)])
            else:
                world.asked["run"] += 1
                self.answer(world.run(self.path.rpartition("/")[2].partition("?")[0]))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def fill(database, world, base):
    now = int(time.time() * 1000)
    tree = json.dumps({"name": "Root", "status": "running", "children": []})
    rows = ((
        base, f"{n + (1 << 100):032x}", "api", f"{n:032x}", "external", f"Process {n} - Run",
        "V1ZVdXNlchNXb3JraXZhLVVzZXIx", "running", 1, "active", '{"running":1,"waiting":2}',
        '{"running":3}', 1, world.created, world.created, now, now,
        now - POLL_MAX_MS * n // world.runs, now - POLL_MAX_MS * n // world.runs + POLL_MAX_MS,
        POLL_MAX_MS, tree) for n in range(world.runs))
    with sqlite3.connect(database) as connection:
        connection.executemany(
            "INSERT INTO process_runs (base_url, run_id, connection, process_id, origin, name, user_id, "
            "status, is_open, outcome, counts, job_counts, revision, created_at, modified_at, first_seen_at, "
            "changed_at, last_polled_at, next_poll_at, poll_gap_ms, tree) "
            f"VALUES ({', '.join('?' * 21)})", rows)
    connection.close()


def start(binary, folder):
    log = open(f"{folder}/log", "ab")
    return subprocess.Popen(
        [binary, "daemon", "--config", f"{folder}/carillon.toml"], stdout=log, stderr=log)


def memory(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    values = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return [int(values[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM")]


def processor(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def written(pid):
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(dict(line.split(": ") for line in text.splitlines())["write_bytes"])


def watch(daemon, world, seconds):
    """Processor share between lists and during them, over some seconds after the first list."""
    quiet = busy = quiet_cpu = busy_cpu = 0.0
    end = time.monotonic() + seconds
    asked, bytes_before = dict(world.asked), written(daemon.pid)
    while time.monotonic() < end and daemon.poll() is None:
        cpu, at, lists = processor(daemon.pid), time.monotonic(), world.asked["list"]
        time.sleep(1)
        spent, passed = processor(daemon.pid) - cpu, time.monotonic() - at
        if world.asked["list"] == lists:
            quiet, quiet_cpu = quiet + passed, quiet_cpu + spent
        else:
            busy, busy_cpu = busy + passed, busy_cpu + spent
    now, highest = memory(daemon.pid)
    print(f"resident {now:.0f} MB, at most {highest:.0f} MB")
    print(f"between lists {100 * quiet_cpu / max(quiet, 1):.1f} % of a core over {quiet:.0f} s")
    if busy:
        print(f"while a list is read {100 * busy_cpu / busy:.1f} % of a core over {busy:.0f} s")
    counts = {key: world.asked[key] - asked[key] for key in asked}
    print(f"asked {counts}, written {(written(daemon.pid) - bytes_before) / 1e6:.1f} MB")


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="carillon-followed-")
    world = World(options.runs)
    server = serve(world)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    pathlib.Path(f"{folder}/secret").write_text("s\n")
    os.chmod(f"{folder}/secret", 0o600)
    pathlib.Path(f"{folder}/carillon.toml").write_text(f"""version = 1
[daemon]
database = "{folder}/carillon.db"
control_socket = "{folder}/control.sock"
[connections.api]
base_url = "{base}"
client_id = "c"
client_secret = {{ file = "{folder}/secret" }}
[schedules.idle]
process = "idle"
timezone = "UTC"
cron = "0 0 1 1 *"
""")
    daemon = start(options.binary, folder)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not os.path.exists(f"{folder}/control.sock"):
            time.sleep(0.1)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        fill(f"{folder}/carillon.db", world, base)
        world.last_list = 0.0
        began = time.monotonic()
        daemon = start(options.binary, folder)
        # The first list has come to its end when no page has been asked for some seconds.
        while daemon.poll() is None and (
                world.last_list == 0 or time.monotonic() - world.last_list < 5):
            time.sleep(0.5)
        print(f"{options.runs} open runs; the first list was read after {time.monotonic() - began - 5:.0f} s")
        watch(daemon, world, options.seconds)
    finally:
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(60)
        server.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if daemon.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
