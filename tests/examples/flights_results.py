# SPDX-License-Identifier: BSD-3-Clause
"""The flights example gives what plain Python scripts over the same file give.

usage: flights_results.py FLIGHTS EXAMPLE_DIRECTORY
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

from support import check, run

flights, example = sys.argv[1:3]
here = os.path.dirname(os.path.abspath(__file__))
data = os.path.join(example, "data", "flights.csv.zst")
text = subprocess.run(["zstd", "-dcq", data], check=True, capture_output=True).stdout

with tempfile.TemporaryDirectory() as work:
    for parallelism, joins in ("1", ()), ("3", ("--joins",)):
        out = os.path.join(work, "results-" + parallelism)
        code, stdout, stderr = run(flights, "run", "--output", out, "--json", "--parallelism", parallelism, *joins)
        check(code == 0, "flights run", stderr)
        summary = json.loads(stdout)
        joined = 3322 + 103 + 26115 if joins else 0
        check(summary["events"] == 336776 + joined, "all flights and what they are joined with are read", summary)
        check(summary["late_events"] == 0, "a watermark of 12 hours makes nothing late", summary)
        check(summary["dead_letters"] == 0, "every record is decoded", summary)
        for script, result, *tolerance in (("hourly.py", "origin-hours.csv"), ("carriers.py", "carrier-days.csv"),
                                           ("rolling.py", "rolling-delays.csv"), ("rushes.py", "rushes.csv"),
                                           ("routes.py", "worst-routes.csv"),
                                           ("quantiles.py", "delay-quantiles.csv", "0.01"),
                                           ("growing.py", "growing-delays.csv"), ("recoveries.py", "recoveries.csv"),
                                           *((("winds.py", "delay-by-wind.csv"), ("storms.py", "storm-departures.csv"))
                                             if joins else ())):
            reference = os.path.join(work, script + ".csv")
            if not os.path.exists(reference):
                with open(reference, "wb") as file:
                    subprocess.run([sys.executable, os.path.join(example, "reference", script)], input=text, stdout=file, check=True)
            code, stdout, _ = run(sys.executable, os.path.join(here, "compare_rows.py"), os.path.join(out, result), reference,
                                  *tolerance)
            check(code == 0, f"{result} at parallelism {parallelism} equals {script}", stdout)

    # A watermark of two hours makes flights late; each is counted and kept, and what is on time plus late is all.
    out = os.path.join(work, "two-hours")
    code, stdout, stderr = run(flights, "run", "--output", out, "--json", "--joins", "--out-of-orderness", "2h")
    check(code == 0, "flights run --out-of-orderness 2h", stderr)
    summary = json.loads(stdout)

    def rows(name):
        with open(os.path.join(out, name), newline="") as file:
            return list(csv.DictReader(file))

    late = sum(len(rows(name)) for name in os.listdir(out) if name.startswith("late-for-"))
    check(summary["late_events"] > 0, "two hours make some late", summary)
    for name in "rolling-delays", "rushes", "worst-routes", "delay-quantiles", "weather":
        check(os.path.exists(os.path.join(out, f"late-for-{name}.csv")), f"late flights of {name} are kept", os.listdir(out))
    check(summary["late_events"] == late, "each late event is kept", summary, late)
    in_time = sum(int(r["departures"]) + int(r["cancelled"]) for r in rows("origin-hours.csv"))
    check(in_time + len(rows("late-for-hour.csv")) == 336776, "on time and late are all flights", in_time)
print("the results agree")
