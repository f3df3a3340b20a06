# SPDX-License-Identifier: BSD-3-Clause
"""A signal lets the flights example finish what it has read; a second one aborts it.

usage: flights_signals.py FLIGHTS
"""
import csv
import os
import signal
import subprocess
import sys
import tempfile

from support import check

flights = sys.argv[1]


def start(work, *more):
    """Starts a slow replay and waits for its first line of progress."""
    process = subprocess.Popen([flights, "run", "--output", work, "--speed", "200000", *more],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    check("events read" in line, "the run shows its progress", line)
    return process


with tempfile.TemporaryDirectory() as work:
    for which in signal.SIGINT, signal.SIGTERM:
        process = start(work)
        process.send_signal(which)
        out, err = process.communicate(timeout=60)
        check(process.returncode == 0, f"{which.name} stops gracefully", process.returncode, err)
        check("stopping" in err and "flights: stopped after" in out, "it says so", out, err)
        read = int(next(l for l in out.splitlines() if l.strip().startswith("events  ")).split()[1].replace(",", ""))
        with open(os.path.join(work, "origin-hours.csv"), newline="") as file:
            counted = sum(int(r["departures"]) + int(r["cancelled"]) for r in csv.DictReader(file))
        check(0 < read < 336776, "it was stopped in the middle", read)
        check(counted == read, "all that was read is in the results", read, counted)

    process = start(work)
    process.kill()
    process.communicate(timeout=60)
    check(process.returncode == -signal.SIGKILL, "a kill kills")
    leftovers = [name for name in os.listdir(work) if name.endswith(".part")]
    check(leftovers, "a killed run leaves what it had not committed under temporary names", os.listdir(work))
    process = start(work)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    leftovers = [name for name in os.listdir(work) if name.endswith(".part")]
    check(not leftovers, "the next run clears them away", leftovers)
print("signals are obeyed")
