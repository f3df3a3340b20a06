# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 quantiles.py
# Prints hour,departures,p50,p90,p99 of the delays for each UTC hour, sorted: the delay of rank floor(q * (n - 1)).
import csv, sys

hours = {}
for row in csv.DictReader(sys.stdin):
    if row["departure"]:
        hours.setdefault(row["departure"][:13] + ":00:00Z", []).append(int(row["dep_delay"]))
for hour, delays in sorted(hours.items()):
    delays.sort()
    print(hour, len(delays), *(delays[int(q * (len(delays) - 1))] for q in (0.5, 0.9, 0.99)), sep=",")
