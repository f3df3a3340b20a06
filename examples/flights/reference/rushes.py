# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 rushes.py
# Prints carrier,first departure,last departure,departures,worst delay for each run of a carrier's departures that are
# at most ten minutes apart, if it has at least 20, sorted.
import csv, datetime, sys

departures = {}
for row in csv.DictReader(sys.stdin):
    if row["departure"]:
        at = datetime.datetime.strptime(row["departure"], "%Y-%m-%dT%H:%M:%SZ")
        departures.setdefault(row["carrier"], []).append((at, int(row["dep_delay"])))
rows = []
for carrier, all_of_it in departures.items():
    runs = []
    for at, delay in sorted(all_of_it):
        if not runs or at - runs[-1][-1][0] > datetime.timedelta(minutes=10):
            runs.append([])
        runs[-1].append((at, delay))
    for run in runs:
        if len(run) >= 20:
            ends = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (run[0][0], run[-1][0]))
            rows.append(",".join([carrier, *ends, str(len(run)), str(max(delay for _, delay in run))]))
print("\n".join(sorted(rows)))
