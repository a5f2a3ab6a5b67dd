#!/usr/bin/env python3
"""What a daemon with many daily schedules takes while nothing is due.

    growth/idle.py [--binary F] [--schedules 10,1000]

Two cases for each number of schedules: all of them at one instant fourteen hours ahead, so that nothing is
to be done, and at one instant 11½ hours ahead, so that the checks that run ahead of each slot (`preflight`,
12 hours) are going on. The API is `carillon sandbox` on loopback. Prints the resident memory five seconds
after the start, and the core-seconds and requests of the minute after that.
"""
import argparse
import datetime
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time

import measure

PROCESSES = [
    "51bcc3ec3d0b4aadb69659e2a7ed767b",
    "0c9a4b7e2f5d4f61a3b8c7d6e5f40312",
    "8d1f6a02c4e94b7f9d3e5a6b7c8d9e0f",
]


def configure(folder, port, api, schedules, hours):
    (folder / "secret").write_text("sandbox-secret\n")
    os.chmod(folder / "secret", 0o600)
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    lines = [f"""version = 1
[daemon]
database = "{folder}/carillon.db"
control_socket = "{folder}/control.sock"
http = "127.0.0.1:{port}"
[defaults]
timezone = "UTC"
overlap = "allow"
[connections.prod]
base_url = "http://127.0.0.1:{api}"
api_version = "2026-04-01.processes.preview"
client_id = "sandbox-client"
client_secret = {{ file = "{folder}/secret" }}
"""]
    lines += [
        f'[schedules.s{number}]\nprocess = "{PROCESSES[number % len(PROCESSES)]}"\n'
        f'cron = "{due.minute} {due.hour} * * *"\n'
        for number in range(schedules)
    ]
    (folder / "carillon.toml").write_text("".join(lines))


def resident(daemon):
    status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def checked(folder):
    ledger = sqlite3.connect(f"file:{folder}/carillon.db?mode=ro", uri=True)
    return ledger.execute("SELECT count(*) FROM preflights WHERE passed_at IS NOT NULL").fetchone()[0]


def seen(binary, schedules, hours):
    with tempfile.TemporaryDirectory(prefix="carillon-idle-") as name:
        folder = pathlib.Path(name)
        (port, api) = (measure.free_port(), measure.free_port())
        configure(folder, port, api, schedules, hours)
        sandbox = subprocess.Popen(
            [binary, "sandbox", "--port", str(api)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        daemon = None
        try:
            daemon, _ = measure.start(binary, folder, port)
            time.sleep(5)
            memory = resident(daemon)
            (before, checks) = (measure.cores(daemon), checked(folder))
            time.sleep(60)
            return memory, measure.cores(daemon) - before, checked(folder) - checks
        finally:
            if daemon:
                measure.stop(daemon)
            sandbox.kill()
            sandbox.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--binary", default=str(measure.HERE.parent.parent / ".build/release/carillon"))
    parser.add_argument("--schedules", default="10,1000")
    asked = parser.parse_args()
    print("| schedules | due in | resident after 5 s, MB | core-seconds a minute | checks in it |")
    print("|---|---|---|---|---|")
    for schedules in (int(word) for word in asked.schedules.split(",")):
        for hours in (14, 11.5):
            memory, cores, checks = seen(asked.binary, schedules, hours)
            print(f"| {schedules} | {hours:g} h | {memory:.1f} | {cores:.2f} | {checks} |", flush=True)


if __name__ == "__main__":
    main()
