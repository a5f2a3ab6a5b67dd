#!/usr/bin/env python3
"""The front page of a filled ledger in a real Chromium: what it shows is what the ledger says.

    growth/page.py [--binary F] [--slots 100000]

Lets the given build make a ledger, fills it, and lets Chromium load the page. Ends with 1 and the
difference if the page shows other slots, results or sums than the ledger has. Says so and ends with 0
where there is no Chromium.
"""
import argparse
import html
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def draw(address):
    """The page's elements once it is loaded, and how long all of that took."""
    with tempfile.TemporaryDirectory(prefix="carillon-chromium-") as home:
        began = time.monotonic()
        drawn = subprocess.run(
            [chromium(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}",
             "--dump-dom", address], capture_output=True, text=True, timeout=300)
        return drawn.stdout, time.monotonic() - began


def section(dom, name):
    found = re.search(rf'<section[^>]*aria-labelledby="{name}".*?</section>', dom, re.S)
    return found.group(0) if found else ""


def differences(dom, database):
    """What the page shows otherwise than the ledger has it, in words."""
    ledger = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    wrong = []

    def compare(what, shown, known):
        if shown != known:
            wrong.append(f"{what}: the page shows {shown}, the ledger has {known}")

    rows = ledger.execute(
        """SELECT slot_id, schedule, coalesce(outcome, disposition) FROM history
        ORDER BY slot_at DESC, slot_id DESC LIMIT 15""").fetchall()
    shown = re.findall(
        r'<td><a href="/slots/(\d+)">.*?</td>\s*<td>(.*?)</td>\s*<td><span class="pill[^"]*">(.*?)</span>',
        section(dom, "history"), re.S)
    compare("the newest slots", [(int(key), html.unescape(name)) for key, name, _ in shown],
            [(key, name) for key, name, _ in rows])
    compare("their results", [result for _, _, result in shown], [result for _, _, result in rows])
    schedules, = ledger.execute("SELECT count(*) FROM schedules WHERE state <> 'removed'").fetchone()
    compare("schedules", re.findall(r"<b[^>]*>(\d+)</b> schedules", dom), [str(schedules)])
    needed, = ledger.execute("SELECT count(*) FROM attention").fetchone()
    compare("what needs a person", len(re.findall(r"<li>", section(dom, "attention"))), min(needed, 500))
    today, = ledger.execute(
        "SELECT coalesce(sum(started), 0) FROM day_sums WHERE day = date('now')").fetchone()
    compare("started today", re.findall(r"<b[^>]*>(\d+)</b> started today", dom), [str(today)])
    names = re.findall(r'<td><a href="/schedules/([^"]*)"><b>', section(dom, "schedules"))
    compare("rows of schedules", len(names), min(schedules, 50))
    strips = re.findall(r'<svg class="strip".*?</svg>', section(dom, "schedules"), re.S)
    for name, strip in list(zip(names, strips))[:3]:
        known = ledger.execute(
            """SELECT day || ': ' || started || ' started, ' || (skipped + coalesced + cancelled)
                || ' skipped, ' || (missed + expired + failed + runs_failed + runs_attention + runs_lost)
                || ' in trouble'
            FROM day_sums WHERE schedule = ? AND day > date('now', '-28 days') ORDER BY day""",
            (name,)).fetchall()
        compare(f"the last days of {name}", re.findall(r"<title>(.*?)</title>", strip),
                [words for words, in known])
    if section(dom, "timeline").count("<rect") < 100:
        wrong.append("the timeline is empty")
    return wrong


def loaded(port, database):
    """How long Chromium takes for the page beyond its own start, the median of five; exits where the
    page is wrong."""
    own = statistics.median(draw("about:blank")[1] for _ in range(3))
    times = []
    for _ in range(5):
        dom, took = draw(f"http://127.0.0.1:{port}/")
        times.append(took - own)
        wrong = differences(dom, database)
        if wrong:
            raise SystemExit("\n".join(wrong))
    return max(0.0, statistics.median(times))


def main():
    import measure
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", default=str(HERE.parent.parent / ".build/release/carillon"))
    parser.add_argument("--slots", type=int, default=100_000)
    options = parser.parse_args()
    if not chromium():
        print("skipped: there is no Chromium on this machine")
        return
    with tempfile.TemporaryDirectory(prefix="carillon-growth-") as folder:
        folder = pathlib.Path(folder)
        port = measure.make(options.binary, folder, options.slots)
        daemon, _ = measure.start(options.binary, folder, port)
        try:
            took = loaded(port, folder / "carillon.db")
        finally:
            measure.stop(daemon)
    print(f"{options.slots:,} slots: the page shows what the ledger has, {took:.2f} s in Chromium")


if __name__ == "__main__":
    sys.exit(main())
