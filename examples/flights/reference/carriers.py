# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 carriers.py
# Prints carrier,day,departures,share over 15 minutes late for each carrier and UTC day, sorted.
import csv, sys

delays = {}
for row in csv.DictReader(sys.stdin):
    if row["departure"]:
        key = row["carrier"], row["departure"][:10] + "T00:00:00Z"
        delays.setdefault(key, []).append(int(row["dep_delay"]))
for key, values in sorted(delays.items()):
    share = sum(delay > 15 for delay in values) / len(values)
    print(*key, len(values), f"{share:.6f}", sep=",")
