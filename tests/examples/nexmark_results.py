# SPDX-License-Identifier: BSD-3-Clause
"""Every Nexmark query answers what SQL and plain Python answer over the same events, as a pipeline at any parallelism
and as a loop.

usage: nexmark_results.py NEXMARK EXAMPLE_DIRECTORY [QUERY …]
"""
import json
import os
import sys
import tempfile

from support import check, run

nexmark, example = sys.argv[1:3]
sys.path.insert(0, os.path.join(example, "reference"))
import queries  # noqa: E402

wanted = sys.argv[3:] or queries.NAMES

# Events a second of event time decide what there is to see: at 2,000 some windows of every size; at 100,000 a hundred
# events have the same millisecond, and here they are out of order, too; at 2 there are days.
EVENTS = "200000"
SETS = {
    "seconds": (["--event-rate", "2000"], ["--parallelism", "1"], queries.NAMES),
    "crowded": (["--event-rate", "100000", "--out-of-order-group", "50", "--beam-ids", "--seed", "7"],
                ["--parallelism", "2"], queries.NAMES),
    "days": (["--event-rate", "2", "--seed", "3"], ["--parallelism", "2"], ["q10", "q11", "q14", "q15", "q16", "q17"]),
}


def rows_of(path):
    with open(path) as file:
        return [tuple(json.loads(line).values()) for line in file]


def answer(query, path, *options):
    code, stdout, stderr = run(nexmark, "run", query, "--json", "--output", path, *options)
    check(code == 0, f"{query} {' '.join(options)} runs", stdout, stderr)
    report = json.loads(stdout)
    check(report["late_events"] == 0 and report["dead_letters"] == 0, f"{query} loses nothing", report)
    return report


def difference(got, expected):
    return [f"only ours: {r}" for r in list((got - expected).keys())[:3]] + \
           [f"only the reference's: {r}" for r in list((expected - got).keys())[:3]]


with tempfile.TemporaryDirectory() as work:
    events, out = os.path.join(work, "events.jsonl"), os.path.join(work, "rows.jsonl")
    for name, (of_events, of_run, asked) in SETS.items():
        code, stdout, stderr = run(nexmark, "generate", "--events", EVENTS, "--output", events, *of_events)
        check(code == 0, "events are generated", stderr)
        database = queries.load(events)
        for query in (q for q in asked if q in wanted):
            expected = queries.comparable(query, queries.evaluate(query, database))
            check(sum(expected.values()) > 0, f"{query} of {name} has an answer")
            made = ["--events", EVENTS, *of_events]
            reports = [answer(query, out, *made, *of_run)]
            got = queries.comparable(query, rows_of(out))
            check(got == expected, f"{query} of {name}: the rows are the reference's", sum(got.values()),
                  sum(expected.values()), *difference(got, expected))
            reports.append(answer(query, out, "--baseline", *made))
            if name == "seconds":
                reports.append(answer(query, out, "--input", events))
                reports.append(answer(query, out, "--parallelism", "3", "--checkpoint", "50ms", *made))
            hashes = {r["output_hash"] for r in reports}
            check(len(hashes) == 1, f"{query} of {name}: pipeline, loop and file have one hash", *reports)
    if "q0" in wanted:
        for options, message in ((["q99"], "there is no query 'q99'"), (["q1", "--backend", "disk"], "--backend disk"),
                                 (["q1", "--events", "0"], "--events must be at least 1"),
                                 (["q1", "--events", "-4"], "--events: must not be negative"), ([], "which query?")):
            code, stdout, stderr = run(nexmark, "run", *options)
            check(code == 2 and message in stderr and stderr.count("\n") == 1, f"run {options} is refused in one line", stderr)
        code, stdout, _ = run(nexmark, "run", "--list")
        check(code == 0 and [line.split()[0] for line in stdout.splitlines()] == queries.NAMES, "--list has all", stdout)
print(len(wanted), "queries agree")
