# SPDX-License-Identifier: BSD-3-Clause
"""Compares a CSV with a header, in any order, with sorted lines without one: texts exactly, numbers to six decimals.
With a tolerance numbers may differ by that share of the reference; then the first column must tell the rows apart.

usage: compare_rows.py RESULT.csv REFERENCE.csv [TOLERANCE]
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


def agree(a, b):
    if a == b or tolerance == 0:
        return a == b
    try:
        return abs(float(a) - float(b)) <= tolerance * abs(float(b)) + 1e-6
    except ValueError:
        return False


tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 0
ours, reference = rows(sys.argv[1], 1), rows(sys.argv[2], 0)
wrong = [(a, b) for a, b in zip(ours, reference) if len(a) != len(b) or not all(map(agree, a, b))]
for a, b in wrong[:5]:
    print("got", a, "instead of", b)
if len(ours) != len(reference):
    print("got", len(ours), "rows instead of", len(reference))
if not reference or wrong or len(ours) != len(reference):
    sys.exit(1)
print(len(ours), "rows agree")
