#!/usr/bin/env python3
"""What grows with history: reads of people, pages and scrapers on ledgers of three sizes.

Lets the given build make an empty ledger, fills it with ended slots, and measures the commands, the
daemon's start, its pages and its memory. No API is behind it: nothing is due.

    growth/measure.py [--binary F] [--slots 10000,100000,1000000]

Prints one table: a row for each read, a column for each size, and how the largest compares with the
smallest. Commands and queries are medians of five, pages the slowest but one of twenty (p95); memory is
the highest resident size. On a shared machine the rows of processor time (the daemon's or the
command's, of one read) are those to compare. With Chromium on the machine the front page is drawn by it,
and compared with the ledger (page.py).
"""
import argparse
import multiprocessing
import os
import pathlib
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import fill
import page

HERE = pathlib.Path(__file__).resolve().parent
COMMANDS = [["runs", "-n", "20"], ["schedules"], ["history", "-n", "20"], ["status"], ["attention"]]
QUERIES = [
    "select schedule, slot_local, disposition, reason from history order by slot_at desc limit 20",
    "select * from daily",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configure(folder, port):
    (folder / "secret").write_text("s\n")
    os.chmod(folder / "secret", 0o600)
    lines = [f"""version = 1
[daemon]
database = "{folder}/carillon.db"
control_socket = "{folder}/control.sock"
http = "127.0.0.1:{port}"
[connections.prod]
base_url = "http://127.0.0.1:9"
client_id = "c"
client_secret = {{ file = "{folder}/secret" }}
"""]
    for number in range(fill.SCHEDULES):
        lines.append(f"""[schedules.{fill.name(number)}]
process = "{number:032x}"
cron = "0 0 1 1 *"
timezone = "UTC"
""")
    (folder / "carillon.toml").write_text("".join(lines))


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=300) as answer:
        return answer.read()


def start(binary, folder, port):
    """Starts the daemon, waits for its first page, and says how long that took."""
    log = open(folder / "log", "ab")
    began = time.monotonic()
    daemon = subprocess.Popen(
        [binary, "daemon", "--config", str(folder / "carillon.toml")], stdout=log, stderr=log)
    while daemon.poll() is None:
        try:
            get(port, "/healthz")
            return daemon, time.monotonic() - began
        except OSError:
            time.sleep(0.02)
    raise SystemExit((folder / "log").read_text()[-2000:])


def stop(daemon):
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()


def peak(daemon):
    text = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) / 1024


def seconds(read, count, rest=0.0):
    times = []
    for _ in range(count):
        began = time.monotonic()
        read()
        times.append(time.monotonic() - began)
        time.sleep(rest)
    return sorted(times)


def median(read):
    return statistics.median(seconds(read, 5))


def p95(rows, what, daemon, read):
    """Twenty reads of a page, which is read anew after a second."""
    before = cores(daemon)
    rows[f"{what}, p95, s"] = seconds(read, 20, rest=1.05)[-2]
    rows[f"{what}, processor time, s"] = (cores(daemon) - before) / 20


def cores(daemon):
    """The core-seconds of a process so far."""
    fields = pathlib.Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(daemon):
    """What it takes in a minute in which nobody asks for anything."""
    before = cores(daemon)
    time.sleep(30)
    return 2 * (cores(daemon) - before)


# A process that is small: what it starts is said to have had at least its own memory.
RUNNER = """
import os, sys, time
silence = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
began = time.monotonic()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silence)
_, status, used = os.wait4(child, 0)
print(time.monotonic() - began, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(command):
    """Runs a command and says how many seconds it took, how many MB it had at most, and its processor time."""
    done = subprocess.run([sys.executable, "-c", RUNNER, *command], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}")
    return tuple(float(word) for word in done.stdout.split())


def make(binary, folder, slots):
    """A ledger that the daemon has made, and the port that it is configured to answer at."""
    port = free_port()
    configure(folder, port)
    stop(start(binary, folder, port)[0])
    # In a process of its own: the memory of one that was forked counts as that of what it runs.
    filling = multiprocessing.get_context("spawn").Process(
        target=fill.fill, args=(str(folder / "carillon.db"), slots, int(time.time() * 1000)))
    filling.start()
    filling.join()
    if filling.exitcode:
        raise SystemExit(f"filling ended with {filling.exitcode}")
    return port


def measure(binary, folder, port):
    rows = {"ledger, MB": (folder / "carillon.db").stat().st_size / 1e6}
    daemon, rows["start until it answers, s"] = start(binary, folder, port)
    rows["start, core-seconds"] = cores(daemon)
    rows["idle, core-seconds a minute"] = idle(daemon)
    p95(rows, "dashboard's first page", daemon, lambda: get(port, "/"))
    p95(rows, "/metrics", daemon, lambda: get(port, "/metrics"))
    if page.chromium():
        rows["first page in Chromium, s"] = page.loaded(port, folder / "carillon.db")
    rows["daemon's memory, MB"] = peak(daemon)
    (sizes, costs) = ([], [])
    for words in COMMANDS:
        used = [run([binary, *words, "--config", str(folder / "carillon.toml")]) for _ in range(5)]
        rows["carillon " + " ".join(words) + ", s"] = statistics.median(took for took, _, _ in used)
        sizes.append(max(size for _, size, _ in used))
        costs.append(statistics.median(cost for _, _, cost in used))
    rows["largest command, MB"] = max(sizes)
    rows["costliest command, processor time, s"] = max(costs)
    daemon.kill()
    daemon.wait()
    daemon, rows["start after kill -9 until it answers, s"] = start(binary, folder, port)
    stop(daemon)
    ledger = sqlite3.connect(f"file:{folder}/carillon.db?mode=ro", uri=True)
    for query in QUERIES:
        rows[query.replace("schedule, slot_local, disposition, reason", "…") + ", s"] = median(
            lambda: ledger.execute(query).fetchall())
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", default=str(HERE.parent.parent / ".build/release/carillon"))
    parser.add_argument("--slots", default="10000,100000,1000000")
    options = parser.parse_args()
    sizes = [int(size) for size in options.slots.split(",")]
    columns = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="carillon-growth-") as folder:
            port = make(options.binary, pathlib.Path(folder), size)
            columns.append(measure(options.binary, pathlib.Path(folder), port))
    print(f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores", file=sys.stderr)
    print("| | " + " | ".join(f"{size:,}" for size in sizes) + " | growth |")
    print("|---" * (len(sizes) + 2) + "|")
    for row in columns[0]:
        values = [column[row] for column in columns]
        growth = values[-1] / values[0] if values[0] else 0
        print(f"| {row} | " + " | ".join(f"{value:.3g}" for value in values) + f" | × {growth:.1f} |")


if __name__ == "__main__":
    main()
