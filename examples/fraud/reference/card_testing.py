# SPDX-License-Identifier: BSD-3-Clause
# python3 card_testing.py < charges.csv
# Prints card,numbers of the charges for each test of a card: the first three charges below 1, then the first
# above 500 (and above 100 times the largest of the three), all within 30 s of the first; none begins within another.
import csv, sys
from datetime import datetime

by_card = {}
for row in csv.DictReader(sys.stdin):
    at = datetime.fromisoformat(row["at"].replace("Z", "+00:00"))
    by_card.setdefault(row["card"], []).append((at, int(row["number"]), float(row["amount"])))
for card, charges in sorted(by_card.items()):
    charges.sort()
    after = -1
    for i, (began, number, amount) in enumerate(charges):
        if number <= after or amount >= 1:
            continue
        probes, strike = [i], None
        for j in range(i + 1, len(charges)):
            at, _, amount = charges[j]
            if (at - began).total_seconds() >= 30:
                break
            if len(probes) < 3:
                if amount < 1:
                    probes.append(j)
            elif amount > 500 and amount > 100 * max(charges[p][2] for p in probes):
                strike = j
                break
        if strike is not None:
            numbers = [charges[p][1] for p in probes] + [charges[strike][1]]
            after = numbers[-1]
            print(card, *numbers, sep=",")
