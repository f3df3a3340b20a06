# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 winds.py
# Prints wind (from, in steps of 10 miles an hour), manufacturer, departures and mean delay.
import sys
from weather import joined

delays = {}
for flight, plane, _, observation in joined(sys.stdin):
    wind = observation.get("wind_speed", "")
    key = int(float(wind) // 10 * 10) if wind else "", plane.get("manufacturer", "unknown")
    delays.setdefault(key, []).append(int(flight["dep_delay"]))
for key, values in sorted(delays.items(), key=str):
    print(*key, len(values), f"{sum(values) / len(values):.6f}", sep=",")
