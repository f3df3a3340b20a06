# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 routes.py
# Prints day,rank,origin,dest,departures,mean delay for the ten routes with the highest mean delay of each UTC day; of
# equals, first by origin, then by destination.
import csv, sys

days = {}
for row in csv.DictReader(sys.stdin):
    if row["departure"]:
        routes = days.setdefault(row["departure"][:10] + "T00:00:00Z", {})
        routes.setdefault((row["origin"], row["dest"]), []).append(int(row["dep_delay"]))
for day, routes in sorted(days.items()):
    ranked = sorted((-sum(delays) / len(delays), route, len(delays)) for route, delays in routes.items())
    for rank, (mean, route, departures) in enumerate(ranked[:10], 1):
        print(day, rank, *route, departures, f"{-mean:.6f}", sep=",")
