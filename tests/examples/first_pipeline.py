# SPDX-License-Identifier: BSD-3-Clause
"""The two small examples do what the guide says.

usage: first_pipeline.py FIRST EMBEDDED EXAMPLES_DIRECTORY
"""
import json
import os
import sys

from support import check, run

first, embedded, examples = sys.argv[1:4]
code, out, err = run(first, "run", "--input", os.path.join(examples, "first", "payments.jsonl"))
rows = sorted((r["key"], r["window"]["start"], *r["value"]) for r in map(json.loads, (l for l in out.splitlines() if l.startswith("{"))))
check(code == 0, "first run", err)
check(rows == [("4111", "2026-01-01T10:00:00Z", 2, 20), ("4111", "2026-01-01T10:01:00Z", 1, 100),
               ("4222", "2026-01-01T10:00:00Z", 1, 3)], "the sums of each card and minute", rows)
check("field amount: expected number" in err and "payments.jsonl at 247" in err, "the record that can't be decoded is shown", err)

code, out, err = run(embedded)
check(code == 0 and out.startswith("100 readings, 59 of them"), "embedded", out, err)
print("the small examples work")
