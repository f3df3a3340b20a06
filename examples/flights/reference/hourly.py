# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 hourly.py
# Prints origin,hour,departures,mean delay,worst delay,cancelled by airport and UTC hour, sorted.
import csv, sys

delays, cancelled = {}, {}
for row in csv.DictReader(sys.stdin):
    key = row["origin"], (row["departure"] or row["scheduled"])[:13] + ":00:00Z"
    delays.setdefault(key, []).extend([int(row["dep_delay"])] if row["departure"] else [])
    cancelled[key] = cancelled.get(key, 0) + (row["kind"] == "cancelled")
for key, values in sorted(delays.items()):
    mean, worst = (f"{sum(values) / len(values):.6f}", max(values)) if values else ("", "")
    print(*key, len(values), mean, worst, cancelled[key], sep=",")
