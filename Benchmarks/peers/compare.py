#!/usr/bin/env python3
"""Our next() against the peers', in one run on one machine: the ratios are what counts.

    python3 Benchmarks/peers/compare.py            # as root, for apt-get

Installs what it needs: cronsim and croniter from PyPI into a virtual environment under
Benchmarks/.build-peers, robfig/cron (what Kubernetes uses) as Debian's package. Each figure is the
best of several repeats of a chain of calls from 2026-03-01 on, and the engines take turns. Then it
counts our instructions and allocations per call with valgrind, which no other load can disturb.
"""
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / ".build-peers"
ZONES = ("UTC", "America/New_York")
ROUNDS = 3

PYTHON_PEER = r"""
import datetime, sys, time, zoneinfo
engine = sys.argv[1]
if engine == "cronsim":
    from cronsim import CronSim
    chain = lambda text, start: iter(CronSim(text, start)).__next__
else:
    from croniter import croniter
    def chain(text, start):
        iterator = croniter(text, start)
        return lambda: iterator.get_next(datetime.datetime)
for line in sys.stdin:
    zone, text = line.rstrip("\n").split("\t")
    start = datetime.datetime(2026, 3, 1, tzinfo=zoneinfo.ZoneInfo(zone))
    best, count = 1e18, 60
    for _ in range(5):
        step = chain(text, start)
        begin = time.perf_counter_ns()
        for _ in range(count):
            step()
        best = min(best, (time.perf_counter_ns() - begin) / count)
    print(zone, text, best, sep="\t", flush=True)
"""


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options).stdout


def prepare():
    WORK.mkdir(exist_ok=True)
    venv = WORK / "venv"
    if not (venv / "bin/python").exists():
        run(sys.executable, "-m", "venv", venv)
    run(venv / "bin/pip", "install", "-q", "cronsim", "croniter", "tzdata")
    source = pathlib.Path("/usr/share/gocode/src/github.com/robfig/cron")
    if not source.exists():
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "golang-go", "golang-github-robfig-cron-dev",
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    go = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
          "GOCACHE": str(WORK / "go-cache")}
    run("go", "build", "-o", WORK / "robfig", HERE / "robfig/main.go", env=go)
    run("swift", "build", "-c", "release", "--product", "timetable-peer", cwd=ROOT)
    binary = ROOT / ".build/release/timetable-peer"
    return {
        "carillon": [binary, "time"],
        "robfig": [WORK / "robfig"],
        "cronsim": [venv / "bin/python", "-c", PYTHON_PEER, "cronsim"],
        "croniter": [venv / "bin/python", "-c", PYTHON_PEER, "croniter"],
    }


def measure(engines, texts):
    questions = "".join(f"{zone}\t{text}\n" for zone in ZONES for text in texts)
    best = {}
    for _ in range(ROUNDS):
        for engine, command in engines.items():
            for line in run(*command, input=questions).splitlines():
                zone, text, ns = line.split("\t")
                key = (engine, zone, text)
                best[key] = min(best.get(key, 1e18), float(ns))
    return best


def report(engines, texts, best):
    rows = []
    for zone in ZONES:
        ours = statistics.median(best["carillon", zone, text] for text in texts)
        for engine in engines:
            values = [best[engine, zone, text] for text in texts]
            ratios = [best[engine, zone, t] / best["carillon", zone, t] for t in texts]
            rows.append({
                "zone": zone, "engine": engine,
                "median_ns": round(statistics.median(values), 1),
                "max_ns": round(max(values), 1),
                "median_ratio": round(statistics.median(values) / ours, 1),
                "geometric_ratio": round(statistics.geometric_mean(ratios), 1),
                "smallest_ratio": round(min(ratios), 1),
            })
            print("{zone:18}{engine:10} median {median_ns:>10} ns   max {max_ns:>10} ns   "
                  "ratio of medians {median_ratio:>8}   mean ratio {geometric_ratio:>8}   "
                  "smallest {smallest_ratio:>8}".format(**rows[-1]))
    return rows


def counts(binary, text, zone):
    """Instructions and allocations per call: the difference of a long and a short run."""
    def one(calls):
        out = WORK / "callgrind.out"
        loop = [binary, "loop", zone, text, str(calls)]
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *loop],
            check=True, text=True, capture_output=True).stderr
        instructions = int(re.search(r"Collected : (\d+)", done)[1])
        done = subprocess.run(
            ["valgrind", *loop], check=True, text=True, capture_output=True).stderr
        heap = re.search(r"total heap usage: ([\d,]+) allocs", done)
        return instructions, int(heap[1].replace(",", ""))

    short, long = one(1000), one(21_000)
    return (long[0] - short[0]) / 20_000, (long[1] - short[1]) / 20_000


def main():
    texts = (HERE / "expressions.txt").read_text().splitlines()
    engines = prepare()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, "
          f"{datetime.datetime.now():%Y-%m-%d}")
    rows = report(engines, texts, measure(engines, texts))
    for zone in ZONES:
        for text in ("*/15 9-17 * * 1-5", "0 6 * * 1-5", "0 0 29 2 *"):
            instructions, allocations = counts(engines["carillon"][0], text, zone)
            rows.append({"zone": zone, "expression": text, "instructions": round(instructions),
                         "allocations": allocations})
            print(f"{zone:18}{text:20} {instructions:8.0f} instructions and "
                  f"{allocations:g} allocations per call")
    (WORK / "result.json").write_text(json.dumps(rows, indent=1))


main()
