# SPDX-License-Identifier: BSD-3-Clause
# zstd -dc flights.csv.zst | python3 storms.py
# Prints the departures in a wind of at least 35 miles an hour, with what they are joined with.
import sys
from weather import joined

for flight, plane, airport, observation in joined(sys.stdin):
    if float(observation.get("wind_speed") or 0) >= 35:
        print(flight["departure"], flight["origin"], flight["dest"], airport.get("name", ""), flight["tailnum"],
              plane.get("manufacturer", ""), plane.get("model", ""), observation["wind_speed"], observation["visib"],
              flight["dep_delay"], sep=",")
