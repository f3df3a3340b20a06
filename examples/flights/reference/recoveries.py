# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 recoveries.py
# Prints origin,carrier,first cancelled,second cancelled,departed for each two cancellations in a row of a carrier at an
# airport, by scheduled time, and the first departure behind them, all within 30 minutes; the next begin behind it.
import csv, sys
from datetime import datetime, timedelta

seen = {}
for row in csv.DictReader(sys.stdin):
    cancelled = row["kind"] == "cancelled"
    at = row["scheduled"] if cancelled else row["departure"]
    seen.setdefault((row["origin"], row["carrier"]), []).append((datetime.fromisoformat(at[:-1]), at, cancelled))
for key, flights in sorted(seen.items()):
    flights.sort(key=lambda f: f[0])
    start = 0
    while start < len(flights):
        began = flights[start][0]
        window = []
        if flights[start][2]:
            window = [i for i in range(start, min(start + 500, len(flights))) if flights[i][0] - began < timedelta(minutes=30)]
        second = next((i for i in window[1:] if flights[i][2]), None)
        left = second and next((i for i in window if i > second and not flights[i][2]), None)
        if left:
            print(*key, flights[start][1], flights[second][1], flights[left][1], sep=",")
            start = left + 1
        else:
            start += 1
