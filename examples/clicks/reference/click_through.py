# SPDX-License-Identifier: BSD-3-Clause
# python3 click_through.py impressions.csv clicks.csv
# Prints campaign,minute,impressions,clicks,click-through for each campaign and minute, and to standard error the number of
# clicks that are not within half an hour of the impression they are on.
import csv, sys
from datetime import datetime, timedelta

shown, minutes, unattributed = {}, {}, 0
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        shown[row["id"]] = row["campaign"], datetime.fromisoformat(row["at"])
        minutes.setdefault((row["campaign"], row["at"][:16]), [0, 0])[0] += 1
with open(sys.argv[2], newline="") as file:
    for row in csv.DictReader(file):
        campaign, at = shown.get(row["impression"], (None, None))
        if campaign and timedelta(0) <= datetime.fromisoformat(row["at"]) - at <= timedelta(minutes=30):
            minutes.setdefault((campaign, row["at"][:16]), [0, 0])[1] += 1
        else:
            unattributed += 1
for (campaign, minute), (n, clicks) in sorted(minutes.items()):
    print(campaign, minute + ":00Z", n, clicks, f"{clicks / n if n else 0:.6f}", sep=",")
print(unattributed, file=sys.stderr)
