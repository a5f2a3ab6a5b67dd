#!/usr/bin/env python3
"""Makes the oracle tables of the Timetable tests, independently of our code.

    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install numpy holidays
    /tmp/oracle/bin/python make_fixtures.py

business_days.tsv   numpy's busday functions on the holidays of the `holidays` package
holidays.tsv        the holidays themselves, by calendar
offsets.tsv         zone offsets by Python's zoneinfo (the system's tzdata)
"""
import datetime
import pathlib
import random
import zoneinfo

import holidays
import numpy

HERE = pathlib.Path(__file__).parent
YEARS = range(2024, 2031)
CALENDARS = {
    "us": (holidays.country_holidays("US", years=YEARS), "1111100"),
    "nyse": (holidays.financial_holidays("NYSE", years=YEARS), "1111100"),
    "de-by": (holidays.country_holidays("DE", subdiv="BY", years=YEARS), "1111100"),
    "gb": (holidays.country_holidays("GB", subdiv="ENG", years=YEARS), "1111100"),
    "sa": (holidays.country_holidays("SA", years=YEARS), "1111001"),  # weekend Friday, Saturday
    "il": (holidays.country_holidays("IL", years=YEARS), "1111001"),
    "plain": ({}, "1111100"),
}


def write(name, header, rows):
    lines = ["\t".join(header)] + ["\t".join(str(cell) for cell in row) for row in rows]
    (HERE / name).write_text("\n".join(lines) + "\n")
    print(name, len(rows))


def business_days():
    listed, rows = [], []
    for name, (days, mask) in CALENDARS.items():
        # numpy's weekmask starts on Monday; ours names weekend days, Sunday = 0.
        weekend = ",".join(str((i + 1) % 7) for i, c in enumerate(mask) if c == "0")
        for day in sorted(days):
            listed.append((name, weekend, day.isoformat(), days[day].replace("\t", " ")))
        if not days:
            listed.append((name, weekend, "", ""))
        calendar = numpy.busdaycalendar(weekmask=mask, holidays=sorted(days))
        for year in YEARS:
            for month in range(1, 13):
                first = numpy.datetime64(f"{year}-{month:02d}-01")
                after = (first.astype("datetime64[M]") + 1).astype("datetime64[D]")
                count = int(numpy.busday_count(first, after, busdaycal=calendar))
                cells = []
                for n in (1, 2, 3, 5, 10, count, count + 1):
                    day = numpy.busday_offset(first, n - 1, roll="forward", busdaycal=calendar)
                    cells.append(f"{n}={day if day < after else '-'}")
                for n in (1, 2, 5, count, count + 1):
                    day = numpy.busday_offset(after, -n, roll="forward", busdaycal=calendar)
                    cells.append(f"-{n}={day if day >= first else '-'}")
                rolls = []
                for d in numpy.arange(first, after):
                    if not numpy.is_busday(d, busdaycal=calendar):
                        ahead = numpy.busday_offset(d, 0, roll="forward", busdaycal=calendar)
                        back = numpy.busday_offset(d, 0, roll="backward", busdaycal=calendar)
                        rolls.append(f"{d}>{ahead}<{back}")
                rows.append((name, f"{year}-{month:02d}", ",".join(cells), ",".join(rolls)))
    write("holidays.tsv", ("calendar", "weekend", "date", "name"), listed)
    write("business_days.tsv", ("calendar", "month", "nth", "rolls"), rows)


def offsets():
    chance = random.Random(20261124)
    names = sorted(zoneinfo.available_timezones())
    names = [n for n in names if not n.startswith(("right/", "posix")) and n not in ("localtime", "Factory")]
    special = ["Europe/Dublin", "Antarctica/Troll", "America/Nuuk", "Asia/Gaza", "Africa/Casablanca",
               "Africa/El_Aaiun", "Australia/Lord_Howe", "Pacific/Apia", "America/Scoresbysund"]
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    low = int((datetime.datetime(1850, 1, 1, tzinfo=datetime.timezone.utc) - epoch).total_seconds())
    high = int((datetime.datetime(2600, 1, 1, tzinfo=datetime.timezone.utc) - epoch).total_seconds())
    rows = []
    for name in names + special * 20:
        zone = zoneinfo.ZoneInfo(name)
        cells = []
        for _ in range(6):
            seconds = chance.randrange(low, high)
            offset = (epoch + datetime.timedelta(seconds=seconds)).astimezone(zone).utcoffset()
            cells.append(f"{seconds}={int(offset.total_seconds())}")
        rows.append((name, ",".join(cells)))
    write("offsets.tsv", ("zone", "seconds=offset"), rows)


business_days()
offsets()
