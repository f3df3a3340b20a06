# SPDX-License-Identifier: BSD-3-Clause
# What departures are joined with, as plain dictionaries: aircraft, airports, and the weather of each airport by time.
import bisect, csv, os, subprocess

data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")


def table(name, key):
    with open(os.path.join(data, name), newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


planes, airports = table("planes.csv", "tailnum"), table("airports.csv", "faa")
observed = subprocess.run(["zstd", "-dcq", os.path.join(data, "weather.csv.zst")], check=True, capture_output=True, text=True)
weather = {}
for row in csv.DictReader(observed.stdout.splitlines()):
    times, rows = weather.setdefault(row["origin"], ([], []))
    assert not times or times[-1] < row["at"]
    times.append(row["at"])
    rows.append(row)


def joined(flights):
    """Yields each departure with its aircraft, its destination and the newest observation that wasn't after it."""
    for flight in csv.DictReader(flights):
        if not flight["departure"]:
            continue
        times, rows = weather[flight["origin"]]
        newest = bisect.bisect_right(times, flight["departure"]) - 1
        yield flight, planes.get(flight["tailnum"], {}), airports.get(flight["dest"], {}), rows[newest] if newest >= 0 else {}
