# SPDX-License-Identifier: BSD-3-Clause
"""The clicks example gives what a plain Python script gives over the same impressions and clicks.

usage: clicks_results.py CLICKS EXAMPLE_DIRECTORY
"""
import json
import os
import sys
import tempfile

from support import check, run

clicks, example = sys.argv[1:3]
here = os.path.dirname(os.path.abspath(__file__))

with tempfile.TemporaryDirectory() as work:
    for parallelism, seed in ("1", "1"), ("3", "2"):
        out = os.path.join(work, "results-" + parallelism)
        code, stdout, stderr = run(clicks, "run", "--output", out, "--json", "--parallelism", parallelism, "--seed", seed)
        check(code == 0, "clicks run", stderr)
        summary = json.loads(stdout)
        check(summary["dead_letters"] == 0 and summary["late_events"] == 0, "nothing is lost", summary)
        code, expected, unattributed = run(sys.executable, os.path.join(example, "reference", "click_through.py"),
                                           os.path.join(out, "impressions.csv"), os.path.join(out, "clicks.csv"))
        check(code == 0, "the reference runs", unattributed)
        reference = os.path.join(work, "reference.csv")
        with open(reference, "w") as file:
            file.write(expected)
        code, stdout, _ = run(sys.executable, os.path.join(here, "compare_rows.py"), os.path.join(out, "click-through.csv"),
                              reference)
        check(code == 0, f"the click-through at parallelism {parallelism} is the script's", stdout)
        with open(os.path.join(out, "unattributed-clicks.csv")) as file:
            found = sum(1 for _ in file) - 1
        check(found == int(unattributed) and found > 300, "clicks on nothing, or too late, are kept", found, unattributed)
print("the results agree")
