# SPDX-License-Identifier: BSD-3-Clause
"""Compares a CSV with a header, in any order, with sorted lines without one: texts exactly, numbers to six decimals.

usage: compare_rows.py RESULT.csv REFERENCE.csv
"""
import csv
import sys


def normal(cell):
    try:
        return f"{float(cell):.6f}"
    except ValueError:
        return cell


def rows(path, skip):
    with open(path, newline="") as file:
        return sorted(tuple(map(normal, row)) for row in list(csv.reader(file))[skip:])


ours, reference = rows(sys.argv[1], 1), rows(sys.argv[2], 0)
wrong = [(a, b) for a, b in zip(ours, reference) if a != b]
for a, b in wrong[:5]:
    print("got", a, "instead of", b)
if len(ours) != len(reference):
    print("got", len(ours), "rows instead of", len(reference))
if not reference or wrong or len(ours) != len(reference):
    sys.exit(1)
print(len(ours), "rows agree")
