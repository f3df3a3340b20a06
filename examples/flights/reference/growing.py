# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 growing.py
# Prints tailnum,began,ended,first delay,last delay for each four legs in a row of an aircraft, all within 48 hours,
# of which three had a longer delay than the one before; the next four begin behind them.
import csv, sys
from datetime import datetime, timedelta

legs = {}
for row in csv.DictReader(sys.stdin):
    if row["departure"] and row["tailnum"]:
        legs.setdefault(row["tailnum"], []).append((row["departure"], int(row["dep_delay"])))
for tailnum, flown in sorted(legs.items()):
    flown.sort(key=lambda leg: leg[0])  # stable: in the order of the reports where it is the same minute
    i = 0
    while i + 3 < len(flown):
        (began, first), *_, (ended, last) = four = flown[i : i + 4]
        span = datetime.fromisoformat(ended[:-1]) - datetime.fromisoformat(began[:-1])
        if all(a[1] < b[1] for a, b in zip(four, four[1:])) and span < timedelta(hours=48):
            print(tailnum, began, ended, first, last, sep=",")
            i += 4
        else:
            i += 1
