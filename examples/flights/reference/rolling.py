# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 rolling.py
# Prints origin,start,departures,mean delay for each airport and stretch of six hours, one every ten minutes, sorted.
import calendar, csv, sys, time

bins = {}
for row in csv.DictReader(sys.stdin):
    if row["departure"]:
        seconds = calendar.timegm(time.strptime(row["departure"], "%Y-%m-%dT%H:%M:%SZ"))
        bins.setdefault(row["origin"], {}).setdefault(seconds // 600, []).append(int(row["dep_delay"]))
for origin, by_bin in sorted(bins.items()):
    for first in range(min(by_bin) - 35, max(by_bin) + 1):
        delays = [delay for k in range(first, first + 36) for delay in by_bin.get(k, ())]
        if delays:
            start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first * 600))
            print(origin, start, len(delays), f"{sum(delays) / len(delays):.6f}", sep=",")
